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
