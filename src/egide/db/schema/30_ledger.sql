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
