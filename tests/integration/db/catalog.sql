-- Everything the public schema is made of, one line each, in a stable order.
with relation as (
    select c.*, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public'
)
select line from (
    select format('relation %s kind %s persistence %s options %s access %s comment %s', relname,
        relkind, relpersistence, reloptions, (select amname from pg_am where oid = relam),
        obj_description(oid, 'pg_class')) as line
    from relation
    union all
    select format('column %s.%s %s type %s null %s default %s storage %s compression %s '
        'statistics %s identity %s generated %s options %s comment %s', relname, attnum, attname,
        format_type(atttypid, atttypmod), not attnotnull, pg_get_expr(adbin, adrelid), attstorage,
        attcompression, attstattarget, attidentity, attgenerated, attoptions,
        col_description(attrelid, attnum))
    from pg_attribute join relation on relation.oid = attrelid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped
    union all
    select format('constraint %s %s: %s valid %s', conrelid::regclass, conname,
        pg_get_constraintdef(pg_constraint.oid), convalidated)
    from pg_constraint join relation on relation.oid = conrelid
    union all
    select format('index %s valid %s unique %s replica %s', pg_get_indexdef(indexrelid),
        indisvalid, indisunique, indisreplident)
    from pg_index join relation on relation.oid = indexrelid
    union all
    select format('sequence %s %s', relname, to_jsonb(s) - 'seqrelid')
    from pg_sequence s join relation on relation.oid = seqrelid
    union all
    select format('view %s: %s', relname, pg_get_viewdef(oid))
    from relation where relkind in ('v', 'm')
    union all
    select format('function %s', pg_get_functiondef(p.oid))
    from pg_proc p join pg_namespace n on n.oid = pronamespace
    where nspname = 'public' and prokind in ('f', 'p')
    union all
    select format('trigger %s enabled %s', pg_get_triggerdef(t.oid), tgenabled)
    from pg_trigger t join relation on relation.oid = tgrelid where not tgisinternal
    union all
    select format('type %s kind %s labels %s', t.oid::regtype, typtype,
        (select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid))
    from pg_type t join pg_namespace n on n.oid = typnamespace where nspname = 'public'
    union all
    select format('policy %s on %s', polname, polrelid::regclass) from pg_policy
    union all
    select format('statistics %s', pg_get_statisticsobjdef(oid)) from pg_statistic_ext
) as lines
order by line collate "C"
