-- Applications that act for people: what they are registered with, what people approved, what was issued.

-- What an application is registered with, beside its account and client id.
create table application (
    account       bigint  primary key references account (account) on delete cascade,
    proof         text    not null check (proof in ('none', 'secret', 'key')), -- how it proves itself
    native        boolean not null,  -- runs on the person's own device: RFC 8252
    redirect_uris text[]  not null,
    launch_uri    text,              -- where it is opened from a record; null: nowhere
    scope         text    not null,  -- the most it may be granted
    jwks          text,              -- its public keys, RFC 7517
    former_jwks   text,              -- those before, good until client.former_until
    jwks_uri      text,              -- where its public keys are published
    homepage      text,
    publisher     text,
    introspects   boolean not null   -- may ask about any access token: RFC 7662
);

-- What one person approved for one application; everything issued from it ends with it.
create table approval (
    number      bigint      primary key,  -- random
    account     bigint      not null references account (account) on delete cascade, -- the person's
    application bigint      not null references application (account) on delete cascade,
    session     bigint      not null,     -- the person's session it was given in
    scope       text        not null,
    assurance   smallint    not null,     -- how strongly the person had authenticated
    lasting     text        not null check (lasting in ('brief', 'online', 'offline')),
    context     bytea       not null,     -- sealed: whose record, and whom the person is bound to
    made        timestamptz not null,
    expires     timestamptz not null,
    ended       timestamptz
);
create index approval_account on approval (account);
create index approval_application on approval (application);
create index approval_session on approval (session);
create index approval_expires on approval (expires);
alter table access_token
    add foreign key (approval) references approval (number) on delete cascade;
create index access_token_approval on access_token (approval) where approval is not null;

-- An approval, and whatever may have ended it: itself, an account, the session it needs.
create view standing_approval as
select approval.number, approval.account, approval.application, approval.session, approval.scope,
       approval.assurance, approval.lasting, approval.context, approval.ended,
       approval.expires as approval_expires, person.disabled, person.roles,
       owner.disabled as application_disabled, client.client_id,
       approval.lasting <> 'offline' and not exists (
           select from person_session where person_session.session = approval.session
       ) as over
from approval
join account person on person.account = approval.account
join account owner on owner.account = approval.application
join client on client.account = approval.application;

-- An authorization code, good once and for a minute.
create table authorization_code (
    hash         bytea       primary key,  -- SHA-256
    approval     bigint      not null references approval (number) on delete cascade,
    redirect_uri text        not null,
    challenge    text        not null,     -- PKCE S256: RFC 7636
    nonce        text,                     -- the application's own, for the id_token
    expires      timestamptz not null,
    used         timestamptz
);
create index authorization_code_approval on authorization_code (approval);

-- A refresh token, good once: the next one replaces it.
create table refresh_token (
    hash     bytea       primary key,      -- SHA-256
    approval bigint      not null references approval (number) on delete cascade,
    issued   timestamptz not null,
    used     timestamptz
);
create index refresh_token_approval on refresh_token (approval);

-- A launch from a record that is open on somebody's screen, good once and for minutes.
create table launch (
    hash        bytea       primary key,   -- SHA-256
    account     bigint      not null references account (account) on delete cascade, -- whose screen
    application bigint references application (account) on delete cascade, -- null: any
    context     bytea       not null,      -- sealed: the patient and the encounter
    expires     timestamptz not null
);
create index launch_expires on launch (expires);

-- An assertion an application has proved itself with: none is good twice.
create table used_assertion (
    application bigint      not null references account (account) on delete cascade,
    hash        bytea       not null,      -- SHA-256 of its jti
    expires     timestamptz not null,
    primary key (application, hash)
);
create index used_assertion_expires on used_assertion (expires);

-- A key that signs what this installation says about people to applications.
create table signing_key (
    kid     text        primary key,
    public  text        not null,          -- the JWK everybody may read
    private bytea       not null,          -- sealed
    made    timestamptz not null,
    until   timestamptz                    -- null: it signs; else when nothing it signed is valid
);
