import os
import pickle
import stat
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from egide.errors import Conflict, Fault, Unavailable
from egide.seal.keyring import KeyMissing
from egide.seal.providers import FileProvider, private

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder / "egide.key"


def test_a_new_file_is_for_its_owner_alone_and_loads_again(path: Path, data: Path) -> None:
    made = FileProvider.create(path, data=data, clock=lambda: NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = FileProvider.load(path, data=data)
    assert loaded.establishment == made.establishment
    assert loaded.epochs == {1: ("current", NOW)}
    one, two = made.ring(), loaded.ring()
    assert two.unwrap(one.wrap(KEY, 5), 5, 1) == KEY
    assert one.derive("cursor") == two.derive("cursor")


def test_the_establishment_may_be_given(path: Path) -> None:
    known = uuid.uuid4()
    assert FileProvider.create(path, establishment=known).ring().establishment == known


def test_the_ring_does_not_hold_the_root(path: Path) -> None:
    provider = FileProvider.create(path)
    assert provider._content.root not in provider.ring().to_bytes()


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    FileProvider.create(path)
    before = path.read_bytes()
    with pytest.raises(Conflict, match="exists"):
        FileProvider.create(path)
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be made"):
        FileProvider.create(tmp_path / "absent" / "egide.key")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o660, 0o777])
def test_a_file_others_can_read_is_refused(path: Path, mode: int) -> None:
    FileProvider.create(path)
    path.chmod(mode)
    with pytest.raises(Unavailable, match="chmod 600"):
        FileProvider.load(path)


def test_a_file_only_its_owner_can_read_is_taken(path: Path) -> None:
    FileProvider.create(path)
    path.chmod(0o400)
    assert FileProvider.load(path).epoch == 1


def test_a_file_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileProvider.create(path)
    if os.getuid() == 0:
        os.chown(path, 12345, 12345)
        monkeypatch.setattr(os, "geteuid", lambda: 54321)
    else:
        pytest.skip("only root can give a file to another user")
    with pytest.raises(Unavailable, match="another user"):
        FileProvider.load(path)


def test_a_file_inside_the_data_is_refused(data: Path) -> None:
    inside = data / "deep" / "egide.key"
    inside.parent.mkdir()
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.create(inside, data=data)
    assert not inside.exists()
    FileProvider.create(inside)
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.load(inside, data=data)
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.load(inside, data=data.parent / "data" / ".." / "data")


def test_a_demo_may_keep_its_file_inside_the_data(data: Path) -> None:
    FileProvider.create(data / "egide.key", data=data, demo=True)
    assert FileProvider.load(data / "egide.key", data=data, demo=True).epoch == 1


def test_a_link_into_the_data_is_refused(path: Path, data: Path) -> None:
    FileProvider.create(data / "egide.key")
    path.symlink_to(data / "egide.key")
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.load(path, data=data)


def test_a_linked_folder_into_the_data_is_refused(path: Path, data: Path) -> None:
    (path.parent / "linked").symlink_to(data, target_is_directory=True)
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.create(path.parent / "linked" / "egide.key", data=data)


def test_a_link_out_of_the_data_is_refused(path: Path, data: Path) -> None:
    FileProvider.create(path, data=data)
    (data / "egide.key").symlink_to(path)
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.load(data / "egide.key", data=data)


def test_a_linked_data_folder_is_still_the_data(path: Path, data: Path) -> None:
    FileProvider.create(data / "egide.key")
    alias = data.parent / "alias"
    alias.symlink_to(data, target_is_directory=True)
    with pytest.raises(Unavailable, match="inside the data folder"):
        FileProvider.load(data / "egide.key", data=alias)


def test_a_file_with_a_second_name_is_refused(path: Path, data: Path) -> None:
    FileProvider.create(path)
    (data / "hidden").hardlink_to(path)
    with pytest.raises(Unavailable, match="hard link"):
        FileProvider.load(path, data=data)


def test_a_link_elsewhere_is_followed_and_stays(path: Path, tmp_path: Path, data: Path) -> None:
    FileProvider.create(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    FileProvider.load(link, data=data).new_epoch()
    assert link.is_symlink()
    assert FileProvider.load(path).epoch == 2


def test_a_missing_file_is_said_clearly(path: Path) -> None:
    with pytest.raises(Unavailable, match="no key file at"):
        FileProvider.load(path)


def test_a_folder_or_a_pipe_is_no_key_file(path: Path) -> None:
    path.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match="not a file"):
        FileProvider.load(path)
    os.mkfifo(path.with_name("pipe"), 0o600)
    with pytest.raises(Unavailable, match="not a file"):
        FileProvider.load(path.with_name("pipe"))


def test_a_missing_folder_and_a_circle_of_links_are_said_clearly(path: Path) -> None:
    with pytest.raises(Unavailable, match="no key file at"):
        FileProvider.load(path.parent / "absent" / "egide.key")
    path.symlink_to(path)
    with pytest.raises(Unavailable):
        FileProvider.load(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-5],
        lambda raw: b"\xff" + raw,
        lambda raw: b"[]",
        lambda raw: b"{}",
        lambda raw: raw.replace(b"egide-keys-1", b"egide-keys-2"),
        lambda raw: raw.replace(b'"current"', b'"retiring"'),
        lambda raw: raw.replace(b'"made": "20', b'"made": "21'),
        lambda raw: raw.replace(b'"root": "', b'"root": "AAAA'),
    ],
)
def test_a_damaged_file_is_refused(path: Path, spoil: Callable[[bytes], bytes]) -> None:
    FileProvider.create(path)
    raw = path.read_bytes()
    assert spoil(raw) != raw
    path.write_bytes(spoil(raw))
    with pytest.raises(Unavailable, match="damaged"):
        FileProvider.load(path)


def test_a_change_of_any_character_of_a_key_is_found(path: Path) -> None:
    FileProvider.create(path)
    raw = path.read_bytes()
    start = raw.index(b'"key": "') + 8
    for place in range(start, start + 43):
        # Of the last character two bits mean nothing: A and B would be the same key.
        other = b"A" if raw[place : place + 1] != b"A" else b"Q"
        path.write_bytes(raw[:place] + other + raw[place + 1 :])
        with pytest.raises(Unavailable, match="damaged"):
            FileProvider.load(path)


def test_a_new_epoch_wraps_and_the_old_one_still_unwraps(path: Path) -> None:
    provider = FileProvider.create(path, clock=lambda: NOW)
    old = provider.ring().wrap(KEY, 5)
    assert provider.new_epoch() == 2
    assert {n: state for n, (state, _) in provider.epochs.items()} == {
        1: "retiring",
        2: "current",
    }
    ring = FileProvider.load(path).ring()
    assert (ring.epoch, ring.epochs) == (2, (1, 2))
    assert ring.unwrap(old, 5, 1) == KEY
    assert ring.derive("cursor") == provider.ring().derive("cursor")


def test_a_destroyed_epoch_is_gone_from_the_file_and_from_its_old_bytes(path: Path) -> None:
    provider = FileProvider.create(path)
    old = provider.ring().wrap(KEY, 5)
    provider.new_epoch()
    secret = provider._content.epochs[1].key
    with path.open("rb") as before:
        provider.destroy_epoch(1)
        overwritten = before.read()
    assert overwritten == bytes(len(overwritten))
    assert len(overwritten) > 100
    after = FileProvider.load(path)
    assert secret not in {epoch.key for epoch in after._content.epochs.values()}
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    with pytest.raises(KeyMissing):
        after.ring().unwrap(old, 5, 1)
    assert after.new_epoch() == 3


def test_the_current_or_an_absent_epoch_is_not_destroyed(path: Path) -> None:
    provider = FileProvider.create(path)
    with pytest.raises(Conflict, match="current"):
        provider.destroy_epoch(1)
    with pytest.raises(Conflict, match="not in the key file"):
        provider.destroy_epoch(2)
    assert FileProvider.load(path).epochs == provider.epochs


def test_an_old_provider_object_does_not_undo_a_newer_change(path: Path) -> None:
    one, two = FileProvider.create(path), FileProvider.load(path)
    assert one.new_epoch() == 2
    assert two.new_epoch() == 3
    assert tuple(FileProvider.load(path).epochs) == (1, 2, 3)


def test_changes_made_at_once_are_all_kept(path: Path) -> None:
    FileProvider.create(path)
    providers = [FileProvider.load(path) for _ in range(8)]
    threads = [threading.Thread(target=provider.new_epoch) for provider in providers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tuple(FileProvider.load(path).epochs) == tuple(range(1, 10))


def test_a_change_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = FileProvider.create(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private.os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        provider.new_epoch()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert provider.epoch == 1


def test_what_an_interrupted_change_left_is_removed(path: Path) -> None:
    provider = FileProvider.create(path)
    stray = path.with_name(f".{path.name}.0123abcd")
    other = path.with_name(".another.key.0123abcd")
    for each in (stray, other):
        each.write_bytes(path.read_bytes())
    with stray.open("rb") as before:
        provider.new_epoch()
        overwritten = before.read()
    assert overwritten == bytes(len(overwritten))
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, other.name}


def test_a_change_by_root_keeps_the_owner(path: Path) -> None:
    provider = FileProvider.create(path)
    if os.getuid() != 0:
        pytest.skip("only root can change the file of another user")
    os.chown(path, 12345, 23456)
    provider.new_epoch()
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 23456, 0o600)


def test_nothing_said_of_a_provider_shows_a_key(path: Path) -> None:
    provider = FileProvider.create(path)
    content = provider._content
    text = repr(provider) + str(provider) + repr(content) + repr(content.epochs)
    for secret in (content.root, content.epochs[1].key):
        assert secret.hex() not in text
        assert repr(secret)[2:-1] not in text
    with pytest.raises(Fault):
        pickle.dumps(provider)
