-- writers: Every writer, what the tree does not have of it, and whether its process is there.
select
    writer, missing, ended,
    exists (
        select from pg_locks
        where locktype = 'advisory' and classid = $1::oid and objid = writer::oid and objsubid = 2
        and database = (select oid from pg_database where datname = current_database())
    ) as running
from ledger_writer order by writer

-- entries: Every entry, writer by writer.
select entry, at, session, actor, patient, action, outcome, type, mac, sealed
from ledger_entry order by entry

-- shared: The patients filed under each entry that concerns several.
select entry, array_agg(patient order by patient) as patients
from ledger_patient group by entry order by entry

-- leaves_by_entry: Each entry's leaf and the commitment it had then.
select e.entry, l.leaf + e.place - 1 as leaf,
    substring(l.commitments from (e.place::integer - 1) * 32 + 1 for 32) as commitment
from (
    select leaf, entries, commitments || ''::bytea as commitments from ledger_leaf offset 0
) as l
cross join lateral unnest(l.entries) with ordinality as e (entry, place)
order by e.entry, leaf

-- sessions: The sessions with these numbers.
select session, at, actor, sealed from ledger_session where session = any($1::bigint[])

-- leaves: Every run of leaves, in order.
select leaf, cardinality(entries) as width, commitments from ledger_leaf order by leaf

-- tiles: The hash of every full tile, in the order in which they fill.
select level, index, hash from ledger_tile
order by (index + 1)::numeric * 256 ^ (level + 1), level

-- checkpoints: Every checkpoint, in order.
select size, at, note from ledger_checkpoint order by size
