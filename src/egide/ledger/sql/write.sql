-- start: A new writer, and its number.
insert into ledger_writer (started) values ($1) returning writer

-- hold: Shows that the writer is alive, for as long as this connection is.
select pg_try_advisory_lock($1::integer, $2::integer)

-- resume: The writer is here again after its connection was lost.
update ledger_writer set ended = false where writer = $1 and ended

-- insert: One entry, in the caller's transaction.
insert into ledger_entry
    (entry, at, session, actor, patient, action, outcome, type, mac, sealed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- insert_shared: One entry that concerns several patients, in the caller's transaction.
with shared as (
    insert into ledger_patient (entry, patient) select $1, unnest($11::bigint[])
)
insert into ledger_entry
    (entry, at, session, actor, patient, action, outcome, type, mac, sealed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- append: Many entries at once.
insert into ledger_entry
    (entry, at, session, actor, patient, action, outcome, type, mac, sealed)
select * from unnest(
    $1::bigint[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
    $7::smallint[], $8::smallint[], $9::bytea[], $10::bytea[]
)

-- append_shared: Many entries at once, some of which concern several patients.
with shared as (
    insert into ledger_patient (entry, patient)
    select * from unnest($11::bigint[], $12::bigint[])
)
insert into ledger_entry
    (entry, at, session, actor, patient, action, outcome, type, mac, sealed)
select * from unnest(
    $1::bigint[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
    $7::smallint[], $8::smallint[], $9::bytea[], $10::bytea[]
)

-- patience: How long a void entry waits for the transaction that may have written its place.
set local lock_timeout = '500ms'

-- void: Entries for the places nothing was written in; where something was, it stays.
insert into ledger_entry
    (entry, at, session, actor, patient, action, outcome, type, mac, sealed)
select * from unnest(
    $1::bigint[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
    $7::smallint[], $8::smallint[], $9::bytea[], $10::bytea[]
)
on conflict (entry) do nothing

-- session: The facts of a session, once.
insert into ledger_session (session, at, actor, sealed) values ($1, $2, $3, $4)
on conflict (session) do nothing
returning session
