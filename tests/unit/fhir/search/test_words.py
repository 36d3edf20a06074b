"""`_text` and `_content`: whole words, all of them, phrases, alternatives; and lists."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.errors import Incorrect, TooCostly, Unsupported
from egide.fhir.search import Context, parse

Ask = Callable[[dict[str, Any], str, str], bool]
DIV = (
    '<div xmlns="http://www.w3.org/1999/xhtml"><!-- hidden > word --><p title="a > b">Fracture '
    "ouverte du <b>fémur</b> gauche.</p><p>Sœur d’Élie &amp; co, 38,5&#xa0;°C</p></div>"
)
PROBLEM = {
    "resourceType": "Condition",
    "id": "c1",
    "text": {"status": "generated", "div": DIV},
    "code": {"text": "Déchirure", "coding": [{"code": "86406008", "display": "Human HIV"}]},
    "note": [{"text": "première ligne"}, {"text": "seconde ligne"}],
    "extension": [{"url": "urn:x", "valueDecimal": Decimal("5.40")}],
    "contained": [{"resourceType": "Binary", "contentType": "text/plain", "data": "c2VjcmV0"}],
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fracture", True),
        ("FEMUR", True),
        ("fémur fracture", True),
        ("fract", False),
        ("fractures", False),
        ("fracture droit", False),
        ("droit,gauche", True),
        ("droit gauche,milieu", False),
        ('"du femur gauche"', True),
        ('"gauche fémur"', False),
        ('"fracture ouverte" gauche', True),
        ("soeur elie", True),
        ("d'élie", True),
        ("38", True),
        ('"38,5"'.replace(",", "\\,"), True),
        ("hidden", False),
        ("title", False),
        ("xmlns", False),
        ("amp", False),
        ("dechirure", False),
    ],
)
def test_the_narrative_is_searched_by_words(ask: Ask, query: str, expected: bool) -> None:
    assert ask(PROBLEM, "_text", query) is expected
    assert ask(PROBLEM, "_content", query) is (expected or query == "dechirure")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("dechirure femur", True),
        ("86406008", True),
        ("HIV", True),
        ('"human hiv"', True),
        ('"dechirure 86406008"', False),
        ('"ligne seconde"', False),
        ('"premiere ligne"', True),
        ("5", True),
        ('"5.40"', True),
        ("c1", True),
        ("condition", True),
        ("c2VjcmV0", False),
        ("display", False),
    ],
)
def test_the_whole_resource_is_searched_by_words(ask: Ask, query: str, expected: bool) -> None:
    assert ask(PROBLEM, "_content", query) is expected


@pytest.mark.parametrize(
    "query", ["", '"', '"a', '""', "+", "(bone", "bone OR liver", "a AND b", "bone) x", "x,", "\\"]
)
def test_what_is_no_question_is_refused(paris: Context, query: str) -> None:
    with pytest.raises(Incorrect) as refused:
        parse("Condition", [("_text", query)], paris)
    assert refused.value.message.startswith("_text")


def test_modifiers_too_many_words_and_types_without_narrative_are_refused(paris: Context) -> None:
    with pytest.raises(Incorrect):
        parse("Condition", [("_text:exact", "x")], paris)
    with pytest.raises(Incorrect):
        parse("Binary", [("_text", "x")], paris)
    with pytest.raises(TooCostly):
        parse("Condition", [("_content", "x " * 101)], paris)
    with pytest.raises(TooCostly):
        parse("Condition", [("_content", "x")] * 9, paris)
    with pytest.raises(Unsupported):
        parse("Condition", [("_sort", "_text")], paris, supports=frozenset({"sort"}))


@given(st.lists(st.text(alphabet="abéÉœ", min_size=1, max_size=6), min_size=1, max_size=6))
def test_each_word_and_each_run_of_words_is_found_and_nothing_else(said: list[str]) -> None:
    context = Context(zone=UTC, now=datetime(2026, 1, 1, tzinfo=UTC))
    whole = {"resourceType": "Basic", "note": " ".join(said)}
    spelled = [word.lower().replace("é", "e").replace("œ", "oe") for word in said]

    def found(text: str) -> bool:
        return parse("Basic", [("_content", text)], context).clauses[0].matches(whole)

    for start in range(len(said)):
        assert found(said[start].upper())
        assert found('"' + " ".join(said[start : start + 3]) + '"')
        assert found(said[start] + "b") is (spelled[start] + "b" in spelled)


@pytest.mark.parametrize("value", ["$current-problems", "42,$current-allergies"])
def test_functional_lists_are_refused_in_words(paris: Context, value: str) -> None:
    with pytest.raises(Unsupported, match="functional"):
        parse("Condition", [("_list", value)], paris, supports=frozenset({"list"}))


def test_lists_are_ids(paris: Context) -> None:
    query = parse("Condition", [("_list", "42,List/a-b")], paris, supports=frozenset({"list"}))
    assert query.lists == (("42", "a-b"),)
    for bad in ("", "a b", "Patient/1", "List/", "x|y"):
        with pytest.raises(Incorrect):
            parse("Condition", [("_list", bad)], paris, supports=frozenset({"list"}))
    with pytest.raises(Unsupported):
        parse("Condition", [("subject:Patient._list", "1")], paris, supports=frozenset({"chain"}))
