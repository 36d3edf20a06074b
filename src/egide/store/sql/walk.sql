-- some: The next rows of a type in the order they were written last.
select pk, id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where type = $1 and (updated, pk) > ($2, $3) order by updated, pk limit $4

-- held: Rows as they are now, held in everybody's order until the end.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where id = any($1::uuid[]) order by id for update

-- count: How many rows there are of some types.
select count(*) from resource where type = any($1::smallint[])
