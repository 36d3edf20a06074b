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
