-- The version of this schema: the number of the last migration applied.
create table egide_schema (
    only_row boolean primary key default true check (only_row),
    version integer not null check (version >= 0)
);
insert into egide_schema (version) values (0);
