-- held: The current rows with these ids, held until the transaction ends.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where id = any($1::uuid[]) order by id for update

-- add: A new row with its edges; the list its terms must be of.
with row as (
    insert into resource (key, updated, version, day, until, id, type, deleted, lead, terms,
                          sealed)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
),
edges as (
    insert into ref (source, target, parameter)
    select $6, * from unnest($12::uuid[], $13::smallint[])
)
select generation from index_list

-- generation: The list terms must be of.
select generation from index_list

-- replace: A row gives way to its next version; the old one is kept, the edges follow.
with old as (
    insert into version (key, updated, version, id, type, deleted, columns, sealed)
    select key, updated, version, id, type, deleted, $12, sealed
    from resource where id = $6 and version = $3 - 1
),
new as (
    update resource
    set key = $1, updated = $2, version = $3, day = $4, until = $5, deleted = $8, lead = $9,
        terms = $10, sealed = $11
    where id = $6 and type = $7 and version = $3 - 1
    returning id
),
gone as (
    delete from ref using unnest($13::uuid[], $14::smallint[]) as edge (target, parameter)
    where ref.source = $6 and ref.target = edge.target and ref.parameter = edge.parameter
),
added as (
    insert into ref (source, target, parameter)
    select $6, * from unnest($15::uuid[], $16::smallint[])
)
select (select count(*) from new) as count, generation from index_list
