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
