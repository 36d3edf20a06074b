"""A server's life: it starts once, shares its engine, stops when its work is done."""

import asyncio
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.client import JSON, Answer, Client, link, resources
from tests.acceptance.conftest import Install
from tests.acceptance.installation import (
    Installation,
    Server,
    alive,
    family,
    wait_for,
)
from tests.acceptance.records import observation, patient, posting, transaction

from egide.db.embedded import start


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose servers the tests start and stop."""
    made = Installation(tmp_path_factory.mktemp("house")).init()
    yield made
    made.end()


def one_line(text: str) -> str:
    """The one line a command that refuses says."""
    (line,) = text.strip().splitlines()
    assert line.startswith("egide: ")
    return line


def test_a_second_server_is_refused(server: Server, installation: Installation) -> None:
    done = installation.run("serve", "--port", "1", code=3)
    said = one_line(done.stderr)
    assert f"process {server.process.pid}" in said and "stop it first" in said
    assert done.stdout == ""
    assert Client(server.port).get("/health/ready").status == 200


def test_a_port_somebody_has_is_refused(house: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in one_line(
            house.run("serve", "--port", str(port), code=3).stderr
        )


def test_commands_join_the_running_server(server: Server, installation: Installation) -> None:
    before = installation.postmaster
    for command in (["access-token"], ["ledger", "verify"], ["clients", "list"], ["doctor"]):
        installation.run(*command)
    assert installation.postmaster == before
    assert Client(server.port).get("/health/ready").status == 200


def test_what_an_import_loads_is_served_at_once(
    server: Server, installation: Installation, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "one.json").write_text(json.dumps(patient("Arrivé") | {"id": "just-imported"}))
    installation.run("import", tmp_path / "one.json")
    assert client.get("/Patient/just-imported").json()["name"] == [{"family": "Arrivé"}]


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_leaves_no_process(house: Installation, asked: signal.Signals) -> None:
    server = house.serve()
    processes = [*family(server.process.pid), *family(house.postmaster)]
    house.client(server).post("/Patient", patient())
    server.process.send_signal(asked)
    assert server.process.wait(60) == 0
    assert [pid for pid in processes if alive(pid)] == [], "a process outlives the server"
    assert server.log.count('"event":"worker.stopped"') == 2
    assert '"level":"error"' not in server.log
    assert "ended without closing" not in house.verify()


def test_a_slow_upload_under_way_is_finished_by_a_stop(house: Installation) -> None:
    """Half of the body is there when SIGTERM comes; the rest follows, and the answer is given."""
    with house.serve(workers=1) as server:
        received = uploaded_slowly(server, house.access_token())
        assert received.startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(60) == 0
    id = json.loads(received.partition(b"\r\n\r\n")[2])["id"]
    with house.serve(workers=1) as again:
        assert house.client(again).get(f"/Patient/{id}").status == 200


def uploaded_slowly(server: Server, token: str) -> bytes:
    """The answer to an upload during which the server is told to stop."""
    body = json.dumps(patient("Lente")).encode()
    head = (
        f"POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: {JSON}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + body[:10])
        wait_for(lambda: in_flight(server) >= 1, "the request has not begun")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not ready(server), "a server that stops says it is ready")
        for byte in body[10:]:
            connection.sendall(bytes([byte]))
            time.sleep(0.005)
        return connection.recv(65536)


def in_flight(server: Server) -> int:
    """Requests being answered, less the one that asks."""
    text = Client(server.port).get("/metrics").body.decode()
    found = re.search(r"^egide_requests_in_flight ([\d.]+)$", text, re.M)
    assert found, text
    return int(float(found[1])) - 1


def ready(server: Server) -> bool:
    """Whether it takes requests and says so."""
    try:
        return Client(server.port).get("/health/ready").status == 200
    except OSError:
        return False


MANY = 40_000
"""Entries of a transaction that takes seconds."""


def test_a_big_transaction_under_way_is_finished_by_a_stop(house: Installation) -> None:
    answers: list[Answer] = []
    with house.serve(workers=1) as server:
        client = house.client(server)
        subject = client.post("/Patient", patient()).json()["id"]
        many = transaction(*(posting(observation(f"Patient/{subject}")) for _ in range(MANY)))
        thread = threading.Thread(target=lambda: answers.append(client.post("", many)))
        (worker,) = server.workers
        before = worked(worker)
        thread.start()
        wait_for(lambda: worked(worker) > before + 0.3, "the transaction has not begun")
        assert thread.is_alive(), "it was over before the stop"
        server.process.send_signal(signal.SIGTERM)
        thread.join(60)
        assert server.process.wait(60) == 0
    (answer,) = answers
    assert answer.status == 200
    assert len(answer.json()["entry"]) == MANY
    with house.serve(workers=1) as again:
        page = Client(again.port, client.token).get(f"/Observation?patient={subject}&_count=1000")
        assert len(resources(page)) == 1_000
        assert link(page, "next")


def worked(pid: int) -> float:
    """Seconds of processor a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_process_leaves_a_core_dump(server: Server, installation: Installation) -> None:
    pids = [*family(server.process.pid), *family(installation.postmaster)]
    assert len(pids) > 5
    for pid in pids:
        try:
            limits = Path(f"/proc/{pid}/limits").read_text()
        except FileNotFoundError:  # a backend that ended meanwhile
            continue
        assert re.search(r"Max core file size\s+0\s+0\s", limits), pid


def test_the_figures_are_those_of_all_workers(server: Server, client: Client) -> None:
    def counted() -> float:
        text = Client(server.port).get("/metrics").body.decode()
        rows = re.findall(
            r'^egide_request_seconds_count\{.*"/fhir/metadata".*\} (\S+)$', text, re.M
        )
        return sum(map(float, rows))

    assert len(server.workers) == 2
    before = counted()
    for _ in range(30):
        Client(server.port).get("/metadata")
    wait_for(lambda: counted() >= before + 30, "the workers' figures are not added up")
    assert "text/plain" in Client(server.port).get("/metrics").headers["content-type"]


def test_a_key_file_inside_the_data_is_refused(install: Install) -> None:
    """The copy of a data folder would hold its own key; a demonstration alone may."""
    installation = install()
    inside = installation.data / "keys" / "root.key"
    inside.parent.mkdir(parents=True)
    done = installation.run("init", code=3, EGIDE_KEY_FILE=str(inside))
    assert "inside the data folder" in one_line(done.stderr)
    assert not inside.exists()
    installation.run("init")
    inside.parent.mkdir(exist_ok=True)
    inside.write_bytes(installation.key_file.read_bytes())
    inside.chmod(0o600)
    for command in ("serve", "access-token"):
        done = installation.run(command, code=3, EGIDE_KEY_FILE=str(inside))
        assert "inside the data folder" in one_line(done.stderr)
    assert (
        "inside the data folder"
        in installation.run("doctor", code=1, EGIDE_KEY_FILE=str(inside)).stdout
    )
    # Nor by a detour.
    detour = installation.folder / "detour"
    detour.symlink_to(installation.data)
    done = installation.run("serve", code=3, EGIDE_KEY_FILE=str(detour / "keys" / "root.key"))
    assert "inside the data folder" in done.stderr


def test_a_key_file_others_can_read_is_refused(house: Installation) -> None:
    house.key_file.chmod(0o640)
    try:
        assert "chmod 600" in one_line(house.run("serve", code=3).stderr)
    finally:
        house.key_file.chmod(0o600)


def test_init_never_overwrites(house: Installation) -> None:
    before = house.key_file.read_bytes()
    assert "Kept the key file" in house.run("init").stdout
    assert house.key_file.read_bytes() == before


def test_settings_are_followed(house: Installation) -> None:
    """A public address, a smaller limit, one more port: all from the environment."""
    public = "https://fhir.example.org/egide"
    with house.serve(workers=1, EGIDE_BASE_URL=public, EGIDE_BODY_LIMIT="1000") as server:
        client = house.client(server)
        made = client.post("/Patient", patient())
        id = made.json()["id"]
        assert made.headers["location"] == f"{public}/fhir/Patient/{id}/_history/1"
        assert "strict-transport-security" in made.headers
        client.post("/Observation", observation(f"{public}/fhir/Patient/{id}"))
        found = client.get(f"/Observation?patient={public}/fhir/Patient/{id}")
        assert len(resources(found)) == 1
        assert str(link(found, "self")).startswith(f"{public}/fhir/Observation?")
        client.post("/Patient", patient("E" * 2000)).refused(413, "too-long")


async def external(installation: Installation, data: Path) -> Any:
    """Use another engine by its address, as an external PostgreSQL is used."""
    engine = await start(data)
    try:
        return await asyncio.to_thread(use_external, installation, engine.dsn)
    finally:
        await engine.stop()


def use_external(installation: Installation, dsn: str) -> None:
    installation.run("init", EGIDE_DATABASE_URL=dsn)
    with installation.serve(workers=1, EGIDE_DATABASE_URL=dsn) as server:
        token = installation.run("access-token", EGIDE_DATABASE_URL=dsn).stdout.strip()
        client = Client(server.port, token)
        id = client.post("/Patient", patient()).json()["id"]
        assert client.get(f"/Patient/{id}").status == 200
        assert dsn.encode() not in server.logged.read_bytes()
    assert not (installation.data / "postgres").exists()


def test_an_external_database_is_used_by_its_address(install: Install, tmp_path: Path) -> None:
    asyncio.run(external(install(), tmp_path / "elsewhere"))


WRONG: dict[str, tuple[list[str], dict[str, str], int]] = {
    "an unknown command": (["nonsense"], {}, 2),
    "an unknown option": (["serve", "--nonsense"], {}, 2),
    "a port that is none": (["serve", "--port", "99999999"], {}, 2),
    "a role that is none": (["access-token", "--role", "king"], {}, 2),
    "hours that are none": (["access-token", "--hours", "0"], {}, 2),
    "a file that is not there": (["import", "nowhere.json"], {}, 2),
    "a file of another kind": (["import", "/proc/version"], {}, 2),
    "an empty folder": (["import", "empty"], {}, 2),
    "no key file named": (["access-token"], {"EGIDE_KEY_FILE": ""}, 3),
    "no key file named at first": (["init"], {"EGIDE_KEY_FILE": ""}, 2),
    "a limit that is none": (["access-token"], {"EGIDE_BODY_LIMIT": "much"}, 2),
    "a time zone that is none": (["access-token"], {"EGIDE_ZONE": "Mars/Olympus"}, 2),
    "a database that is none": (["access-token"], {"EGIDE_DATABASE_URL": "postgresql://:1/x"}, 3),
    "a data folder that cannot be": (["access-token"], {"EGIDE_DATA": "/proc/version/x"}, 3),
    "a client that is none": (["clients", "disable", "nobody"], {}, 2),
    "a copy that is none": (["keys", "restore", "/proc/version"], {}, 3),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_command_that_cannot_be_done_says_why_and_leaves_with_its_code(
    house: Installation, why: str
) -> None:
    (house.folder / "empty").mkdir(exist_ok=True)
    command, settings, code = WRONG[why]
    done = house.run(*command, code=code, **settings)
    assert done.stdout == ""
    said = done.stderr.strip()
    assert said and "Error(" not in said and ".py" not in said
    if code == 3 or why in ("a role that is none", "a file that is not there"):
        one_line(said)


def test_help_is_there_for_every_command(house: Installation) -> None:
    listed = house.run("--help").stdout
    for command in ("init", "serve", "demo", "import", "access-token", "ledger", "doctor", "bench"):
        assert re.search(rf"\b{command}\b", listed), command
    assert "--workers" in house.run("serve", "--help").stdout
