-- relax: A part lost in a crash of the engine is loaded again: its commit need not wait for disk.
set local synchronous_commit = off

-- mark: Enter a part in the journal; nothing comes back when it is there already.
insert into import_part (digest) values ($1) on conflict do nothing returning true

-- settle: A transaction that writes and waits for disk: all commits before it are durable with it.
insert into import_part (digest) values ('\x00') on conflict (digest) do update set digest = excluded.digest

-- kept: How many of these parts the journal has.
select count(*) from import_part where digest = any($1::bytea[])
