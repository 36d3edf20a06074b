-- some_keys: A sample of keys, to see whether they open.
select number from data_key tablesample system (5) limit 200

-- count_keys: How many keys there are.
select count(*) from data_key

-- foreign_keys: Keys of epochs the key file does not know.
select count(*) from data_key where epoch <> all($1::integer[])

-- late_erasures: Erasures that have waited too long for their epoch to be destroyed.
select count(*) from erasure
where effective is null and requested < now() - make_interval(days => $1)

-- ledger_lag: Leaves in the tree and entries on their way.
with tree as (select coalesce(sum(cardinality(entries)), 0)::bigint as leaves from ledger_leaf)
select leaves, (select count(*) from ledger_entry) - leaves as waiting from tree

-- engine: Settings that keep what is written.
select name, setting, 'on' as wanted from pg_settings
where name in ('fsync', 'full_page_writes', 'data_checksums')
