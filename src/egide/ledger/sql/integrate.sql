-- lead: Becomes the one integrator, if there is none.
select pg_try_advisory_lock($1::integer, $2::integer)

-- running: The writers whose entries are looked for, and what the tree does not have of theirs.
select writer, missing from ledger_writer where not ended order by writer

-- found: Entries in the intervals that are missing.
select e.*
from unnest($1::bigint[], $2::bigint[]) as i (low, high)
cross join lateral (
    select entry, at, session, actor, patient, action, outcome, type, sha256(sealed) as digest
    from ledger_entry
    where entry between i.low and i.high
    order by entry
    limit $3
) as e
limit $3

-- waiting: How many entries in the intervals are missing, up to a number.
select count(*)
from unnest($1::bigint[], $2::bigint[]) as i (low, high)
cross join lateral (
    select from ledger_entry where entry between i.low and i.high limit $3
) as e

-- add_leaves: A run of leaves.
insert into ledger_leaf (leaf, entries, commitments) values ($1, $2, $3)

-- add_tile: The hash of a tile that is full.
insert into ledger_tile (level, index, hash) values ($1, $2, $3)

-- add_checkpoint: The tree as it is now.
insert into ledger_checkpoint (size, at, note) values ($1, $2, $3)

-- advance: What is now missing of a writer, and whether it has ended.
update ledger_writer set missing = $2, ended = $3 where writer = $1

-- absent: Running writers whose process is not there.
select writer
from ledger_writer
where not ended and not exists (
    select from pg_locks
    where locktype = 'advisory' and classid = $1::oid and objid = writer::oid and objsubid = 2
    and database = (select oid from pg_database where datname = current_database())
)

-- forget: Looks no more for entries of these writers.
update ledger_writer set ended = true where writer = any($1::integer[])

-- last_checkpoint: The last tree that was signed.
select size, note from ledger_checkpoint order by size desc limit 1

-- leaves_from: The runs of leaves from one leaf on.
select leaf, entries, commitments from ledger_leaf where leaf >= $1 order by leaf

-- tiles_from: The hashes of the full tiles of a level, from one index on.
select index, hash from ledger_tile where level = $1 and index >= $2 order by index
