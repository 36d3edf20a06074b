"""Words that may stand nowhere: promises nobody can keep, and places on somebody's machine."""

import re
from pathlib import Path

import pytest
from tests.house.conftest import ROOT

HERE = Path(__file__).relative_to(ROOT)
SUFFIXES = {".py", ".md", ".toml", ".sql", ".cfg", ".yml", ".yaml", ".txt", ".lock"}
_PLACES = re.compile(
    r"(?<![\w.])/(?:work|home|Users)/\w+|https?://[\w.]*(?:artifactory|nexus)[\w.]*"
)
_PROMISES = re.compile(r"zero[- ]knowledge|military[- ]grade|unhackable|bank[- ]grade", re.I)


@pytest.fixture(scope="session")
def texts() -> dict[Path, str]:
    """Path → text, of every text of the project that is ours to write."""
    found = {}
    for folder in ("src", "tests", "docs", "scripts", "bench"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SUFFIXES and path.is_file():
                found[path.relative_to(ROOT)] = path.read_text("utf-8")
    for path in ROOT.iterdir():
        if path.is_file() and (path.suffix in SUFFIXES or path.name == "Makefile"):
            found[path.relative_to(ROOT)] = path.read_text("utf-8")
    del found[HERE]
    return found


@pytest.mark.parametrize("words", [_PLACES, _PROMISES], ids=["places", "promises"])
def test_these_words_stand_nowhere(texts: dict[Path, str], words: re.Pattern[str]) -> None:
    assert len(texts) > 200
    found = [
        (str(path), match[0]) for path, text in texts.items() for match in words.finditer(text)
    ]
    assert found == []


def test_the_lock_files_name_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index-url|--extra-index-url", text)
