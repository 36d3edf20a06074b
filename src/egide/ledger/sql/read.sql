-- of_patient: What concerned a patient, the latest first.
with found as (
    select entry from ledger_entry where patient = $1
    union all
    select entry from ledger_patient where patient = $1
)
select e.entry, at, session, actor, patient, action, outcome, type, mac, sealed
from found join ledger_entry as e using (entry)
where $2::timestamptz is null or at < $2
order by at desc, entry desc
limit $3

-- of_actor: What an account did, the latest first.
select entry, at, session, actor, patient, action, outcome, type, mac, sealed
from ledger_entry
where actor = $1 and ($2::timestamptz is null or at < $2)
order by at desc, entry desc
limit $3

-- of_both: What an account did that concerned a patient, from an instant until another, in order.
with found as (
    select entry from ledger_entry where patient = $1
    union all
    select entry from ledger_patient where patient = $1
)
select e.entry, at, session, actor, patient, action, outcome, type, mac, sealed
from found join ledger_entry as e using (entry)
where actor = $2 and at >= $3 and at < $4
order by at, entry
limit $5

-- done_by: What an account succeeded in since an instant, the latest first; as in use.sql.
select entry, at, session, actor, patient, action, outcome, type, mac, sealed
from ledger_entry
where actor = $1 and at >= $2 and outcome = 1 and session <> 0 and action < 20
order by at desc, entry desc
