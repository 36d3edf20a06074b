-- read: The count of changes and every changed entry, of one instant.
select generation,
       array(select type from index_entry order by type, parameter) as types,
       array(select parameter from index_entry order by type, parameter) as parameters,
       array(select state from index_entry order by type, parameter) as states,
       array(select since from index_entry order by type, parameter) as since
from index_list

-- patience: How long a change waits for writes under way before it lets others go first.
set local lock_timeout = '2s'

-- fence: Wait until every transaction that wrote has ended, and let none begin to.
lock table index_list in access exclusive mode

-- generation: The list writers must go by.
select generation from index_list

-- bump: From here on everybody writes by the new list.
update index_list set generation = generation + 1 returning generation

-- put: The state of an entry.
insert into index_entry (type, parameter, state, since) values ($1, $2, $3, now())
on conflict (type, parameter) do update set state = excluded.state, since = excluded.since

-- drop: An entry is as the standard has it again.
delete from index_entry where type = $1 and parameter = $2

-- begin: A pass over a type begins, or begins again under a newer list.
insert into index_pass (type, generation) values ($1, $2)
on conflict (type) do update
set generation = excluded.generation, updated = '-infinity', pk = 0, seen = 0, changed = 0,
    since = now()

-- wait: A pass over a type that has nothing to do yet.
insert into index_pass (type, generation) values ($1, $2) on conflict (type) do nothing

-- tell: Processes read the list again when this transaction commits.
select pg_notify('egide_index', '')

-- passes: Every pass, and about how many rows its type has.
select type, generation, updated, pk, seen, changed, since,
       (select count(*) from resource r where r.type = p.type) as total
from index_pass p order by since, type

-- place: One pass.
select type, generation, updated, pk, seen, changed, since, 0::bigint as total
from index_pass where type = $1

-- pass: One pass, held.
select type, generation, updated, pk, seen, changed, since, 0::bigint as total
from index_pass where type = $1 for update

-- due: Entries of a type no query uses any more since long enough.
select parameter from index_entry
where type = $1 and state = 'removing' and since <= now() - $2::interval

-- advance: The pass has come this far, unless it was begun anew or another process moved it.
update index_pass set updated = $5, pk = $6, seen = seen + $7, changed = changed + $8
where type = $1 and generation = $2 and updated = $3 and pk = $4
returning true

-- end: A pass is over.
delete from index_pass where type = $1

-- states: The changed entries of one type.
select parameter, state from index_entry where type = $1

-- some: The next rows of a type in the order they were written last.
select pk, id, type, version, key, updated, day, until, deleted, lead,
       array_send(terms) as terms, sealed
from resource where type = $1 and (updated, pk) > ($2, $3) order by updated, pk limit $4

-- hold: Rows about to be sealed again, held in everybody's order; version and key as they are now.
select id, version, key, updated from resource where id = any($1::uuid[]) order by id for update

-- reseal: The same version with other terms and lead.
update resource set terms = $2, sealed = $3, lead = $4 where id = $1

-- pending: Whether there is a pass to do.
select exists (select from index_pass)
