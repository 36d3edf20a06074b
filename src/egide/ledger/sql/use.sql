-- use: What each account did since an instant: entries, refusals, patients, the last time.
select e.actor, count(distinct e.entry) as entries,
       count(distinct e.entry) filter (where e.outcome = 2) as refused,
       count(distinct coalesce(e.patient, p.patient)) as patients, max(e.at) as last
from ledger_entry e left join ledger_patient p on p.entry = e.entry
where e.at >= $1 and e.actor <> 0
group by e.actor
