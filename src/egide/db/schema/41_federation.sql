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
