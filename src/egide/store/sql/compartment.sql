-- sealed_for: A patient, then what is sealed with his keys after a place, as it was first stored.
select r.pk, r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted,
       r.lead, array_send(r.terms) as terms, r.sealed
from resource r
where r.key = any(array(
    select number from data_key where owner = $1
    union all
    select s.number from shared_key s join data_key k on k.number = s.holder where k.owner = $1
))
and not r.deleted
and (
    r.id = $1
    or r.pk > $2
    and ($3::smallint[] is null or r.type = any($3))
    and ($4::timestamptz is null or r.updated >= $4)
    and ($6::date is null or r.until >= $6)
    and ($7::date is null or r.day <= $7)
)
order by r.id <> $1, r.pk
limit $5

-- lasting: Rows of some types sealed with a patient's keys; of what was deleted, the version before.
with mine as (
    select number from data_key where owner = $1
    union all
    select s.number from shared_key s join data_key k on k.number = s.holder where k.owner = $1
)
select r.id, r.type, r.version, r.key, r.updated, r.deleted, null::bytea as columns, r.day, r.until,
       r.lead, array_send(r.terms) as terms, r.sealed
from mine join resource r on r.key = mine.number
where r.type = any($2::smallint[]) and not r.deleted
union all
select v.id, v.type, v.version, v.key, v.updated, v.deleted, v.columns, null, null, null, null,
       v.sealed
from mine join resource r on r.key = mine.number
join version v on v.id = r.id and v.version = r.version - 1
where r.type = any($2::smallint[]) and r.deleted
limit $3

-- of_nobody: Those of some rows that are there and sealed for no patient.
select r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted,
       r.lead, array_send(r.terms) as terms, r.sealed
from resource r join data_key k on k.number = r.key
where r.id = any($1::uuid[]) and not r.deleted and k.kind <> 1
