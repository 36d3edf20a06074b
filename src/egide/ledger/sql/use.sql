-- use: What each account did since an instant: entries, refusals, successes and their patients, the
-- last time. What only happened to an account (it was made, it logged in) is no use of its rights.
select e.actor, count(distinct e.entry) as entries,
       count(distinct e.entry) filter (where e.outcome = 2) as refused,
       count(distinct e.entry) filter (where e.outcome = 1) as done,
       count(distinct coalesce(e.patient, p.patient)) filter (where e.outcome = 1) as patients,
       max(e.at) as last, max(e.at) filter (where e.outcome = 1) as last_done
from ledger_entry e left join ledger_patient p on p.entry = e.entry
where e.at >= $1 and e.actor <> 0 and e.session <> 0 and e.action < 20
group by e.actor
