"""French and English are complete: every word a page says, and no word nobody says."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from egide.web.languages import catalogue, chosen

ROOT = Path(__file__).parents[3]
PLACEHOLDERS = re.compile(r"%\(\w+\)s|</?\w+>")


@pytest.fixture(scope="module")
def translations() -> Iterator[ModuleType]:
    """scripts/translations.py, which keeps the catalogue."""
    spec = importlib.util.spec_from_file_location("translations", ROOT / "scripts/translations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["translations"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["translations"]


def test_every_word_is_translated_and_none_is_left_over(translations: ModuleType) -> None:
    assert translations.lagging() == [], "run python scripts/translations.py"


def test_a_missing_and_a_left_over_word_would_be_seen(
    translations: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = translations.said()
    templates.add("A sentence no page says")
    monkeypatch.setattr(translations, "said", lambda: templates)
    french = translations.written()
    french.add("Une phrase de trop", "x")
    monkeypatch.setattr(translations, "written", lambda: french)
    assert translations.lagging() == [
        "not translated: A sentence no page says",
        "not used: Une phrase de trop",
    ]


def test_translations_say_the_same_placeholders(translations: ModuleType) -> None:
    for message in translations.written():
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[1]
        french = message.string if isinstance(message.string, str) else message.string[1]
        found = set(PLACEHOLDERS.findall(french))
        assert found == set(PLACEHOLDERS.findall(english)), english


def test_french_is_written_with_its_own_spaces_and_apostrophes(translations: ModuleType) -> None:
    for message in translations.written():
        if not message.id:
            continue
        texts = [message.string] if isinstance(message.string, str) else message.string
        for text in texts:
            assert "'" not in text, text
            assert not re.search(r"[^\u202f<][;:!?»](?!//)", text), text


def test_no_text_of_a_template_is_outside_the_catalogue() -> None:
    """What stands between tags is a name, a sign, or goes through gettext."""
    names = {"Égide", "FINESS"}
    for path in sorted((ROOT / "src/egide/web/templates").glob("*.html")):
        text = re.sub(r'<div lang="(?:en|fr)".*?</div>', "", path.read_text("utf-8"))
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        words = set(re.findall(r"[^\W\d_]{2,}", text)) - names
        assert words == set(), path.name


@pytest.mark.parametrize(
    "asked, kept, accept, language",
    [
        (None, None, None, "fr"),
        (None, None, b"en", "en"),
        (None, None, b"fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        (None, "fr", b"en", "fr"),
        ("en", "fr", b"fr", "en"),
        ("de", None, b"en", "en"),
        ("../../etc", "xx", None, "fr"),
    ],
)
def test_the_language_is_what_was_asked_then_kept_then_preferred(
    asked: str | None, kept: str | None, accept: bytes | None, language: str
) -> None:
    assert chosen(asked, kept, accept) == language


def test_plurals_follow_the_language() -> None:
    words = ("%(num)s code is left.", "%(num)s codes are left.")
    french, english = catalogue("fr"), catalogue("en")
    assert [french.ungettext(*words, n) for n in (0, 1)] == [french.ungettext(*words, 1)] * 2
    assert french.ungettext(*words, 2) != french.ungettext(*words, 1)
    assert [english.ungettext(*words, n) for n in (0, 1, 2)] == [words[1], words[0], words[1]]
