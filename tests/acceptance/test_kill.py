"""kill -9 at any moment: every bundle is there whole or not at all, and the ledger verifies."""

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.acceptance.client import Answer, Client
from tests.acceptance.conftest import Install
from tests.acceptance.installation import (
    Installation,
    Server,
    alive,
    children,
    end,
    wait_for,
)
from tests.acceptance.records import new_id, observation, patient, putting, synthetic, transaction
from tests.acceptance.thief import ask

Place = tuple[str, str]
"""Type and id of a resource."""


def there(installation: Installation) -> dict[bytes, int]:
    """Keyed id → version, of everything stored."""
    rows = ask(installation.data, "select uuid_send(id) as id, version from resource")
    return {row["id"]: row["version"] for row in rows}


def broken(installation: Installation, bundles: list[list[Place]]) -> list[int]:
    """Which bundles are there in part."""
    stored, blind = there(installation), installation.ring.blind
    counts = [sum(blind.ident(type, id) in stored for type, id in places) for places in bundles]
    return [
        place
        for place, (count, places) in enumerate(zip(counts, bundles, strict=True))
        if count not in (0, len(places))
    ]


def whole(installation: Installation, bundles: list[list[Place]]) -> list[int]:
    """Which bundles are there whole."""
    stored, blind = there(installation), installation.ring.blind
    return [
        place
        for place, places in enumerate(bundles)
        if all(blind.ident(type, id) in stored for type, id in places)
    ]


class Files:
    """Synthetic bundles as files, each resource in one of them only."""

    def __init__(self, folder: Path, patients: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.bundles: list[list[Place]] = []
        for place, raw in enumerate(synthetic(patients)):
            (folder / f"{place:03}.json").write_bytes(raw)
            entries = json.loads(raw)["entry"]
            self.bundles.append(
                [(each["resource"]["resourceType"], each["resource"]["id"]) for each in entries]
            )
        self.total = sum(map(len, self.bundles))


VICTIMS = {
    "the import": (lambda importing, installation: importing.pid, -9),
    "a loader": (lambda importing, installation: children(importing.pid)[0], 4),
    "the engine": (lambda importing, installation: installation.postmaster, 3),
}
"""What is killed, and the code the import leaves with."""


def test_an_import_that_was_killed_goes_on_where_it_was(install: Install, tmp_path: Path) -> None:
    """Three times over: its process, one of its loaders, the engine under it."""
    installation = install().init()
    files = Files(tmp_path / "bundles", 24)
    done = 0
    for victim, code in VICTIMS.values():
        importing = installation.begin("import", str(files.folder))
        parts = done
        wait_for(
            lambda parts=parts: journal(installation) >= parts + 3,
            "the import does not get on",
            alive=importing,
        )
        end(victim(importing, installation))
        assert importing.wait(60) == code
        settle(installation)
        assert broken(installation, files.bundles) == []
        done = journal(installation)
        assert len(whole(installation, files.bundles)) == done
        assert parts < done < len(files.bundles)
        assert "✓" in installation.verify()
    told = installation.run("import", files.folder).stdout
    assert f"{done} of {len(files.bundles)} parts were loaded before" in told
    stored = there(installation)
    assert len(stored) == files.total
    assert set(stored.values()) == {1}
    assert whole(installation, files.bundles) == list(range(len(files.bundles)))
    said = installation.verify()
    assert f"{files.total:,} rows" in said
    assert "ended without closing" in said, "the killed writers are not reported"


def test_an_import_never_takes_for_done_what_a_crash_of_the_engine_lost(
    install: Install, tmp_path: Path
) -> None:
    """Parts do not wait for disk: the engine may lose them and be back before anybody notices."""
    installation = install().init()
    server = installation.serve(workers=1)
    files = Files(tmp_path / "bundles", 24)
    importing = installation.begin("import", str(files.folder))
    wait_for(lambda: journal(installation) >= 3, "the import does not get on", alive=importing)
    end(installation.postmaster)
    code = importing.wait(60)
    if code == 0:
        assert whole(installation, files.bundles) == list(range(len(files.bundles)))
    else:
        assert code == 3
    installation.run("import", str(files.folder))
    assert whole(installation, files.bundles) == list(range(len(files.bundles)))
    assert set(there(installation).values()) == {1}
    assert server.stop() == 0
    assert f"{files.total:,} rows" in installation.verify()


def journal(installation: Installation) -> int:
    """Parts that an import has entered as done."""
    (row,) = ask(installation.data, "select count(*) from import_part where digest <> '\\x00'")
    return int(row["count"])


def settle(installation: Installation) -> None:
    """Until what a killed process left has ended: loaders notice that nobody feeds them."""

    def users() -> int:
        query = "select count(*) from pg_stat_activity where application_name like 'egide%'"
        (row,) = ask(installation.data, query + " and pid <> pg_backend_pid()")
        return int(row["count"])

    wait_for(lambda: users() == 0, "a process of the killed import still uses the engine")


class Storm:
    """Clients who post transactions, each a patient with observations under ids of their own."""

    SIZE = 20

    def __init__(self, server: Server, token: str, clients: int = 4) -> None:
        self.client = Client(server.port, token)
        self.asked: list[list[Place]] = []
        self.answers: dict[int, Answer | None] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._post) for _ in range(clients)]

    def __enter__(self) -> "Storm":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def stored(self) -> int:
        """Bundles that were answered with 200."""
        return sum(answer is not None and answer.status == 200 for answer in self.answers.values())

    def wait_for_more(self) -> None:
        """Until ten more are stored."""
        before = self.stored
        wait_for(lambda: self.stored >= before + 10, "nothing is stored any more")

    def _post(self) -> None:
        while not self._stop.is_set():
            subject = new_id()
            resources = [patient() | {"id": subject}]
            resources += [
                observation(f"Patient/{subject}") | {"id": new_id()} for _ in range(self.SIZE)
            ]
            places = [(str(each["resourceType"]), str(each["id"])) for each in resources]
            with self._lock:
                number = len(self.asked)
                self.asked.append(places)
            try:
                answer = self.client.post("", transaction(*map(putting, resources)))
            except OSError:  # the connection ended: nobody knows what became of it
                answer = None
            except Exception as error:
                answer = None
                assert "http.client" in type(error).__module__, error
            self.answers[number] = answer
            if answer is None or answer.status != 200:
                time.sleep(0.05)


def check(installation: Installation, storm: Storm) -> None:
    """All or nothing; what was answered with success is there; refused ones are not."""
    assert broken(installation, storm.asked) == []
    stored = set(whole(installation, storm.asked))
    said = {
        number
        for number, answer in storm.answers.items()
        if answer is not None and answer.status == 200
    }
    assert len(said) >= 20
    assert said <= stored, "what was answered with success is gone"
    refused = {
        number
        for number, answer in storm.answers.items()
        if answer is not None and answer.status not in (200, 500, 503)
    }
    assert not refused & stored
    for answer in storm.answers.values():
        if answer is not None and answer.status != 200:
            answer.refused(503)
    total = sum(len(storm.asked[number]) for number in stored)
    assert f"{total:,} rows" in installation.verify()


@pytest.fixture
def stormy(install: Install) -> Iterator[tuple[Installation, Server, str]]:
    installation = install().init()
    server = installation.serve()
    yield installation, server, installation.access_token()


def test_a_worker_killed_in_a_storm_is_replaced_and_nothing_is_half_there(
    stormy: tuple[Installation, Server, str],
) -> None:
    installation, server, token = stormy
    with Storm(server, token) as storm:
        for _ in range(3):
            storm.wait_for_more()
            victim = server.workers[0]
            end(victim)
            wait_for(
                lambda victim=victim: victim not in server.workers and len(server.workers) == 2,
                "no worker took the place of the killed one",
                alive=server.process,
            )
        storm.wait_for_more()
    assert server.log.count('"event":"worker.died"') == 3
    assert server.stop() == 0
    check(installation, storm)


def test_a_server_killed_in_a_storm_leaves_nothing_half_there(
    stormy: tuple[Installation, Server, str],
) -> None:
    """The supervisor alone: its workers notice, end what they have in hand, and leave."""
    installation, server, token = stormy
    workers = server.workers
    with Storm(server, token) as storm:
        storm.wait_for_more()
        storm.wait_for_more()
        end(server.process.pid)
        server.process.wait(60)
        wait_for(lambda: not any(map(alive, workers)), "workers outlive their server")
    settle(installation)
    check(installation, storm)
    again = installation.serve()
    assert Client(again.port, token).post("", transaction(putting(patient() | {"id": "x"}))).status
    assert again.stop() == 0
    installation.verify()


def is_another(installation: Installation, before: int) -> bool:
    """Whether an engine has started since the one with that process id."""
    try:
        return installation.postmaster != before
    except (FileNotFoundError, IndexError):
        return False


def test_the_engine_killed_in_a_storm_comes_back_with_all_that_was_answered(
    stormy: tuple[Installation, Server, str],
) -> None:
    installation, server, token = stormy
    with Storm(server, token) as storm:
        for _ in range(2):
            storm.wait_for_more()
            before = installation.postmaster
            end(before)
            # What it had started answers on for a moment, and its file stays until the next one's.
            wait_for(
                partial(is_another, installation, before),
                "no engine was started again",
                alive=server.process,
            )
            wait_for(
                lambda: Client(server.port).get("/health/ready").status == 200,
                "the server is not ready again",
                alive=server.process,
            )
            storm.wait_for_more()
    assert server.stop() == 0
    check(installation, storm)


def test_everything_killed_at_once_starts_again(stormy: tuple[Installation, Server, str]) -> None:
    """As when the power fails: server, workers and engine within the same moment."""
    installation, server, token = stormy
    with Storm(server, token) as storm:
        storm.wait_for_more()
        storm.wait_for_more()
        for pid in (server.process.pid, installation.postmaster, *server.workers):
            end(pid)
        server.process.wait(60)
    check(installation, storm)
    again = installation.serve()
    (row,) = ask(installation.data, "select count(*) from resource")
    assert row["count"] == sum(
        len(storm.asked[number]) for number in whole(installation, storm.asked)
    )
    assert again.stop() == 0
