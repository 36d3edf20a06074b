"""Whoever can write in the database and has no key is found out, and where he wrote.

`egide ledger verify --rows`, after each alteration and after it was undone.
"""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from tests.acceptance.client import Client
from tests.acceptance.installation import Installation, wait_for
from tests.acceptance.records import observation, patient, posting, transaction
from tests.acceptance.thief import ask

from egide.db.embedded import start

TABLES = ("resource", "version", "ledger_entry", "ledger_leaf", "ledger_patient", "data_key")


def execute(installation: Installation, *statements: str) -> list[str]:
    """Run statements as one who has the database."""

    async def run() -> list[str]:
        engine = await start(installation.data)
        connection = await asyncpg.connect(engine.dsn)
        try:
            return [await connection.execute(statement) for statement in statements]
        finally:
            await connection.close()
            await engine.stop()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One patient in two versions and ten observations, all in the tree, nobody serving."""
    installation = Installation(tmp_path_factory.mktemp("tampering")).init()
    with installation.serve(workers=1) as server:
        client = installation.client(server)
        id = client.post("/Patient", patient()).json()["id"]
        client.put(f"/Patient/{id}", patient("Autre") | {"id": id})
        client.post("", transaction(*(posting(observation(f"Patient/{id}")) for _ in range(10))))
        assert client.get(f"/Patient/{id}").status == 200
        wait_for(lambda: integrated(client), "entries do not reach the tree")
    execute(installation, *(f"create table kept_{name} as table {name}" for name in TABLES))
    yield installation
    installation.end()


def integrated(client: Client) -> bool:
    """Whether no entry is on its way to the tree."""
    text = client.get("/metrics").body.decode()
    return "\negide_ledger_pending_entries 0.0\n" in text


@pytest.fixture
def undone(house: Installation) -> Iterator[None]:
    """Puts back what the test altered."""
    yield
    statements = []
    for name in TABLES:
        columns = "overriding system value" if name == "resource" else ""
        statements += [f"delete from {name}", f"insert into {name} {columns} table kept_{name}"]
    # Keys last to go and first to come: others refer to them.
    execute(house, *statements[-2:], *statements[:-2])


def verified(house: Installation, code: int) -> list[str]:
    """What `egide ledger verify --rows` finds, a line each."""
    told = house.run("ledger", "verify", "--rows", code=code).stdout
    return [line for line in told.splitlines() if line.startswith("✗")]


ROWS = {
    "a byte of a body": "sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)",
    "a body of another row": "sealed = (select sealed from kept_resource other"
    " where other.type = resource.type and other.id <> resource.id limit 1)",
    "a term more": "terms = array_append(terms, 5::bigint)",
    "a term less": "terms = terms[2:]",
    "another day": "day = day + 1",
    "a later change": "updated = updated + interval '1 second'",
    "said to be deleted": "deleted = true",
    "another patient's": "key = (select number from data_key where kind = 3)",
}


def test_each_altered_row_is_found_and_no_other(house: Installation, undone: None) -> None:
    """Eight rows altered in eight ways, one removed, one put back to its older version."""
    query = "select encode(uuid_send(id), 'hex') as id from resource where type ="
    rows = ask(house.data, f"{query} (select min(type) from resource) order by pk")
    ids = [row["id"] for row in rows]
    assert len(ids) == len(ROWS) + 2
    altered, removed = ids[: len(ROWS)], ids[-1]
    (older,) = ask(house.data, "select encode(uuid_send(id), 'hex') as id from version")
    statements = [
        f"update resource set {change} where id = '{id}'"
        for change, id in zip(ROWS.values(), altered, strict=True)
    ]
    statements.append(f"delete from resource where id = '{removed}'")
    statements.append(
        "update resource set sealed = v.sealed, version = v.version, updated = v.updated,"
        " terms = resource.terms from version v where v.id = resource.id"
    )
    assert [done.split()[-1] for done in execute(house, *statements)] == ["1"] * len(statements)
    findings = verified(house, 1)
    for id in (*altered, removed, older["id"]):
        assert len([line for line in findings if f"row {id}" in line]) == 1, (id, findings)
    assert len(findings) == len(statements)


THE_ENTRY = "(select max(entry) - 1 from ledger_entry)"
ENTRIES = {
    "removed": (f"delete from ledger_entry where entry = {THE_ENTRY}", "entry"),
    "another's": (f"update ledger_entry set actor = actor + 1 where entry = {THE_ENTRY}", "entry"),
    "earlier": (
        f"update ledger_entry set at = at - interval '1 day' where entry = {THE_ENTRY}",
        "entry",
    ),
    "other facts": (
        "update ledger_entry set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)"
        f" where entry = {THE_ENTRY}",
        "entry",
    ),
    "another leaf": (
        "update ledger_leaf"
        " set commitments = set_byte(commitments, 3, get_byte(commitments, 3) # 1)"
        " where leaf = (select min(leaf) from ledger_leaf)",
        "leaf",
    ),
}


@pytest.mark.parametrize("what", ENTRIES)
def test_an_altered_entry_is_found_where_it_is(
    house: Installation, undone: None, what: str
) -> None:
    statement, kind = ENTRIES[what]
    (entry,) = ask(house.data, f"select {THE_ENTRY} as number")
    place = f"entry {entry['number'] >> 40}:{entry['number'] & (1 << 40) - 1}"
    (done,) = execute(house, statement)
    assert done.split()[-1] == "1", done
    (finding,) = verified(house, 1)
    assert (place if kind == "entry" else "leaf 0") in finding


def test_what_was_put_back_is_sound(house: Installation) -> None:
    assert verified(house, 0) == []
