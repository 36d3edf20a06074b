"""What can be said of the engine's folders and programs without starting it."""

from pathlib import Path

from egide.db.cluster import open_to_all, programs, write_private


def test_the_programs_are_found_without_importing_their_package():
    assert programs().parts[-2:] == ("pginstall18", "bin")


def test_a_folder_below_a_private_one_is_not_open_to_all(tmp_path: Path):
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    assert not open_to_all(inner)
    assert open_to_all(Path("/usr/bin"))


def test_a_private_file_is_replaced_and_nobody_else_may_read_it(tmp_path: Path):
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
