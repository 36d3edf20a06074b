-- lock: Nobody makes, holds or changes a key until the transaction ends; reading goes on.
lock table data_key, ledger_key in exclusive mode

-- old: Keys still wrapped under another epoch than the current one, some of them.
select number, epoch, wrapped from data_key where epoch <> $1 limit $2

-- behind: Whether any key is still under another epoch.
select exists (select from data_key where epoch <> $1)
    or exists (select from ledger_key where epoch <> $1)

-- rewrap: Put them under the current epoch.
update data_key set epoch = $1, wrapped = new.wrapped
from unnest($2::bigint[], $3::bytea[]) as new (number, wrapped)
where data_key.number = new.number

-- count: How many keys there are.
select count(*) from data_key

-- keys: The whole key table.
select number, epoch, kind, owner, wrapped from data_key order by number

-- shares: The whole table of shared keys.
select number, holder, wrapped from shared_key order by number, holder

-- months: The ledger's keys.
select month, number, epoch, wrapped from ledger_key order by month

-- put_months: The ledger's keys of a copy.
insert into ledger_key (month, number, epoch, wrapped)
select * from unnest($1::integer[], $2::bigint[], $3::integer[], $4::bytea[])
on conflict (month) do update
set number = excluded.number, epoch = excluded.epoch, wrapped = excluded.wrapped

-- erased: The erasures so far.
select number, epoch, requested, effective, owner, remains from erasure order by number

-- put_erasures: The erasures of a copy.
insert into erasure (number, epoch, requested, effective, owner, remains)
select * from unnest(
    $1::bigint[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::text[]
)
on conflict (number) do nothing

-- drop: Keys nobody may have any more: of destroyed epochs, of erased owners.
delete from data_key where epoch <> all($1::integer[]) or owner = any($2::uuid[])

-- put: The keys of a copy.
insert into data_key (number, epoch, kind, owner, wrapped)
select * from unnest($1::bigint[], $2::integer[], $3::smallint[], $4::uuid[], $5::bytea[])
on conflict (number) do update set epoch = excluded.epoch, wrapped = excluded.wrapped

-- put_shares: The shared keys of a copy.
insert into shared_key (number, holder, wrapped)
select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])
on conflict (number, holder) do update set wrapped = excluded.wrapped

-- orphans: Rows no key opens any more go, with their edges; which, and how many older versions.
with keys as (select number from data_key union select number from shared_key),
gone as (
    delete from resource where key not in (select number from keys) returning id, version
),
edges as (delete from ref using gone where ref.source = gone.id),
old as (delete from version where key not in (select number from keys) returning 1)
select array(select id from gone order by id) as ids,
       array(select version from gone order by id) as last,
       (select count(*) from old) as older
