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
