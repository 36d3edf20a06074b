"""`egide index`: the list changed by commands, rows following in the background, killed and not."""

import asyncio
import json
from pathlib import Path

from tests.acceptance.client import Client, resources
from tests.acceptance.conftest import Install
from tests.acceptance.installation import PATIENCE, Installation, end, family, wait_for

from egide.db import Database
from egide.db.embedded import start

MANY = 5_000


def patients(folder: Path) -> Path:
    """Synthetic patients with nothing but an id and a gender."""
    path = folder / "patients.ndjson"
    with path.open("w") as file:
        for number in range(MANY):
            gender = ("female", "male", "other", "unknown")[number % 4]
            line = {"resourceType": "Patient", "id": f"p{number}", "gender": gender}
            file.write(json.dumps(line) + "\n")
    return path


def status(installation: Installation) -> str:
    return installation.run("index", "status").stdout


def test_a_killed_pass_goes_on_and_the_ledger_agrees(install: Install, tmp_path: Path) -> None:
    installation = install().init()
    installation.run("import", patients(tmp_path))
    refused = installation.run("index", "add", "Patient:deceased", code=2)
    assert "no token parameter" in refused.stderr
    added = installation.run("index", "add", "Patient:gender").stdout
    assert "building" in added and "frequent values" in added
    for seen in (1_000, 3_000):
        building = installation.begin("index", "build")
        asyncio.run(until_past(installation.data, seen))
        for pid in list(family(building.pid)):
            end(pid)
        building.wait()
        assert "rows looked at" in status(installation), "it was over before it was killed"
        installation.verify()
    assert "Patient:gender" in status(installation)
    installation.run("index", "build")
    assert "ready" in status(installation)
    installation.verify()


async def until_past(data: Path, seen: int) -> None:
    """Until the pass has looked at this many rows."""
    engine = await start(data)
    database = await Database.connect(engine.dsn, max_size=1)
    try:
        async with asyncio.timeout(PATIENCE), database.connection() as connection:
            while (await connection.fetchval("select seen from index_pass")) < seen:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
    finally:
        await database.close()
        await engine.stop()


def rows_left(client: Client) -> float:
    """What the metrics say is still to be looked at."""
    lines = client.get("/metrics").body.decode().splitlines()
    (found,) = [line for line in lines if line.startswith("egide_index_rows_left ")]
    return float(found.split()[1])


def test_metrics_tell_how_many_rows_are_left_until_there_are_none(
    install: Install, tmp_path: Path
) -> None:
    installation = install().init()
    installation.run("import", patients(tmp_path))
    installation.run("index", "add", "Patient:gender")
    server = installation.serve()
    client = installation.client(server)
    wait_for(lambda: rows_left(client) > 0, lambda: server.log)
    assert rows_left(client) <= MANY
    wait_for(lambda: rows_left(client) == 0, lambda: status(installation) + server.log)
    wait_for(lambda: "ready" in status(installation), lambda: server.log)


def test_rows_follow_while_the_server_answers(install: Install, tmp_path: Path) -> None:
    installation = install().init()
    installation.run("import", patients(tmp_path))
    server = installation.serve()
    client = installation.client(server)
    question = "/Patient?gender=female&_id=p0,p1,p2,p3,p4"
    assert len(resources(client.get(question))) == 2
    installation.run("index", "add", "Patient:gender")
    wait_for(lambda: "ready" in status(installation), lambda: status(installation) + server.log)
    assert len(resources(client.get(question))) == 2
    assert len(resources(client.get("/Patient?gender=female&_count=7"))) == 7
    assert "Patient:gender" in installation.run("index", "list", "Patient").stdout
    server.stop()
    installation.verify()
