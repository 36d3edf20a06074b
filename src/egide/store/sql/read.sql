-- current: The current row with this id.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where id = $1

-- many: The current rows with these ids.
select id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where id = any($1::uuid[])

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
