-- glass: Whether an account has a broken glass whose time is not over.
select exists (select from glass where account = $1 and until > $2)

-- whole_reach: The patients members reach now, up to a number.
select distinct patient_key from reach
where member = any($1::uuid[] || array(
    select role from reach_role where practitioner = $4 and since <= $2 and until > $2
))
and since <= $2 and until > $2 limit $3

-- owners: The idents of some patients.
select number, owner from data_key where number = any($1::bigint[])
