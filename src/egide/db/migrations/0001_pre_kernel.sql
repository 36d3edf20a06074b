-- The version of this schema: the number of the last migration applied.
create table egide_schema (
    only_row boolean primary key default true check (only_row),
    version integer not null check (version >= 0)
);
insert into egide_schema (version) values (0);

-- The key table: every data key, wrapped. Small, backed up apart, newest copy wins at a restore.

-- A key of one patient, one person or the establishment, wrapped under an epoch key.
create table data_key (
    number  bigint   primary key,      -- random: the internal name rows are filed under
    epoch   integer  not null,         -- the epoch whose key wraps it
    kind    smallint not null,         -- 1 patient, 2 person, 3 establishment
    owner   uuid     not null unique,  -- keyed hash of the owner's identity
    wrapped bytea    not null
);

-- The key of a resource several patients share, wrapped under the data key of each holder.
create table shared_key (
    number  bigint not null,           -- random: the internal name the resource is filed under
    holder  bigint not null references data_key (number) on delete cascade,
    wrapped bytea  not null,
    primary key (number, holder)
);
create index shared_key_holder on shared_key (holder);

-- An erasure: asked for, and effective in backups once the epoch that wrapped the key is gone.
create table erasure (
    number    bigint      primary key,
    epoch     integer     not null,    -- the epoch the erased key was wrapped under
    requested timestamptz not null,
    effective timestamptz,
    owner     uuid        not null,    -- keyed hash of the erased identity
    remains   text        not null     -- JSON: counts of what was removed and what remains
);

-- Current rows, older versions, edges. What a row shows in the clear is said in docs/concepts/sealing.md.

create table resource (
    pk      bigint      not null generated always as identity,
    key     bigint      not null,      -- data_key.number or shared_key.number
    updated timestamptz not null,
    version integer     not null,
    day     date        not null,      -- the type's main date, -infinity when it has none
    until   date        not null,      -- its end, infinity when it is open or there is none
    id      uuid        not null,      -- keyed hash of type and id
    type    smallint    not null,
    deleted boolean     not null,
    lead    bigint,                    -- blind term of its leading code, null when it has none
    terms   bigint[]    not null,      -- the other blind terms, sorted
    sealed  bytea       not null
);
alter table resource alter column sealed set storage external;
alter table resource alter column terms set storage external;
alter table resource alter column terms set statistics 1000;
alter table resource alter column lead set statistics 1000;
create unique index resource_id on resource (id);
create index resource_key on resource (key, type, day desc);
create index resource_day on resource (type, day desc, pk);
create index resource_updated on resource (type, updated, pk);
-- What goes on after its day, for searches after a date: few rows, so a small index.
create index resource_lasting on resource (type, until)
    where until > day and (isfinite(day) or isfinite(until));
-- In order under each code. With key and end, so that it alone tells whose rows they are, and when.
create index resource_lead on resource (lead, day desc, pk) include (key, until)
    where lead is not null;
create index resource_terms on resource using gin (terms) with (fastupdate = off);

create table version (
    key     bigint      not null,
    updated timestamptz not null,
    version integer     not null,
    id      uuid        not null,
    type    smallint    not null,
    deleted boolean     not null,
    columns bytea       not null,      -- digest of the index columns the row had when current
    sealed  bytea       not null,
    primary key (id, version)
);
alter table version alter column sealed set storage external;
create index version_key on version (key);
create index version_updated on version (type, updated);

-- One reference to something else than the patient: the edge of includes, chains and erasure.
create table ref (
    source    uuid     not null,
    target    uuid     not null,
    parameter smallint not null
);
create index ref_target on ref (target, parameter);

-- A part of an import that is done, written with its resources: what a resumed import skips.
create table import_part (
    digest bytea primary key           -- keyed digest of the part's bytes
);

-- What the establishment changed of the population allow-list: docs/concepts/search.md.
create table index_entry (
    type      smallint    not null,
    parameter text        not null,
    state     text        not null     -- see store/population.py
        check (state in ('building', 'ready', 'removing', 'stripping', 'removed')),
    since     timestamptz not null default now(),
    primary key (type, parameter)
);

-- Counts the changes of what is written. Every write reads it in its own transaction, so that who
-- changes it (access exclusive) knows that nobody writes by the list before any more.
create table index_list (
    only_row   boolean primary key default true check (only_row),
    generation integer not null
);
insert into index_list (generation) values (0);

-- A pass over the rows of one type that gives them the terms of the present list.
create table index_pass (
    type       smallint    primary key,
    generation integer     not null,   -- of the list it gives
    updated    timestamptz not null default '-infinity',
    pk         bigint      not null default 0,  -- it has come past this row
    seen       bigint      not null default 0,
    changed    bigint      not null default 0,
    since      timestamptz not null default now()
);

-- The ledger: who did what to whose data, and the tree that shows nothing of it was changed.

-- One process that writes entries, from its start to its end. `missing` is the integrator's: the
-- intervals (low, high, low, high …) of its sequence that the tree does not have; empty: all of it.
create table ledger_writer (
    writer  integer     primary key generated always as identity (maxvalue 8388607),
    started timestamptz not null,
    missing bigint[]    not null default '{}',
    ended   boolean     not null default false   -- nothing of it is to be looked for any more
);
create index ledger_writer_running on ledger_writer (writer) where not ended;

-- One unit of work: a read, a search, a transaction, a refusal.
create table ledger_entry (
    entry   bigint      primary key,   -- writer × 2⁴⁰ + the writer's sequence
    at      timestamptz not null,
    session bigint      not null,      -- 0: none
    actor   bigint      not null,      -- the account's internal number, 0: nobody we know
    patient bigint,                    -- key number of the one patient concerned
    action  smallint    not null,
    outcome smallint    not null,
    type    smallint,
    mac     bytea       not null,      -- over the writer's entry before this one
    sealed  bytea       not null
);
alter table ledger_entry alter column sealed set storage external;
create index ledger_entry_patient on ledger_entry (patient) where patient is not null;
create index ledger_entry_actor on ledger_entry (actor);
create index ledger_entry_at on ledger_entry using brin (at)
    with (pages_per_range = 32, autosummarize = on);

-- The patients of an entry that concerns several.
create table ledger_patient (
    patient bigint not null,
    entry   bigint not null
);
create index ledger_patient_patient on ledger_patient (patient);

-- What is said of a session once, for all its entries.
create table ledger_session (
    session bigint      primary key,
    at      timestamptz not null,
    actor   bigint      not null,
    sealed  bytea       not null
);

-- The ledger's own data keys, one a month, wrapped under an epoch key.
create table ledger_key (
    month   integer primary key,       -- year × 12 + month - 1, in UTC
    number  bigint  not null unique,
    epoch   integer not null,
    wrapped bytea   not null
);

-- A run of leaves of the tree, within one tile: which entries, and the commitments they had then.
create table ledger_leaf (
    leaf        bigint   primary key,  -- index of the first
    entries     bigint[] not null,
    commitments bytea    not null      -- 32 bytes each: the log's entry data
);
alter table ledger_leaf alter column commitments set storage external;

-- The hash of a full tile, which is one hash of the tile above it.
create table ledger_tile (
    level smallint not null,
    index bigint   not null,
    hash  bytea    not null,
    primary key (level, index)
);

-- The tree at one moment, signed (C2SP tlog-checkpoint), with what witnesses added.
create table ledger_checkpoint (
    size bigint      primary key,
    at   timestamptz not null,
    note text        not null
);

-- Accounts: who may log in, with which roles; secrets and access tokens as hashes only.

-- A login: of a client application or the operator at the machine.
create table account (
    account  bigint      primary key,  -- random: the number the ledger names the actor by
    kind     text        not null check (kind in ('client', 'operator', 'person')),
    label    text        not null,     -- what the installation calls it; no person's name
    roles    text[]      not null,
    held     text,                     -- id of the Organization the roles are held for, null: all
    patient  bytea,                    -- sealed id of the Patient the account is bound to
    created  timestamptz not null,
    disabled timestamptz
);
create unique index account_operator on account (label) where kind = 'operator';

-- A client application that proves itself with a secret of 256 random bits.
create table client (
    client_id   text        primary key,
    account     bigint      not null unique references account (account) on delete cascade,
    secret_hash bytea       not null,  -- SHA-256
    rotated     timestamptz not null,
    former_hash bytea,                 -- the secret before this one, while it is still good
    former_until timestamptz           -- until when that one, or the former keys, are good
);

-- An access token: 256 random bits, known here by their SHA-256 only.
create table access_token (
    hash    bytea       primary key,
    account bigint      not null references account (account) on delete cascade,
    session bigint      not null unique, -- random: what the ledger files each access under
    scope   text        not null,
    approval bigint,                     -- what a person approved, when it acts for one
    issued  timestamptz not null,
    expires timestamptz not null,
    revoked timestamptz
);
create index access_token_account on access_token (account);
create index access_token_expires on access_token (expires);

-- Federation: log-ins on their way to an issuer and back, and which identity opens which account.

-- A log-in on its way: begun (known by its state), or verified and waiting for a choice.
create table federation_login (
    hash    bytea       primary key,   -- keyed hash of the state, or of the handle
    expires timestamptz not null,
    sealed  bytea       not null       -- nonce, verifier, browser; or the verified identity
);
create index federation_login_expires on federation_login (expires);

-- An identity at an issuer that opens an account.
create table federation_link (
    subject bytea       primary key,   -- keyed hash of the issuer and its subject
    account bigint      not null references account (account) on delete cascade,
    issuer  text        not null,      -- the issuer's name in the configuration
    linked  timestamptz not null,
    unique (account, issuer)
);

-- What an issuer vouched for: a session it opened, or that was shown again there. Each can end it.
create table federation_session (
    session bigint      not null,
    issuer  text        not null,
    subject bytea       not null,      -- keyed hash, as in federation_link
    sid     bytea       not null,      -- keyed hash of the issuer's own name for its session, or empty
    vouched timestamptz not null,
    expires timestamptz not null,
    sealed  bytea       not null,      -- the id token
    primary key (session, issuer, sid)
);
create index federation_session_subject on federation_session (subject);
create index federation_session_expires on federation_session (expires);

-- A logout token an issuer has ended sessions by: none is good twice.
create table federation_logout (
    hash    bytea       primary key,   -- keyed hash of the issuer and the token's jti
    expires timestamptz not null       -- when it would be too old anyway
);
create index federation_logout_expires on federation_logout (expires);

-- People who log in: what could name them is sealed, what they prove themselves with is hashed.

-- The person behind an account.
create table person (
    account bigint  primary key references account (account) on delete cascade,
    login   bytea   not null unique,   -- keyed hash of the login name
    handle  bytea   not null unique,   -- random: what passkeys know the account by
    sealed  bytea   not null,          -- login name, name shown, ids of resources bound to
    trained timestamptz                -- until when trainings hold; null: there was none
);

-- A version of the charter that people sign, and from when on who has not signed it is kept out.
create table charter (
    version text        primary key,
    since   timestamptz not null unique
);

-- Who signed which version of the charter, and when.
create table charter_signature (
    account bigint      not null references person (account) on delete cascade,
    version text        not null references charter (version),
    signed  timestamptz not null,
    primary key (account, version)
);

-- What a person is cleared by: trainings, and every charter, the oldest first, with his signature.
create view clearance as
select person.account, person.trained,
       array(select version from charter order by since) as charters,
       array(select since from charter order by since) as since,
       array(select charter_signature.signed
             from charter left join charter_signature
             on charter_signature.version = charter.version
             and charter_signature.account = person.account
             order by charter.since) as signed
from person;

-- A one-time link, known by the SHA-256 of its 256 random bits; an account has one at most.
create table invitation (
    account bigint      primary key references account (account) on delete cascade,
    hash    bytea       not null unique,
    issued  timestamptz not null,
    expires timestamptz not null
);

-- A passkey: a public key and how often it was used.
create table passkey (
    number     bigint      primary key, -- random: what forms name it by
    credential bytea       not null unique,
    account    bigint      not null references account (account) on delete cascade,
    public_key bytea       not null,    -- COSE
    counter    bigint      not null,
    synced     boolean     not null,
    sealed     bytea       not null,    -- the name its owner gave it
    added      timestamptz not null,
    used       timestamptz
);
create index passkey_account on passkey (account);

-- A password: its argon2id hash, sealed.
create table password (
    account bigint      primary key references account (account) on delete cascade,
    sealed  bytea       not null,
    changed timestamptz not null
);

-- A TOTP secret, and the last time step a code was taken of.
create table totp (
    account bigint      primary key references account (account) on delete cascade,
    sealed  bytea       not null,
    step    bigint      not null,
    since   timestamptz not null
);

-- A recovery code not used yet: a keyed hash of 80 random bits.
create table recovery_code (
    hash    bytea  primary key,
    account bigint not null references account (account) on delete cascade
);
create index recovery_code_account on recovery_code (account);

-- What waits for a browser's answer, bound to the cookie of a pre-session or a session.
create table pre_session (
    hash    bytea       not null,      -- SHA-256 of the cookie's value
    kind    text        not null check (kind in ('enrolment', 'half', 'register', 'prove', 'totp')),
    account bigint      references account (account) on delete cascade, -- null: not known yet
    sealed  bytea,                     -- a challenge, a TOTP secret
    expires timestamptz not null,
    primary key (hash, kind)
);
create index pre_session_account on pre_session (account);
create index pre_session_expires on pre_session (expires);

-- An open session, known by the SHA-256 of its cookie's 256 random bits; an ended one has no row.
create table person_session (
    hash          bytea       primary key,
    session       bigint      not null unique, -- random: what the ledger files accesses under
    account       bigint      not null references account (account) on delete cascade,
    device        text        not null,        -- kind of browser and system
    assurance     smallint    not null,
    means         text[]      not null,        -- RFC 8176 names
    works_as      text[],                      -- the roles it is narrowed to; null: it is not
    acting        bytea,                       -- sealed: in which Organization, for whom; null: as the person
    opened        timestamptz not null,
    authenticated timestamptz,                 -- when two factors were last shown; null: nobody says
    seen          timestamptz not null,
    expires       timestamptz not null
);
create index person_session_account on person_session (account);
create index person_session_expires on person_session (expires);

-- A browser an account has signed in with: what strangers do to the account does not slow it.
create table device (
    account bigint      not null references account (account) on delete cascade,
    hash    bytea       not null,      -- SHA-256 of the device cookie's 256 random bits
    seen    timestamptz not null,
    primary key (account, hash)
);
create index device_hash on device (hash);

-- Failed attempts under one login name from one place.
create table attempt (
    key      bytea       primary key,  -- keyed hash of name and place
    failures integer     not null,
    last     timestamptz not null
);
create index attempt_last on attempt (last);

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

-- Whose patients: who reaches whom, derived from what is written and joined to in queries. Members
-- and sources are keyed hashes, so that the rows name nobody.

create table reach (
    member      uuid        not null,  -- a professional, an organisation, a relative or an account
    patient_key bigint      not null,
    source      uuid        not null,  -- the resource, or the act, that gives it
    kind        smallint    not null,  -- 1 care, 2 grant, 3 broken glass, 4 consent, 5 tie, 6 establishment
    since       timestamptz not null,
    until       timestamptz not null   -- not any more from then on
);
create index reach_member on reach (member, until) include (patient_key, since);
create index reach_patient on reach (patient_key, member);
create index reach_source on reach (source);

-- The roles a professional works in: who is named by one is named by all of them.
create table reach_role (
    role         uuid        primary key, -- keyed hash of the PractitionerRole
    practitioner uuid        not null,
    since        timestamptz not null,
    until        timestamptz not null
);
create index reach_role_practitioner on reach_role (practitioner);

-- The patients who decided something; `epoch` is another after each change.
create table policy (
    patient_key bigint primary key references data_key (number) on delete cascade,
    epoch       bigint not null        -- random
);

-- What ties somebody, by some members and the roles of a practitioner, to a patient at an instant.
-- The engine puts it in line.
create function ties (patient bigint, members uuid[], professional uuid, at timestamptz)
returns table (care boolean, agreed boolean, tied boolean, epoch bigint, belongs boolean)
language sql stable as $$
    select coalesce(bool_or(r.kind <= 3), false), coalesce(bool_or(r.kind = 4), false),
           coalesce(bool_or(r.kind = 5), false),
           (select p.epoch from policy p where p.patient_key = patient),
           coalesce(bool_or(r.kind = 6), false)
    from reach r
    where r.patient_key = patient and r.since <= at and r.until > at
        and r.member = any(members || array(
            select o.role from reach_role o
            where o.practitioner = professional and o.since <= at and o.until > at
        ))
$$;

-- A glass that was broken: who opened whose record, until when, why, and what a reviewer found.
create table glass (
    number      bigint      primary key,   -- random
    account     bigint      not null,
    patient_key bigint      not null references data_key (number) on delete cascade,
    at          timestamptz not null,
    until       timestamptz not null,
    code        text        not null,      -- the reason's code
    sealed      bytea       not null,      -- the reason's text
    reviewed    timestamptz,
    reviewer    bigint,
    outcome     text check (outcome in ('justified', 'unjustified', 'unclear'))
);
create index glass_account on glass (account, until);
create index glass_waiting on glass (at) where reviewed is null;

-- By which rule reach was derived, and the pass that derives it by another: record/deriving.py.
create table reach_rule (
    only_row boolean     primary key default true check (only_row),
    rule     text        not null,     -- '': nothing was derived yet
    pass     text,                     -- the rule of the pass under way, null: none
    type     smallint    not null default 0,  -- the type it is at
    updated  timestamptz not null default '-infinity',
    pk       bigint      not null default 0,  -- it has come past this row
    seen     bigint      not null default 0,
    changed  bigint      not null default 0,
    since    timestamptz not null default now()
);
insert into reach_rule (rule) values ('');
