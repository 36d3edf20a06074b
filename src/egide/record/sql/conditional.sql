-- hold: Locks until the transaction ends, taken in the order given, each alone or with others.
select case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
from unnest($1::bigint[], $2::boolean[]) as wanted (key, alone)
