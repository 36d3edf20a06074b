"""What docstrings and pages promise about tests is there."""

import re
from pathlib import Path

import pytest
from tests.house.conftest import ROOT, Module

_FILE = re.compile(r"tests/[a-z0-9_/]+\.py")
_NAME = re.compile(r"\btest_[a-z0-9_]+\b")


@pytest.fixture(scope="session")
def tests() -> dict[str, str]:
    """Path from the project's folder → text, of every file below `tests`."""
    return {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for path in (ROOT / "tests").rglob("*.py")
    }


@pytest.fixture(scope="session")
def said(modules: list[Module]) -> dict[str, str]:
    """Place → text, of all that may name a test."""
    pages = [ROOT / name for name in ("ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md")]
    pages += (ROOT / "docs").rglob("*.md")
    return {str(module.path): module.text for module in modules} | {
        str(page.relative_to(ROOT)): page.read_text("utf-8") for page in pages if page.exists()
    }


def test_every_test_file_that_is_named_exists(said: dict[str, str], tests: dict[str, str]) -> None:
    named = {(place, path) for place, text in said.items() for path in _FILE.findall(text)}
    assert named
    assert sorted(pair for pair in named if pair[1] not in tests) == []


def test_every_test_that_is_named_exists(said: dict[str, str], tests: dict[str, str]) -> None:
    files = {Path(path).stem for path in tests}
    functions = set(re.findall(r"^\s*(?:async )?def (test_\w+)", "\n".join(tests.values()), re.M))
    named = {
        (place, name)
        for place, text in said.items()
        for name in _NAME.findall(_FILE.sub("", text))
        if not name.startswith("test_r4_")
    }
    assert named
    missing = sorted(pair for pair in named if pair[1] not in functions | files)
    assert missing == []
