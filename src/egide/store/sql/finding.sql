-- sources: How many rows refer along an edge to one of some targets, as far as it is worth knowing.
select count(*) from (select 1 from ref where parameter = $1 and target = any($2::uuid[]) limit $3) s

-- reached: How many patients members reach, as far as it is worth knowing.
select count(*) from (
    select distinct patient_key from (
        select patient_key from reach
        where member = any($1::uuid[]) and until > $3 and since <= $3 limit 10 * $2
    ) r limit $2
) a
