"""`egide demo`: one command, and what it prints works."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.client import Client, resources
from tests.acceptance.installation import Installation, free_port, wait_for


class Demo:
    """A demonstration that runs in a folder of its own, told nothing by the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.starts = 0
        self.begin()

    def begin(self) -> None:
        self.starts += 1
        self.said = self.folder / f"demo-{self.starts}.out"
        order = [sys.executable, "-m", "egide", "demo", "--patients", "5", "--port", str(self.port)]
        with self.said.open("wb") as out, self.said.with_suffix(".log").open("wb") as log:
            self.process = subprocess.Popen(
                order, cwd=self.folder, env=self.environment, stdout=out, stderr=log
            )
        wait_for(
            lambda: "Try, in another terminal" in self.text, lambda: self.text, alive=self.process
        )
        wait_for(lambda: "ledger verify" in self.text, lambda: self.text, alive=self.process)

    @property
    def environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
        return {name: os.environ[name] for name in kept if name in os.environ}

    @property
    def text(self) -> str:
        return self.said.read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    made = Demo(tmp_path_factory.mktemp("demo"))
    yield made
    if made.process.poll() is None:
        made.stop()


def printed(demo: Demo) -> list[list[str]]:
    """The commands it prints, word by word."""
    lines = [line.strip() for line in demo.text.splitlines() if line.startswith("  ")]
    return [shlex.split(line) for line in lines if line]


def run(demo: Demo, command: list[str]) -> str:
    """One of its own commands, with the program where it is here."""
    assert command[0].endswith("bin/egide")
    order = [sys.executable, "-m", "egide", *command[1:]]
    done = subprocess.run(
        order, cwd=demo.folder, env=demo.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_printed_commands_work(demo: Demo) -> None:
    token_command, curl, verify = printed(demo)
    assert token_command[0].startswith("TOKEN=$(") and token_command[-1] == "access-token)"
    token = run(demo, [token_command[0].removeprefix("TOKEN=$("), "access-token"]).strip()
    assert curl[:2] == ["curl", "-H"]
    assert curl[2] == "Authorization: Bearer $TOKEN"
    base = f"http://127.0.0.1:{demo.port}/fhir"
    assert curl[3].startswith(base)
    answer = Client(demo.port, token).get(curl[3].removeprefix(base))
    assert len(resources(answer)) == 3
    assert {each["resourceType"] for each in resources(answer)} == {"Patient"}
    assert "Nothing was changed or removed" in run(demo, verify)


def test_it_says_that_its_records_are_synthetic_and_its_key_is_beside_them(demo: Demo) -> None:
    assert "synthetic" in demo.text and "Never put real records here" in demo.text
    assert re.search(r"Loaded [\d,]+ resources of 5 synthetic patients", demo.text)
    data = demo.folder / "egide-data"
    assert (data / "demo.key").stat().st_mode & 0o777 == 0o600
    assert (data / "demo").exists()


def test_it_starts_again_with_what_it_has(demo: Demo) -> None:
    assert demo.stop() == 0
    demo.begin()
    assert "The records were loaded before" in demo.text
    token = run(demo, [".venv/bin/egide", "access-token"]).strip()
    patients = resources(Client(demo.port, token).get("/Patient?_count=1000"))
    assert len(patients) == 5
    assert {each["meta"]["versionId"] for each in patients} == {"1"}


def test_it_leaves_an_installation_alone_that_is_no_demonstration(
    installation: Installation,
) -> None:
    done = installation.run("demo", "--port", "1", code=3)
    assert "no demonstration" in done.stderr
    assert not (installation.data / "demo").exists()
