"""Erasure: what was erased opens from no backup, and everybody else's record does.

The commands of an operator, one after the other: back up, erase, begin a new epoch, restore.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.client import Client, resources
from tests.acceptance.installation import Installation, free_port
from tests.acceptance.records import patient, synthetic
from tests.acceptance.thief import address, ask

from egide.db.cluster import programs

Json = dict[str, Any]
SHARED_LIST = "a-list-of-two"


class House:
    """An installation with three synthetic patients, two of them on one List."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation(folder).init()
        bundles = synthetic(3)
        files = folder / "bundles"
        files.mkdir()
        for place, raw in enumerate(bundles):
            (files / f"{place}.json").write_bytes(raw)
        self.installation.run("import", files)
        self.patients = [
            [entry["resource"] for entry in json.loads(raw)["entry"]] for raw in bundles[1:]
        ]
        self.erased, *self.others = [
            next(each["id"] for each in record if each["resourceType"] == "Patient")
            for record in self.patients
        ]

    def client(self) -> Client:
        return self.installation.client(self.installation.servers[-1])

    def read(self, client: Client, record: list[Json]) -> dict[str, bytes | int]:
        """`Type/id` → what is read there, or the status that says it is not."""
        found: dict[str, bytes | int] = {}
        for resource in record:
            place = f"{resource['resourceType']}/{resource['id']}"
            answer = client.get(f"/{place}")
            found[place] = answer.body if answer.status == 200 else answer.status
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "installation")
    yield made
    made.installation.end()


WAYS = ("folder", "dump")
"""How a backup is made: the data folder copied, the engine stopped; or pg_dump."""


def back_up(installation: Installation, way: str, to: Path) -> None:
    if way == "folder":
        subprocess.run(["cp", "-a", str(installation.data), str(to)], check=True)
        return
    with address(installation.data) as environment:
        order = [str(programs() / "pg_dump"), "--format=custom", f"--file={to}"]
        subprocess.run(order, env=environment, check=True)


def restore(installation: Installation, way: str, backup: Path) -> None:
    if way == "folder":
        shutil.rmtree(installation.data)
        subprocess.run(["cp", "-a", str(backup), str(installation.data)], check=True)
        return
    with address(installation.data) as environment:
        order = ["--clean", "--if-exists", "--no-owner", "--dbname=egide", str(backup)]
        subprocess.run([str(programs() / "pg_restore"), *order], env=environment, check=True)


def test_an_old_backup_with_the_newest_key_table_opens_everybody_but_the_erased(
    house: House, tmp_path: Path
) -> None:
    installation = house.installation
    with installation.serve(workers=1):
        client = house.client()
        both = {
            "resourceType": "List",
            "id": SHARED_LIST,
            "status": "current",
            "mode": "working",
            "entry": [
                {"item": {"reference": f"Patient/{id}"}} for id in (house.erased, house.others[0])
            ],
        }
        assert client.put(f"/List/{SHARED_LIST}", both).status == 201
        older = client.put(f"/Patient/{house.erased}", patient("Avant") | {"id": house.erased})
        assert older.version() == 2
        before = [house.read(client, record) for record in house.patients]
        shared = client.get(f"/List/{SHARED_LIST}").body
    assert all(isinstance(body, bytes) for record in before for body in record.values())
    for way in WAYS:
        back_up(installation, way, tmp_path / way)
    key_file_then = installation.key_file.read_bytes()

    # The erasure takes hold at once.
    told = installation.run("erase", f"Patient/{house.erased}", "--yes").stdout
    certificate = re.search(
        r"Removed: 1 key, (\d+) resources, (\d+) older versions, (\d+) edges", told
    )
    assert certificate, told
    of_his = len(house.patients[0])
    assert [int(text) for text in certificate.groups()[:2]] == [of_his, 1]
    assert "Remains: ledger entries" in told
    assert "1 resource(s) other patients share" in told
    assert "copies in backups, until `egide keys epoch`" in told
    assert house.erased not in told
    installation.verify()
    assert not ask(installation.data, "select 1 from erasure where effective is not null")
    with installation.serve(workers=1):
        client = house.client()
        assert set(house.read(client, house.patients[0]).values()) == {404}
        assert resources(client.get(f"/Observation?patient={house.erased}")) == []
        client.get(f"/Patient/{house.erased}/_history").refused(404)
        client.get(f"/Patient/{house.erased}/_history/1").refused(404)
        assert [house.read(client, each) for each in house.patients[1:]] == before[1:]
        assert client.get(f"/List/{SHARED_LIST}").body == shared
    installation.run("erase", f"Patient/{house.erased}", "--yes", code=2)

    # A new epoch makes it hold in backups.
    told = installation.run("keys", "epoch").stdout
    assert "Epoch 2" in told and "1 erasure(s) now effective in backups" in told
    assert installation.key_file.read_bytes() != key_file_then
    assert ask(installation.data, "select 1 from erasure where effective is not null")
    copies = [installation.key_file.with_name(f"root.key.table-{name}") for name in "ab"]
    assert copies[0].read_bytes() == copies[1].read_bytes()
    assert all(copy.stat().st_mode & 0o777 == 0o600 for copy in copies)
    installation.verify()

    for way in WAYS:
        # The old backup comes back. With the key file of today alone nothing of it opens.
        restore(installation, way, tmp_path / way)
        said = installation.run("doctor", code=1).stdout
        assert "keys restore" in said
        refused = installation.run("serve", "--port", str(free_port()), code=3)
        assert "keys restore" in refused.stderr

        # With the newest key table the others' records open.
        told = installation.run("keys", "restore", copies[1]).stdout
        assert f"{of_his + 1} row(s) of the erased were removed" in told
        # The certificate was made after the backup; it comes back with the keys.
        (erasure,) = ask(installation.data, "select effective, remains from erasure")
        assert erasure["effective"] and f'"resources":{of_his}' in erasure["remains"]
        with installation.serve(workers=1):
            client = house.client()
            assert set(house.read(client, house.patients[0]).values()) == {404}
            assert resources(client.get(f"/Observation?patient={house.erased}")) == []
            client.get(f"/Patient/{house.erased}/_history/1").refused(404)
            assert [house.read(client, each) for each in house.patients[1:]] == before[1:]
            assert client.get(f"/List/{SHARED_LIST}").body == shared
            assert client.post("/Patient", patient()).status == 201
        assert "✗" not in installation.run("doctor").stdout
        installation.verify()


def test_the_backup_of_the_data_opens_nothing_of_the_erased_with_any_key_that_is_left(
    house: House, tmp_path: Path
) -> None:
    """Bodies and wrapped keys are in the backup; the epoch that wrapped them is nowhere."""
    installation = house.installation
    query = "select number, epoch, wrapped from data_key"
    wrapped = {row["number"]: row for row in ask(installation.data, query)}
    old = installation.ring
    assert all(old.unwrap(row["wrapped"], row["number"], row["epoch"]) for row in wrapped.values())
    installation.run("erase", f"Patient/{house.erased}", "--yes")
    left = {row["number"] for row in ask(installation.data, query)}
    (gone,) = set(wrapped) - left
    installation.run("keys", "epoch")
    assert installation.ring.epochs == (2,)
    row = wrapped[gone]
    for epoch in (1, 2):
        with pytest.raises(Exception, match=r"not in the key ring|did not open"):
            installation.ring.unwrap(row["wrapped"], row["number"], epoch)
    kept = b"".join(path.read_bytes() for path in installation.key_file.parent.iterdir())
    plain = old.unwrap(row["wrapped"], row["number"], row["epoch"])
    assert plain not in kept and plain.hex().encode() not in kept


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Another one, with its server running."""
    made = House(tmp_path_factory.mktemp("served") / "installation")
    made.installation.serve()
    yield made
    made.installation.end()


def test_an_epoch_needs_everything_else_stopped(served: House) -> None:
    done = served.installation.run("keys", "epoch", code=3)
    assert "everything else stopped" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert served.installation.provider.epoch == 1


def test_an_erasure_takes_hold_in_the_running_server_at_once(served: House) -> None:
    client = served.client()
    # Both workers have the key in memory.
    assert {client.get(f"/Patient/{served.erased}").status for _ in range(20)} == {200}
    served.installation.run("erase", f"Patient/{served.erased}", "--yes")
    assert {client.get(f"/Patient/{served.erased}").status for _ in range(20)} == {404}
    assert client.get(f"/Patient/{served.others[0]}").status == 200


def test_a_practitioner_is_erased_too(served: House) -> None:
    client = served.client()
    (someone, *_) = resources(client.get("/Practitioner?_count=1"))
    told = served.installation.run("erase", f"Practitioner/{someone['id']}", "--yes").stdout
    # The person, and the role that names nobody else.
    assert "Removed: 1 key, 2 resources" in told
    client.get(f"/Practitioner/{someone['id']}").refused(404)


@pytest.mark.parametrize(
    ("identity", "code"),
    [("Patient/nobody", 2), ("Organization/x", 2), ("Patient", 2), ("Nothing/x", 2)],
)
def test_what_cannot_be_erased_is_refused_in_one_line(
    installation: Installation, identity: str, code: int
) -> None:
    done = installation.run("erase", identity, "--yes", code=code)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_an_erasure_asks_first(installation: Installation) -> None:
    done = installation.run("erase", "Patient/nobody", code=1)
    assert "cannot be undone" in done.stdout
