-- houses: The establishment's own key, of whichever establishment this is.
select owner, epoch from data_key where kind = 3

-- by_owner: The data keys of owners, held against erasure until the transaction ends.
select number, epoch, kind, owner, wrapped from data_key where owner = any($1::uuid[])
order by owner for key share

-- by_number: The data keys with these numbers.
select number, epoch, kind, wrapped from data_key where number = any($1::bigint[])

-- add: New data keys; an owner that got one meanwhile keeps it. None once the establishment's own
-- key ($6) is of another epoch: then this process's epoch key is about to be destroyed.
insert into data_key (number, epoch, kind, owner, wrapped)
select new.* from unnest($1::bigint[], $2::integer[], $3::smallint[], $4::uuid[], $5::bytea[])
    as new (number, epoch, kind, owner, wrapped)
where not exists (select from data_key house where house.number = $6 and house.epoch <> new.epoch)
on conflict (owner) do nothing

-- shared: Keys several patients share, as one holder wraps them, with everyone who holds them.
select mine.number, mine.wrapped,
       array(select holder from shared_key where number = mine.number) as holders
from shared_key mine where mine.number = any($1::bigint[]) and mine.holder = $2

-- share: New wraps of a shared key.
insert into shared_key (number, holder, wrapped)
select $1, * from unnest($2::bigint[], $3::bytea[])

-- patients: The keys of some patients, by their idents.
select owner, number from data_key where owner = any($1::uuid[]) and kind = 1

-- of_contexts: The keys current rows are sealed with; whoever holds one is held against erasure
-- until the transaction ends.
select r.id, r.key
from resource r
join data_key d on d.number = any(
    r.key || array(select holder from shared_key where number = r.key)
)
where r.id = any($1::uuid[]) order by d.owner for key share of d
