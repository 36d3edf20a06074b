"""The bench that plays the thief: it counts right, and what must hold holds."""

import asyncio
from pathlib import Path

import pytest

from egide.bench import leakage as bench
from egide.bench.leakage import Leakage, Plan, leakage, write_block
from egide.errors import Fault


@pytest.fixture(scope="module")
def found() -> Leakage:
    """A small run, on synthetic patients whatever samples there are."""
    patch = pytest.MonkeyPatch()
    patch.setattr(bench, "synthea", lambda: None)
    try:
        return asyncio.run(leakage(Plan(synthetic=24, draws=4, known=(1, 3), injected=(60,))))
    finally:
        patch.undo()


def test_who_knows_more_decodes_more(found: Leakage) -> None:
    shares = [attack.shares["status"] for attack in found.attacks]
    assert all(0 <= share <= 1 for attack in found.attacks for share in attack.shares.values())
    assert shares[-1] > shares[0], "injected records tell the terms of their values"
    assert found.attacks[1].note == "100% of known patients recognised"


@pytest.mark.parametrize(("of", "most"), [("name", 0.1), ("birthdate", 0.1), ("identifier", 0.1)])
def test_rare_values_are_not_read_from_frequencies(found: Leakage, of: str, most: float) -> None:
    frequencies, one = found.attacks[:2]
    assert found.terms[of] > 10
    assert frequencies.shares[of] <= most
    assert one.shares[of] <= 2 * most


def test_the_block_is_written_in_its_place_and_nowhere_else(found: Leakage, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n")
    with pytest.raises(Fault):
        write_block(page, found)
    begin, *_, end = bench.block(found).splitlines()
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    write_block(page, found)
    text = page.read_text()
    assert text.startswith("before\n<!--") and text.endswith("-->\nafter\n")
    assert "old" not in text and "| frequencies |" in text
