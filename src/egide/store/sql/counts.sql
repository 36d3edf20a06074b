-- sample: The engine's sample of terms and types; nothing before the table was first analysed.
select greatest(c.reltuples, 0)::float8 as rows,
       terms.most_common_elems::text::bigint[] as terms,
       terms.most_common_elem_freqs::float8[] as term_shares,
       leads.most_common_vals::text::bigint[] as leads,
       leads.most_common_freqs::float8[] as lead_shares,
       types.most_common_vals::text::smallint[] as types,
       types.most_common_freqs::float8[] as type_shares
from pg_class c
left join pg_stats terms
    on terms.schemaname = 'public' and terms.tablename = 'resource' and terms.attname = 'terms'
left join pg_stats leads
    on leads.schemaname = 'public' and leads.tablename = 'resource' and leads.attname = 'lead'
left join pg_stats types
    on types.schemaname = 'public' and types.tablename = 'resource' and types.attname = 'type'
where c.oid = 'resource'::regclass
