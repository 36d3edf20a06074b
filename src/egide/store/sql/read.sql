-- current: The current row with this id.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where id = $1

-- many: The current rows with these ids.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where id = any($1::uuid[])

-- facing: The current rows with these ids, and what ties each one's asker, whose members are a slice
-- of $6, to the patient with its key.
select q.nth, r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted, r.lead,
       array_send(r.terms) as terms, r.sealed, a.care, a.agreed, a.tied, a.epoch, a.belongs
from unnest($1::uuid[], $2::integer[], $3::integer[], $4::uuid[], $5::timestamptz[])
    with ordinality q (id, first, last, practitioner, at, nth)
join resource r on r.id = q.id
cross join lateral ties(r.key, ($6::uuid[])[q.first:q.last], q.practitioner, q.at) a

-- ties: What ties who asks to some patients.
select r.key, a.care, a.agreed, a.tied, a.epoch, a.belongs
from unnest($1::bigint[]) r (key) cross join lateral ties(r.key, $2, $3, $4) a

-- version: One older version.
select id, type, version, key, updated, deleted, columns, sealed
from version where id = $1 and version = $2

-- history: Older versions of one resource below a version, newest first.
select id, type, version, key, updated, deleted, columns, sealed
from version where id = $1 and version < $2 order by version desc limit $3

-- all_current: Every current row, for verification.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource
