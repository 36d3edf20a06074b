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
