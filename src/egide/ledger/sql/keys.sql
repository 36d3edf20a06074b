-- of_month: The wrapped key of one month.
select month, number, epoch, wrapped from ledger_key where month = $1

-- all: Every wrapped key.
select month, number, epoch, wrapped from ledger_key order by month

-- add: The key of a month, unless another process was quicker or has a newer epoch.
insert into ledger_key (month, number, epoch, wrapped)
select $1, $2, $3, $4 where not exists (select from ledger_key where epoch > $3)
on conflict (month) do nothing

-- alone: Lets no key be added until the transaction ends.
lock table ledger_key in share row exclusive mode

-- stale: The keys that another epoch than this one wraps, held until the transaction ends.
select month, number, epoch, wrapped from ledger_key where epoch <> $1 order by month for update

-- replace: A key wrapped anew.
update ledger_key set epoch = $2, wrapped = $3 where month = $1
