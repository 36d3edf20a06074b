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
    day     date        not null,      -- the type's main date, 0001-01-01 when it has none
    id      uuid        not null,      -- keyed hash of type and id
    type    smallint    not null,
    deleted boolean     not null,
    terms   bigint[]    not null,      -- blind terms, sorted
    sealed  bytea       not null
);
alter table resource alter column sealed set storage external;
alter table resource alter column terms set storage external;
alter table resource alter column terms set statistics 1000;
create unique index resource_id on resource (id);
create index resource_key on resource (key, type, day desc);
create index resource_day on resource (type, day desc, pk);
create index resource_updated on resource (type, updated, pk);
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

-- One reference to something else than the patient: the edge of includes, chains and erasure.
create table ref (
    source    uuid     not null,
    target    uuid     not null,
    parameter smallint not null
);
create index ref_target on ref (target, parameter);

-- One part of an imported source, written with its resources: what a resumed import skips.
create table import_part (
    source bytea   not null,           -- keyed digest of the source's bytes
    part   integer not null,
    primary key (source, part)
);
