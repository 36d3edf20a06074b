"""Where an export goes: refused folders first, then what lies there."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from pyrage import x25519

from egide.errors import Conflict, Forbidden, Incorrect, Unavailable
from egide.exchange.bulk import Destination, recipient, require_plain

LINES = b'{"resourceType":"Patient","id":"a"}\n'


@pytest.fixture
def identity() -> x25519.Identity:
    return x25519.Identity.generate()


def test_plain_files_need_a_folder_that_was_named(tmp_path: Path) -> None:
    with pytest.raises(Incorrect, match="--recipient"):
        require_plain(tmp_path, None)


def test_plain_files_go_nowhere_else(tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir(mode=0o700)
    (named / "link").symlink_to(tmp_path)
    for elsewhere in (tmp_path, tmp_path / "named-too", named / "..", named / "link"):
        with pytest.raises(Forbidden):
            require_plain(elsewhere, named)
    require_plain(named, named)
    require_plain(named / "below", named)


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    named = tmp_path / "named"
    named.mkdir()
    named.chmod(mode)
    with pytest.raises(Forbidden, match="0700"):
        require_plain(named, named)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        require_plain(tmp_path / "absent", tmp_path / "absent")


@pytest.mark.parametrize("text", ["", "age1abc", "ssh-ed25519 AAAA", "/etc/passwd"])
def test_what_is_no_public_key_is_no_recipient(text: str) -> None:
    with pytest.raises(Incorrect, match="age1"):
        recipient(text)


def test_a_secret_key_is_refused_and_not_repeated(identity: x25519.Identity) -> None:
    with pytest.raises(Incorrect) as refused:
        recipient(str(identity))
    assert str(identity)[20:] not in str(refused.value)


def test_what_was_put_opens_with_the_recipients_identity_and_no_other(
    tmp_path: Path, identity: x25519.Identity
) -> None:
    destination = Destination(tmp_path / "out", [identity.to_public()])
    big = LINES * 50_000
    for _ in range(3):
        destination.put("Patient", big)
    (path,) = destination.complete()
    sealed = path.read_bytes()
    assert path.name == "Patient.ndjson.age"
    assert pyrage.decrypt(sealed, [identity]) == big * 3
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [x25519.Identity.generate()])
    assert b"Patient" not in sealed
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"


def test_every_recipient_opens_it(tmp_path: Path, identity: x25519.Identity) -> None:
    other = x25519.Identity.generate()
    destination = Destination(tmp_path, [identity.to_public(), other.to_public()])
    destination.put("Patient", LINES)
    (path,) = destination.complete()
    assert {pyrage.decrypt(path.read_bytes(), [each]) for each in (identity, other)} == {LINES}


def test_nothing_is_overwritten(tmp_path: Path, identity: x25519.Identity) -> None:
    for recipients, name in (
        ([identity.to_public()], "Patient.ndjson.age"),
        ([], "Patient.ndjson"),
    ):
        (tmp_path / name).write_bytes(b"there")
        destination = Destination(tmp_path, recipients)
        with pytest.raises(Conflict):
            destination.put("Patient", LINES)
        destination.discard()
        assert (tmp_path / name).read_bytes() == b"there"


@pytest.mark.parametrize("sealed", [True, False])
def test_what_is_not_complete_leaves_no_file(
    tmp_path: Path, identity: x25519.Identity, sealed: bool
) -> None:
    destination = Destination(tmp_path, [identity.to_public()] if sealed else [])
    destination.put("Patient", LINES)
    assert len(list(tmp_path.iterdir())) == 1
    destination.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file grows beyond 1 MB: as when the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("sealed", [True, False])
def test_a_full_disk_is_said_and_leaves_no_file(
    tmp_path: Path, identity: x25519.Identity, sealed: bool
) -> None:
    destination = Destination(tmp_path, [identity.to_public()] if sealed else [])
    with pytest.raises(Unavailable):
        for _ in range(10):
            destination.put("Patient", LINES * 10_000)
        destination.complete()
    destination.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_link_laid_where_a_file_will_be_is_not_followed(
    tmp_path: Path, identity: x25519.Identity
) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"mine")
    (tmp_path / "Patient.ndjson.age.part").symlink_to(target)
    destination = Destination(tmp_path, [identity.to_public()])
    with pytest.raises(Unavailable):
        destination.put("Patient", LINES)
    assert target.read_bytes() == b"mine"
