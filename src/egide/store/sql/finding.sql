-- sources: How many rows refer along an edge to one of some targets, as far as it is worth knowing.
select count(*) from (select 1 from ref where parameter = $1 and target = any($2::uuid[]) limit $3) s

-- lasting: How many rows of a type go on after their day and till a date, as far as it is worth knowing.
-- In the order of their ends, so that no other index is taken for the limit's sake.
select count(*) from (
    select 1 from resource
    where type = $1 and until >= $2 and until > day and (isfinite(day) or isfinite(until))
    order by until
    limit $3
) s

-- present: The types that have any row, by skipping from each to the next in the index.
with recursive present (type) as (
    select min(type) from resource
    union all
    select (select min(r.type) from resource r where r.type > p.type)
    from present p where p.type is not null
)
select type from present where type is not null

-- reached: How many patients members reach, as far as it is worth knowing.
select count(*) from (
    select distinct patient_key from (
        select patient_key from reach
        where member = any($1::uuid[] || array(
            select role from reach_role where practitioner = $4 and since <= $3 and until > $3
        ))
        and until > $3 and since <= $3 limit 10 * $2
    ) r limit $2
) a
