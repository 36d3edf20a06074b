-- add: Ties to patients that are there.
insert into reach (member, patient_key, source, kind, since, until)
select m.member, k.number, m.source, m.kind, m.since, m.until
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::timestamptz[], $6::timestamptz[])
    as m (member, patient, source, kind, since, until)
join data_key k on k.owner = m.patient and k.kind = 1

-- take_back: What some sources gave, no more.
delete from reach where source = any($1::uuid[])

-- work_in: A professional works in a role.
insert into reach_role (role, practitioner, since, until) values ($1, $2, $3, $4)
on conflict (role) do update
set practitioner = excluded.practitioner, since = excluded.since, until = excluded.until

-- leave: Nobody works in some roles any more.
delete from reach_role where role = any($1::uuid[])

-- forget: Nothing is left of the reach of an erased patient, or of an erased professional.
with role as (delete from reach_role where practitioner = $2)
delete from reach where patient_key = $1 or member = $2

-- counts: How many patients some accounts reach at an instant: by members, by the roles some
-- practitioners work in, and others besides; each counted once for an account. By members only
-- the patients of the establishment, where roles are held for one, but for a broken glass.
with named as (
    select * from unnest($1::bigint[], $2::uuid[]) as n (account, member)
    union all
    select p.account, o.role
    from unnest($3::bigint[], $4::uuid[]) as p (account, practitioner)
    join reach_role o using (practitioner)
    where o.since <= $7 and o.until > $7
), bound as (
    select * from unnest($8::bigint[], $9::uuid[]) as h (account, member)
), reached as (
    select n.account, r.patient_key
    from named n join reach r using (member)
    where r.since <= $7 and r.until > $7 and r.kind <> 5
      and (r.kind = 3 or not exists (select from bound h where h.account = n.account) or exists (
          select from bound h join reach e using (member)
          where h.account = n.account and e.patient_key = r.patient_key
      ))
    union all
    select * from unnest($5::bigint[], $6::bigint[]) as b (account, patient_key)
)
select account, count(distinct patient_key) as patients from reached group by account
