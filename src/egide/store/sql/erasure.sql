-- take: The key of an owner, taken so that nobody writes under it any more.
select number, epoch from data_key where owner = $1 for update

-- rows: The owner's rows go, with their edges.
with gone as (delete from resource where key = $1 returning id, version),
edges as (delete from ref using gone where ref.source = gone.id returning 1)
select array(select id from gone order by id) as ids,
       array(select version from gone order by id) as versions,
       (select count(*) from edges) as edges

-- versions: The owner's older versions go.
with gone as (delete from version where key = $1 returning 1) select count(*) from gone

-- shared: Resources the owner shares with others; they stay, sealed for the others.
select id from resource where key in (select number from shared_key where holder = $1)

-- key: The owner's key goes, and with it every wrap made under it.
delete from data_key where number = $1

-- tell: Other processes drop the key from memory when this transaction commits.
select pg_notify('egide_erased', $1::text)

-- record: What was asked and what remains.
insert into erasure (number, epoch, requested, owner, remains) values ($1, $2, $3, $4, $5)

-- effective: Erasures whose epoch is destroyed hold in backups too.
update erasure set effective = $2 where effective is null and epoch <= $1
returning number

-- all: Every erasure, newest first.
select number, epoch, requested, effective, owner, remains from erasure order by requested desc
