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
