-- glass: Whether an account has a broken glass whose time is not over.
select exists (select from glass where account = $1 and until > $2)

-- on_behalf: A patient a relative is tied to and named for in a Consent, both now: since, until.
select k.number, c.epoch,
       greatest(min(r.since) filter (where r.kind = 5), min(r.since) filter (where r.kind = 4))
           as since,
       least(max(r.until) filter (where r.kind = 5), max(r.until) filter (where r.kind = 4))
           as until
from data_key k
join reach r on r.patient_key = k.number and r.member = $1 and r.since <= $3 and r.until > $3
left join policy c on c.patient_key = k.number
where k.owner = $2 and k.kind = 1
group by k.number, c.epoch
having bool_or(r.kind = 5) and bool_or(r.kind = 4)

-- whole_reach: The patients members reach now, up to a number.
select distinct patient_key from reach
where member = any($1::uuid[] || array(
    select role from reach_role where practitioner = $4 and since <= $2 and until > $2
))
and since <= $2 and until > $2 limit $3

-- parts: An Organization and all that is part of it, by their idents.
with recursive part (id) as (
    select $1::uuid
    union
    select r.source from part p join ref r on r.target = p.id and r.parameter = $2
)
select id from part

-- owners: The idents of some patients.
select number, owner from data_key where number = any($1::bigint[])

-- epochs: The policy epochs of some patients.
select patient_key, epoch from policy where patient_key = any($1::bigint[])
