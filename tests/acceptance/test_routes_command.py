"""`egide routes` lists every address there is, with what it does and for whom."""

from pathlib import Path

from tests.acceptance.installation import Installation

from egide.cli.routes import ANYONE, rows


def test_every_address_is_listed_with_its_interaction_and_roles(tmp_path: Path) -> None:
    """Without an installation, a key or an engine: it tells of the program."""
    lines = Installation(tmp_path).run("routes").stdout.splitlines()
    assert lines[0].split() == ["method", "address", "interaction", "roles"]
    said = [line.split() for line in lines[1:]]
    everything = list(rows())
    assert len(everything) > 50
    for method, address, interaction, roles in everything:
        words = [method, address, *filter(None, [interaction])]
        there = [line for line in said if line[: len(words)] == words]
        assert there, words
        assert any(line[len(words) :][:1] == roles.split()[:1] for line in there), words
    assert not (tmp_path / "data").exists()


def test_health_is_for_anyone_and_records_are_not(tmp_path: Path) -> None:
    listed = Installation(tmp_path).run("routes").stdout.splitlines()
    (health,) = [line for line in listed if line.split()[:2] == ["GET", "/health/live"]]
    assert ANYONE in health
    for line in listed:
        if "/fhir/{type}/{id}" in line:
            assert ANYONE not in line
