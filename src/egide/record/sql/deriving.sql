-- first: Where nothing is stored yet, reach follows the rule of who starts first.
update reach_rule set rule = $1 where rule = '' and not exists (select from resource)

-- begin: A pass begins, unless it is under way already or there is nothing to do.
update reach_rule
set pass = $1, type = $3, updated = '-infinity', pk = 0, seen = 0, changed = 0, since = now()
where $2 or (pass is distinct from $1 and (rule <> $1 or pass is not null))

-- state: By which rule reach was derived, and where a pass is.
select rule, pass, type, updated, pk, seen, changed, since from reach_rule

-- advance: The pass has come this far.
update reach_rule set updated = $1, pk = $2, seen = seen + $3, changed = changed + $4

-- next: The pass goes on with another type.
update reach_rule
set type = $1, updated = '-infinity', pk = 0, seen = seen + $2, changed = changed + $3

-- finish: All reach follows the rule of the pass.
update reach_rule set rule = pass, pass = null where pass = $1

-- ties: What some sources give that is not over.
select source, member, patient_key, kind, since, until
from reach where source = any($1::uuid[]) and until > $2

-- roles: Who works in some roles.
select role, practitioner, since, until from reach_role where role = any($1::uuid[])

-- keys: The keys of some patients, by their idents.
select owner, number from data_key where owner = any($1::uuid[]) and kind = 1

-- orphans: Whose reach by care, consent, tie or establishment comes from what is not there any more.
select distinct patient_key from reach r
where r.kind in (1, 4, 5, 6) and not exists (
    select from resource s where s.id = r.source and not s.deleted and s.type = any($1::smallint[])
)

-- sweep: What is not there any more gives nothing.
with role as (
    delete from reach_role w
    where not exists (select from resource s where s.id = w.role and not s.deleted)
)
delete from reach r
where r.kind in (1, 4, 5, 6) and not exists (
    select from resource s where s.id = r.source and not s.deleted and s.type = any($1::smallint[])
)
