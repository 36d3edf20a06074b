"""The pool, its blocks and what they raise."""

import pytest

from egide.db import Database, UniqueViolation


async def test_an_id_travels_as_sixteen_raw_bytes(database: Database) -> None:
    given = bytes(range(16))
    async with database.transaction() as connection:
        assert await connection.fetchval("select $1::uuid", given) == given
        assert await connection.fetchval("select $1::uuid[]", [given, given]) == [given, given]


async def test_a_second_row_with_the_same_key_is_a_conflict(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("create table t (a text constraint t_key primary key)")
        await connection.execute("insert into t values ('x')")
    with pytest.raises(UniqueViolation) as raised:
        async with database.transaction() as connection:
            await connection.execute("insert into t values ($1)", "x")
    assert raised.value.constraint == "t_key"
