"""No plaintext at rest: what a thief of the disk, a dump, the logs or the figures reads.

Two installations hold the same records: one got them over HTTP and serves, the other imported them.
In the first people signed in, let an application in, came from elsewhere and broke a glass.
"""

import asyncio
import base64
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import zstandard
from tests.acceptance.client import Client
from tests.acceptance.conftest import Install
from tests.acceptance.installation import Installation, family
from tests.acceptance.living import BOUND, CONTEXT, REASON, TABLES, Lived, known_of, live
from tests.acceptance.loading import Imported, Posted, Sample
from tests.acceptance.thief import (
    ask,
    columns,
    dump,
    files,
    found,
    legible,
    without_fractions,
    words_of,
)
from tests.integration.accounts.people.conftest import LOGIN, NAME

from egide.db.embedded import start
from egide.seal.providers import FileProvider

Loaded = Posted | Imported


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """The text of an installation that has served and holds no record."""
    installation = Installation(tmp_path_factory.mktemp("fresh")).init()
    with installation.serve(workers=1) as server:
        metrics = Client(server.port).get("/metrics").body
        Client(server.port).get("/metadata")
    whole = [content for _, content in files(installation.data)]
    yield b"\n".join(map(legible, [*whole, metrics, server.logged.read_bytes()]))
    installation.end()


@pytest.fixture(scope="module")
def lived(posted: Posted) -> Lived:
    """What people did in the first installation, in every table that tells of them."""
    [patient, *_] = [
        each["response"]["location"].split("/")[1]
        for answer in posted.answers
        for each in answer["entry"]
        if each["response"]["location"].startswith("Patient/")
    ]
    return live(posted.installation, patient)


@pytest.fixture(scope="module")
def words(samples: list[Sample], fresh: bytes, lived: Lived) -> set[bytes]:
    """What tells who somebody is, what ails him or how he signs in; PostgreSQL's own words taken
    out."""
    resources = [entry["resource"] for sample in samples for entry in sample.entries]
    all = words_of(resources)
    own = found(fresh, all)
    # "generated" is a word of narratives and of PostgreSQL's catalogue; a name is not.
    persons = [each for each in resources if each["resourceType"] in ("Patient", "Practitioner")]
    assert not own & {word for word in words_of(persons) if not word.isalpha()}
    assert len(own) < 20, own
    kept = all - own
    assert len(kept) > 1_000
    assert not found(fresh, lived.words)
    return kept | lived.words


@pytest.fixture(scope="module", params=["posted", "imported"])
def loaded(request: pytest.FixtureRequest, lived: Lived) -> Loaded:
    """The installation that was posted to and serves, then the one that imported."""
    made: Loaded = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def disk(loaded: Loaded) -> dict[str, bytes]:
    """Every file of the data folder, after all is written out."""
    ask_plainly(loaded.installation.data, "checkpoint")
    found = dict(files(loaded.installation.data))
    assert any("/pg_wal/0" in name for name in found)
    assert any(name.startswith("log/postgres/") for name in found)
    return found


def ask_plainly(data: Path, statement: str) -> None:
    async def execute() -> None:
        engine = await start(data)
        connection = await asyncpg.connect(engine.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
            await engine.stop()

    asyncio.run(execute())


def test_what_is_looked_for_is_there_and_opens_with_the_keys(posted: Posted, lived: Lived) -> None:
    """Else nothing would be found because there is nothing."""
    data = posted.installation.data
    empty = [each for each in (*TABLES, "glass") if not ask(data, f"select 1 from {each} limit 1")]
    assert empty == []
    assert known_of(posted.installation, lived) == [lived.account, NAME, BOUND, CONTEXT, REASON]


def test_what_is_looked_for_would_be_found(
    words: set[bytes], samples: list[Sample], lived: Lived
) -> None:
    """The search itself works: in the bundles as they were sent everything is found."""
    raw = b"\n".join(sample.raw for sample in samples)
    assert len(found(raw.lower(), words)) > 0.9 * len(words)
    assert len(lived.words) > 30
    assert found(lived.raw.lower(), words) >= lived.words
    name = "Rousseau de Synthèse".encode()
    for written in (
        name,
        name.upper(),
        name.decode().encode("utf-16-le"),
        b"." + name.decode().encode("utf-16-be"),
        name.hex().encode(),
        base64.b64encode(b"x" + name),
        b"xyz" + base64.urlsafe_b64encode(name),
    ):
        assert found(legible(b"\x00\x01" + written + b"\xff"), {b"rousseau de"}), written
    for written in (b'"value":"746827055"', b"urn:oid:1.2|746827055", b"\x09746827055\xff"):
        assert found(legible(written), {b"746827055"}), written
    assert not found(legible(b"-4318746827055210934"), {b"746827055"})


@pytest.fixture(scope="module")
def text(disk: dict[str, bytes]) -> dict[str, bytes]:
    """What reads as text in each file."""
    return {
        name: legible(without_fractions(content) if name.startswith("run/figures/") else content)
        for name, content in disk.items()
    }


@pytest.fixture(scope="module")
def dumped(loaded: Loaded) -> bytes:
    """A dump by PostgreSQL's own program."""
    return dump(loaded.installation.data)


def test_no_file_of_the_data_folder_holds_a_word_of_a_record(
    text: dict[str, bytes], words: set[bytes]
) -> None:
    there = {name: found(content, words) for name, content in text.items()}
    assert {name: some for name, some in there.items() if some} == {}


def test_a_dump_holds_no_word_of_a_record(dumped: bytes, words: set[bytes]) -> None:
    assert dumped.count(b"\n") > 1_000
    # Days of events are readable, and said so: some are also the day somebody was born on.
    days = set(re.findall(rb"\b\d{4}-\d\d-\d\d\b", dumped))
    assert found(legible(dumped), words - days) == set()


def test_logs_and_figures_hold_no_word_of_a_record(posted: Posted, words: set[bytes]) -> None:
    said = posted.server.logged.read_bytes() + posted.server.said.read_bytes()
    assert b'"event":"request"' in said
    metrics = posted.client.get("/metrics").body
    assert b"egide_" in metrics
    assert found(legible(without_fractions(said + metrics)), words) == set()


def sealed(data: Path) -> list[bytes]:
    return [row["sealed"] for row in ask(data, "select sealed from resource limit 20000")]


def test_sealed_bytes_do_not_compress(loaded: Loaded) -> None:
    bodies = sealed(loaded.installation.data)
    assert len(bodies) > 1_000
    # The two bytes of format and dictionary in front are the same for many.
    together = b"".join(body[2:] for body in bodies)
    for packed in (
        zlib.compress(together, 9),
        zstandard.ZstdCompressor(level=12).compress(together),
    ):
        assert len(packed) > 0.999 * len(together)


def test_the_same_body_is_never_the_same_sealed(loaded: Loaded) -> None:
    bodies = sealed(loaded.installation.data)
    nonces = [body[2:14] for body in bodies]
    assert len(set(nonces)) == len(nonces)
    assert len({body[14:30] for body in bodies}) == len(bodies)


def test_lengths_come_in_steps(loaded: Loaded) -> None:
    assert {(len(body) - 30) % 32 for body in sealed(loaded.installation.data)} == {0}


def test_two_installations_share_no_term_and_no_run_of_16_bytes(
    posted: Posted, imported: Imported
) -> None:
    """The same names, codes and identifiers under other keys are other terms and other bytes."""
    query = "select distinct unnest(array_remove(terms || lead, null)) as term from resource"
    terms = [
        {row["term"] for row in ask(each.installation.data, query)} for each in (posted, imported)
    ]
    assert min(map(len, terms)) > 1_000
    assert not terms[0] & terms[1]
    first, second = (runs(each) for each in (posted, imported))
    # A run of 16 bytes that both have holds a block of 8 that begins at a multiple of 8 in one.
    blocks = set(memoryview(first[: len(first) // 8 * 8]).cast("Q"))
    for shift in range(8):
        whole = second[shift:]
        assert not blocks.intersection(memoryview(whole[: len(whole) // 8 * 8]).cast("Q")), shift


def runs(loaded: Loaded) -> bytes:
    """Sealed bytes, ids, keyed hashes and wrapped keys; the two bytes in front of bodies apart."""
    data = loaded.installation.data
    parts = [body[2:] for body in sealed(data)[:10_000]]
    queries = [
        "select uuid_send(id) from resource",
        "select uuid_send(owner) from data_key",
        "select wrapped from data_key",
        "select uuid_send(target) from (select distinct target from ref) each",
        "select digest from import_part where digest <> '\\x00'",
        "select substr(sealed, 3) from ledger_entry",
        "select mac from ledger_entry",
    ]
    for query in queries:
        parts += [row[0] for row in ask(data, query)]
    return b"".join(parts)


@pytest.fixture(scope="module")
def values(samples: list[Sample]) -> list[str]:
    """Identifiers, names and birth dates of some who are in there, a whole id, and a login."""
    patients = [
        entry["resource"]
        for sample in samples
        for entry in sample.entries
        if entry["resource"]["resourceType"] == "Patient"
    ]
    assert BOUND.patient is not None
    chosen = [LOGIN, NAME, NAME.lower(), BOUND.patient, f"Patient/{BOUND.patient}"]
    for patient in patients[:1]:
        identifier = patient["identifier"][0]
        name = patient["name"][0]
        value = identifier["value"]
        chosen += [value, f"{identifier['system']}|{value}", name["family"], name["family"].lower()]
        chosen += [
            name["given"][0],
            patient["birthDate"],
            patient["id"],
            f"Patient/{patient['id']}",
        ]
    return chosen


def digests(value: str) -> Iterator[bytes]:
    """`value` under every hash there is without a key."""
    for name in sorted(hashlib.algorithms_available):
        try:
            made = hashlib.new(name, value.encode())
        except ValueError:  # known and not built in
            continue
        yield made.digest(32) if made.digest_size == 0 else made.digest()  # type: ignore[call-arg]


@pytest.mark.parametrize("loaded", ["posted"], indirect=True)
def test_no_unkeyed_hash_of_a_value_is_anywhere(
    loaded: Loaded, disk: dict[str, bytes], text: dict[str, bytes], values: list[str]
) -> None:
    """Whole or cut to 64 bits, either end first, raw or in hex."""
    assert len(list(digests("x"))) >= 14
    stored = columns(loaded.installation.data)
    assert len(stored) > 100_000
    hexes = set()
    for value in values:
        for digest in digests(value):
            hexes.add(digest.hex()[:16].encode())
            for piece in (digest[:8], digest[-8:]):
                assert piece not in stored
                assert piece[::-1] not in stored
    assert found(b"\n".join(text.values()), hexes) == set()
    whole = b"".join(disk.values())
    for digest in digests(values[-1]):
        assert digest[:8] not in whole


def secrets_of(installation: Installation) -> dict[str, bytes]:
    """Every key there is in memory: the root, the epochs, what is derived, data keys."""
    provider = FileProvider.load(installation.key_file)
    content = provider._content
    ring = provider.ring()
    keys = {"the root": content.root, "the derived secret": ring._secret}
    keys |= {f"epoch {number}": epoch.key for number, epoch in content.epochs.items()}
    purposes = (
        "blind-index",
        "ledger-mac",
        "ledger-body",
        "ledger-checkpoint",
        "cursor",
        "accounts",
        "people",
        "federation",
        "glass",
        "web",
        "import-part",
    )
    keys |= {purpose: ring.derive(purpose) for purpose in purposes}
    query = "select number, epoch, wrapped from data_key order by kind desc limit 5"
    for row in ask(installation.data, query):
        keys[f"data key {row['number']}"] = ring.unwrap(row["wrapped"], row["number"], row["epoch"])
    return keys


@pytest.mark.parametrize("loaded", ["posted"], indirect=True)
def test_no_key_is_in_the_data_a_dump_or_a_log(
    loaded: Loaded, disk: dict[str, bytes], text: dict[str, bytes], dumped: bytes
) -> None:
    keys = secrets_of(loaded.installation)
    assert len(keys) > 12
    written = b"".join(disk.values()) + columns(loaded.installation.data)
    said = dumped
    if isinstance(loaded, Posted):
        said += loaded.server.logged.read_bytes() + loaded.client.get("/metrics").body
    spelled = set()
    for name, key in keys.items():
        assert key[:16] not in written, name
        spelled.add(key.hex()[:24].encode())
        spelled.add(base64.b64encode(key)[:24].lower())
        spelled.add(base64.urlsafe_b64encode(key)[:24].lower())
    assert found(b"\n".join([*text.values(), said.lower()]), spelled) == set()


def test_no_key_and_no_password_is_in_what_a_process_shows(posted: Posted) -> None:
    """Arguments and environment of the server, its workers and the engine."""
    keys = secrets_of(posted.installation)
    password = (posted.installation.data / "postgres.password").read_text().strip()
    shown = [password, *(key.hex() for key in keys.values())]
    shown += [base64.b64encode(key).decode() for key in keys.values()]
    pids = [*family(posted.server.process.pid), *family(posted.installation.postmaster)]
    assert len(pids) > 5
    assert len(posted.server.workers) == 2
    for pid in pids:
        for name in ("environ", "cmdline"):
            try:
                content = Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:  # a backend that ended meanwhile
                continue
            for secret in shown:
                assert secret.encode() not in content, (pid, name)
            assert all(key[:8] not in content for key in keys.values()), (pid, name)


def test_files_of_the_installation_are_its_owners_alone(posted: Posted) -> None:
    data = posted.installation.data
    assert posted.installation.key_file.stat().st_mode & 0o777 == 0o600
    assert (data / "postgres.password").stat().st_mode & 0o777 == 0o600
    for folder in ("postgres", "log/postgres", "run/figures"):
        assert (data / folder).stat().st_mode & 0o077 == 0, folder


@pytest.fixture(scope="module")
def lost(imported: Imported) -> Any:
    """The imported installation as whoever took its data has it: without the key file."""
    there = imported.installation.key_file
    away = there.rename(there.with_name("elsewhere.key"))
    yield imported.installation
    there.unlink(missing_ok=True)
    away.rename(there)


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["doctor"],
        ["access-token"],
        ["import", "."],
        ["ledger", "verify"],
        ["keys", "epoch"],
        ["erase", "Patient/1", "--yes"],
    ],
)
def test_without_the_key_file_nothing_starts(lost: Installation, command: list[str]) -> None:
    (lost.folder / "empty.json").write_text("{}")
    done = lost.run(*command, code=None)
    assert done.returncode in (1, 3)
    said = (done.stdout + done.stderr).strip()
    assert "no key file" in said and "without it no record opens" in said
    assert len([line for line in said.splitlines() if "key file" in line]) == 1


@pytest.mark.parametrize("command", [["serve"], ["doctor"], ["access-token"], ["import", "."]])
def test_with_the_key_file_of_another_nothing_opens(
    lost: Installation, install: Install, command: list[str]
) -> None:
    other = install()
    FileProvider.create(other.key_file)
    lost.key_file.unlink(missing_ok=True)
    lost.key_file.write_bytes(other.key_file.read_bytes())
    lost.key_file.chmod(0o600)
    keys = ask(lost.data, "select count(*), max(number) from data_key")
    done = lost.run(*command, code=None)
    assert done.returncode in (1, 3), done.stdout
    said = (done.stdout + done.stderr).strip()
    assert "another installation" in said, said
    # Nothing was made under the wrong key either.
    assert ask(lost.data, "select count(*), max(number) from data_key") == keys
