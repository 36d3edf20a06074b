-- hold: Locks until the transaction ends, taken in the order given, each alone or with others.
select case when alone then pg_advisory_xact_lock(key) else pg_advisory_xact_lock_shared(key) end
from unnest($1::bigint[], $2::boolean[]) as wanted (key, alone)

-- held: Those of some patients who have an epoch, held in one order until the end.
select patient_key from policy where patient_key = any($1::bigint[]) order by patient_key for update

-- renew: What holds for some patients has changed.
insert into policy (patient_key, epoch) select * from unnest($1::bigint[], $2::bigint[])
on conflict (patient_key) do update set epoch = excluded.epoch

-- known: Those of some patients who have an epoch.
select patient_key from policy where patient_key = any($1::bigint[])
