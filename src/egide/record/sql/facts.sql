-- persons: The keys of some patients, by their idents.
select owner, number from data_key where owner = any($1::uuid[]) and kind = 1

-- roles: The roles a professional works in now.
select role from reach_role where practitioner = $1 and since <= $2 and until > $2

-- glass: Whether an account has a broken glass whose time is not over.
select exists (select from glass where account = $1 and until > $2)

-- standing: Of each of these patients: who of these members is tied how, and the policy epoch.
select p.key as patient_key, coalesce(r.care, false) as care, coalesce(r.agreed, false) as agreed,
       coalesce(r.tied, false) as tied, c.epoch
from unnest($2::bigint[]) as p (key)
left join lateral (
    select bool_or(kind <= 3) as care, bool_or(kind = 4) as agreed, bool_or(kind = 5) as tied
    from reach
    where patient_key = p.key and member = any($1::uuid[]) and since <= $3 and until > $3
) r on true
left join policy c on c.patient_key = p.key

-- whole_reach: The patients members reach now, up to a number.
select distinct patient_key from reach
where member = any($1::uuid[]) and since <= $2 and until > $2 limit $3

-- owners: The idents of some patients.
select number, owner from data_key where number = any($1::bigint[])
