-- use: What each account did since an instant: entries, refusals, patients, the last time. What
-- only happened to an account (it was made, it logged in) is no use of its rights.
select e.actor, count(distinct e.entry) as entries,
       count(distinct e.entry) filter (where e.outcome = 2) as refused,
       count(distinct coalesce(e.patient, p.patient)) as patients, max(e.at) as last
from ledger_entry e left join ledger_patient p on p.entry = e.entry
where e.at >= $1 and e.actor <> 0 and e.session <> 0 and e.action < 20
group by e.actor
