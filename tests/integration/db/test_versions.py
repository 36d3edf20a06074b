"""The schema and its migrations."""

import asyncio
from pathlib import Path

import pytest

from egide.db import Database, prepare
from egide.db.versions import BASELINE, MIGRATIONS, SCHEMA, baseline, migrate, migrations
from egide.errors import Fault, Unavailable

CATALOG = Path(__file__).with_name("catalog.sql").read_text("utf-8")


async def catalog(database: Database) -> list[str]:
    """Everything the public schema is made of, one line each."""
    async with database.connection() as connection:
        return [row["line"] for row in await connection.fetch(CATALOG)]


async def version(database: Database) -> int | None:
    async with database.connection() as connection:
        return await connection.fetchval("select version from egide_schema")


@pytest.fixture
def house(tmp_path: Path) -> tuple[Path, Path]:
    """Folders of a schema and of migrations to write into; the schema has version 1."""
    schema, steps = tmp_path / "schema", tmp_path / "migrations"
    schema.mkdir()
    steps.mkdir()
    meta = SCHEMA.joinpath("00_meta.sql").read_text("utf-8")
    schema.joinpath("00_meta.sql").write_text(meta)
    schema.joinpath("10_things.sql").write_text("create table thing (a integer);")
    steps.joinpath(BASELINE).write_text(meta + "create table thing (a integer);")
    return schema, steps


async def test_all_migrations_from_the_first_one_end_in_the_schema(
    database: Database, empty_database: Database
) -> None:
    assert await migrate(empty_database) == len(migrations(MIGRATIONS))
    assert await catalog(empty_database) == await catalog(database)
    assert await version(empty_database) == await version(database)


def test_the_first_migration_is_the_schema_until_a_second_one_exists() -> None:
    assert (
        len(migrations(MIGRATIONS)) > 1 or MIGRATIONS.joinpath(BASELINE).read_text() == baseline()
    ), "run: python -m egide.db.migrations baseline"


async def test_the_comparison_sees_each_kind_of_difference(database: Database) -> None:
    before = await catalog(database)
    for change in (
        "create table kind (a bigint not null default 1, b text)",
        "alter table kind alter b set storage external",
        "alter table kind alter b set statistics 500",
        "alter table kind alter b set compression pglz",
        "alter table kind alter a drop default",
        "alter table kind alter a drop not null",
        "alter table kind add constraint positive check (a > 0)",
        "create index kind_a on kind (a desc) include (b)",
        "alter index kind_a set (fillfactor = 70)",
        "alter table kind set (autovacuum_enabled = false)",
        "create function f() returns integer language sql as 'select 1'",
        "create or replace function f() returns integer language sql as 'select 2'",
        "create trigger t before update on kind for each row"
        " execute function suppress_redundant_updates_trigger()",
        "create sequence s",
        "alter sequence s cache 10",
        "create view v as select a from kind",
        "create type colour as enum ('red')",
        "alter type colour add value 'green'",
        "comment on table kind is 'said'",
    ):
        async with database.connection() as connection:
            await connection.execute(change)
        after = await catalog(database)
        assert after != before, change
        before = after


async def test_a_fresh_database_gets_the_schema_and_the_last_version(
    empty_database: Database, house: tuple[Path, Path]
) -> None:
    schema, steps = house
    assert await prepare(empty_database, schema=schema, steps=steps) == 1
    assert await version(empty_database) == 1
    assert await prepare(empty_database, schema=schema, steps=steps) == 1


async def test_an_older_schema_is_upgraded_in_order(
    empty_database: Database, house: tuple[Path, Path]
) -> None:
    schema, steps = house
    await prepare(empty_database, schema=schema, steps=steps)
    steps.joinpath("0002_pre_add.sql").write_text("alter table thing add b integer;")
    steps.joinpath("0003_post_fill.sql").write_text("alter table thing alter b set default 3;")
    assert await prepare(empty_database, schema=schema, steps=steps) == 3
    async with empty_database.connection() as connection:
        await connection.execute("insert into thing (a) values (1)")
        assert await connection.fetchval("select b from thing") == 3


async def test_a_failing_migration_changes_nothing_and_keeps_those_before_it(
    empty_database: Database, house: tuple[Path, Path]
) -> None:
    schema, steps = house
    await prepare(empty_database, schema=schema, steps=steps)
    steps.joinpath("0002_pre_add.sql").write_text("alter table thing add b integer;")
    steps.joinpath("0003_pre_break.sql").write_text(
        "alter table thing add c integer; alter table nothing add d integer;"
    )
    with pytest.raises(Fault, match=r"0003_pre_break failed and changed nothing.*42P01"):
        await prepare(empty_database, schema=schema, steps=steps)
    assert await version(empty_database) == 2
    columns = [line for line in await catalog(empty_database) if "column thing." in line]
    assert [line.split()[2] for line in columns] == ["a", "b"]
    steps.joinpath("0003_pre_break.sql").write_text("alter table thing add c integer;")
    assert await prepare(empty_database, schema=schema, steps=steps) == 3


async def test_a_newer_schema_is_refused_and_left_alone(
    empty_database: Database, house: tuple[Path, Path]
) -> None:
    schema, steps = house
    await prepare(empty_database, schema=schema, steps=steps)
    async with empty_database.connection() as connection:
        await connection.execute("update egide_schema set version = 7")
    with pytest.raises(Unavailable, match="schema version 7, this Égide knows 1"):
        await prepare(empty_database, schema=schema, steps=steps)
    assert await version(empty_database) == 7


async def test_many_processes_may_prepare_at_once(
    empty_database: Database, house: tuple[Path, Path]
) -> None:
    schema, steps = house
    done = await asyncio.gather(
        *(prepare(empty_database, schema=schema, steps=steps) for _ in range(5))
    )
    assert done == [1] * 5


@pytest.mark.parametrize(
    "name", ["0003_pre_gap.sql", "0001_pre_twice.sql", "0002_during_add.sql", "2_pre_add.sql"]
)
def test_a_migration_out_of_order_or_badly_named_is_a_fault(
    house: tuple[Path, Path], name: str
) -> None:
    _, steps = house
    steps.joinpath(name).touch()
    with pytest.raises(Fault):
        migrations(steps)
