-- settle: Dead rows go, sizes and statistics are what they will stay.
vacuum (analyze)

-- counts: Current resources, older versions, their sealed bytes and terms, edges, keys, entries.
select (select count(*) from resource) as resources,
       (select count(*) from version) as versions,
       (select coalesce(sum(pg_column_size(sealed)), 0)::bigint from resource) as sealed,
       (select coalesce(sum(pg_column_size(terms) + coalesce(pg_column_size(lead), 0)), 0)::bigint
        from resource) as terms,
       (select coalesce(sum(cardinality(terms) + num_nonnulls(lead)), 0)::bigint from resource) as hashes,
       (select percentile_disc(0.99) within group (order by cardinality(terms) + num_nonnulls(lead)) from resource)
           as most,
       (select count(*) from ref) as edges,
       (select count(*) from data_key) as keys,
       (select count(*) from ledger_entry) as entries

-- sizes: Every table with what TOAST holds of it, and every index: bytes.
select c.relname as name, 'table' as kind, c.relname as of, pg_table_size(c.oid) as bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r'
union all
select i.relname, 'index', c.relname, pg_relation_size(i.oid)
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public'
