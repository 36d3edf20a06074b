-- horizon: The instant, on the caller's clock, before which nothing can appear any more.
-- A transaction stamps rows after it began; one that writes nothing for a minute, and waits for no
-- lock, is taken for a reader.
select least(
    $1::timestamptz + interval '1 millisecond',
    date_trunc('milliseconds', min(xact_start) + ($1::timestamptz - clock_timestamp()))
)
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
and (
    backend_xid is not null or wait_event_type = 'Lock'
    or xact_start > clock_timestamp() - interval '1 minute'
)

-- changes: Versions of some types, current and older, before a place, newest first.
select c.id, c.type, c.version, c.key, c.updated, c.deleted, c.columns, c.day, c.until,
       c.lead, array_send(c.terms) as terms, c.sealed
from (
    select v.*
    from unnest($1::smallint[]) as t (type)
    cross join lateral (
        (
            select id, type, version, key, updated, deleted, null::bytea as columns, day, until,
                   lead, terms, sealed
            from resource
            where type = t.type and updated <= $2 and (updated, id, version) < ($2, $3, $4)
            and ($5::timestamptz is null or updated >= $5)
            order by updated desc, id desc, version desc
            limit $6
        )
        union all
        (
            select id, type, version, key, updated, deleted, columns, null, null, null, null, sealed
            from version
            where type = t.type and updated <= $2 and (updated, id, version) < ($2, $3, $4)
            and ($5::timestamptz is null or updated >= $5)
            order by updated desc, id desc, version desc
            limit $6
        )
    ) v
    order by updated desc, id desc, version desc
    limit $6
) c
order by c.updated desc, c.id desc, c.version desc

-- changes_under: The same for what is sealed with some keys.
select c.id, c.type, c.version, c.key, c.updated, c.deleted, c.columns, c.day, c.until,
       c.lead, array_send(c.terms) as terms, c.sealed
from (
    select id, type, version, key, updated, deleted, null::bytea as columns, day, until, lead,
           terms, sealed
    from resource
    where key = any($7::bigint[]) and type = any($1::smallint[])
    and (updated, id, version) < ($2, $3, $4) and ($5::timestamptz is null or updated >= $5)
    union all
    select id, type, version, key, updated, deleted, columns, null, null, null, null, sealed
    from version
    where key = any($7::bigint[]) and type = any($1::smallint[])
    and (updated, id, version) < ($2, $3, $4) and ($5::timestamptz is null or updated >= $5)
    order by updated desc, id desc, version desc
    limit $6
) c
order by c.updated desc, c.id desc, c.version desc

-- successors: When some versions were followed by the next one.
select w.id, w.version, coalesce(
    (select updated from version n where n.id = w.id and n.version = w.version + 1),
    (select updated from resource n where n.id = w.id and n.version = w.version + 1)
) as updated
from unnest($1::uuid[], $2::integer[]) as w (id, version)

-- versions: Some older versions.
select v.id, v.type, v.version, v.key, v.updated, v.deleted, v.columns, v.sealed
from unnest($1::uuid[], $2::integer[]) as w (id, version)
join version v using (id, version)

-- latest: What some resources are now that are older than that in some version.
select r.id, r.type, r.version, r.key, r.updated, r.day, r.until, r.deleted, r.lead,
       array_send(r.terms) as terms, r.sealed
from unnest($1::uuid[], $2::integer[]) as w (id, version)
join resource r on r.id = w.id and r.version > w.version

-- keys_of: The keys of some patients, and those they share.
select unnest($1::bigint[]) as number
union
select number from shared_key where holder = any($1::bigint[])
