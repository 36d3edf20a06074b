-- sources: How many rows refer along an edge to one of some targets, as far as it is worth knowing.
select count(*) from (select 1 from ref where parameter = $1 and target = any($2::uuid[]) limit $3) s

-- reached: How many patients an account reaches, as far as it is worth knowing.
select count(*) from (select 1 from reach where account = $1 limit $2) a

-- lasting: How many rows of a type began before a day and last till then, as far as it is worth knowing.
select count(*) from (
    select 1 from resource
    where type = $1 and until >= $2 and day < $2
    and until > day and (day > '-infinity' or until < 'infinity')
    limit $3
) s
