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
    """Puts back what the test altered; then nothing may be found."""
    yield
    statements = []
    for name in TABLES:
        columns = "overriding system value" if name == "resource" else ""
        statements += [f"delete from {name}", f"insert into {name} {columns} table kept_{name}"]
    # Keys last to go and first to come: others refer to them.
    execute(house, *statements[-2:], *statements[:-2])
    house.verify()


A_ROW = (
    "(select id from resource where type = (select min(type) from resource) order by pk limit 1)"
)
"""The first Observation."""
PATIENT = "(select id from version limit 1)"
ALTERATIONS = {
    "a byte of a body": (
        "update resource set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)"
        f" where id = {A_ROW}",
        "row {row}",
    ),
    "a body moved to another row": (
        "update resource set sealed = (select sealed from resource other where other.type ="
        f" resource.type and other.id <> resource.id limit 1) where id = {A_ROW}",
        "row {row}",
    ),
    "a term added": (
        f"update resource set terms = array_append(terms, 5::bigint) where id = {A_ROW}",
        "row {row}",
    ),
    "a day changed": (
        f"update resource set day = day + 1 where id = {A_ROW}",
        "row {row}",
    ),
    "a row removed": (f"delete from resource where id = {A_ROW}", "row {row}"),
    "a row put back to its older version": (
        "update resource set sealed = v.sealed, version = v.version, updated = v.updated"
        " from version v where v.id = resource.id",
        "row {patient}",
    ),
    "a row said to be deleted": (
        f"update resource set deleted = true where id = {A_ROW}",
        "row {row}",
    ),
    "an entry removed": (
        "delete from ledger_entry where entry = (select max(entry) - 1 from ledger_entry)",
        "entry",
    ),
    "whose entry it is": (
        "update ledger_entry set actor = actor + 1 where entry ="
        " (select max(entry) - 1 from ledger_entry)",
        "entry",
    ),
    "when it was": (
        "update ledger_entry set at = at - interval '1 day' where entry ="
        " (select max(entry) - 1 from ledger_entry)",
        "entry",
    ),
    "what happened": (
        "update ledger_entry set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)"
        " where entry = (select max(entry) - 1 from ledger_entry)",
        "entry",
    ),
    "a leaf": (
        "update ledger_leaf"
        " set commitments = set_byte(commitments, 3, get_byte(commitments, 3) # 1)"
        " where leaf = (select min(leaf) from ledger_leaf)",
        "leaf",
    ),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_an_alteration_is_found_where_it_was_made(
    house: Installation, undone: None, what: str
) -> None:
    statement, place = ALTERATIONS[what]
    (row,) = ask(house.data, f"select encode(uuid_send({A_ROW}), 'hex') as row")
    (person,) = ask(house.data, f"select encode(uuid_send({PATIENT}), 'hex') as patient")
    (done,) = execute(house, statement)
    assert done.split()[-1] == "1", done
    told = house.run("ledger", "verify", "--rows", code=1).stdout
    findings = [line for line in told.splitlines() if line.startswith("✗")]
    wanted = place.format(row=row["row"], patient=person["patient"])
    assert findings and all(wanted in line for line in findings), told
    assert len(findings) == 1
