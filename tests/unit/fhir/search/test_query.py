"""A query is understood whole or refused by name."""

import re

import pytest

from egide.errors import Incorrect, TooCostly, Unsupported
from egide.fhir.search import Context, Sort, matches, parse
from egide.fhir.search.query import MOST_VALUES, Feature

OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"code": "a"}, {"code": "b"}]},
}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], True),
        ([("code", "a")], True),
        ([("code", "a,c")], True),
        ([("code", "a"), ("code", "b")], True),
        ([("code", "a"), ("code", "c")], False),
        ([("code", "a"), ("status", "final")], True),
        ([("code", "a"), ("status", "amended")], False),
        ([("code", "c"), ("status", "final")], False),
    ],
)
def test_commas_are_alternatives_and_repetitions_must_all_hold(
    pairs: list[tuple[str, str]], expected: bool, paris: Context
) -> None:
    assert matches(parse("Observation", pairs, paris), OBSERVATION) is expected


def test_wishes_about_the_answer_are_read(paris: Context) -> None:
    pairs = [
        ("code", "a"),
        ("_count", "20"),
        ("_sort", "-date,_id"),
        ("_total", "accurate"),
        ("_summary", "data"),
        ("_elements", "status,code"),
        ("_format", "json"),
        ("_pretty", "true"),
    ]
    query = parse("Observation", pairs, paris)
    assert query.count == 20
    assert query.sort == (Sort("date", "day", True), Sort("_id", "id", False))
    assert (query.total, query.summary) == ("accurate", "data")
    assert query.elements == ("status", "code")
    assert query.understood == tuple(pairs)
    assert [clause.name for clause in query.clauses] == ["code"]
    assert query.ignored == ()


@pytest.mark.parametrize(
    ("type_", "text", "key"),
    [
        ("Observation", "date", "day"),
        ("Encounter", "-date", "day"),
        ("Condition", "onset-date", "day"),
        ("Patient", "_lastUpdated", "updated"),
        ("Patient", "-_id", "id"),
    ],
)
def test_columns_can_be_sorted_by(type_: str, text: str, key: str, paris: Context) -> None:
    (sort,) = parse(type_, [("_sort", text)], paris).sort
    assert (sort.key, sort.descending) == (key, text.startswith("-"))


def test_sorting_by_values_waits_for_who_supports_it(paris: Context) -> None:
    for text in ("status", "date,status", "-_id,date"):
        with pytest.raises(Unsupported, match="_sort"):
            parse("Observation", [("_sort", text)], paris)
    query = parse("Observation", [("_sort", "date,-status")], paris, supports=frozenset({"sort"}))
    assert query.sort == (Sort("date", "day", False), Sort("status", "value", True))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_count", "-1"),
        ("_count", "ten"),
        ("_count", "1.5"),
        ("_count", "٣"),
        ("_count", "1" * 10),
        ("_total", "maybe"),
        ("_summary", "yes"),
        ("_elements", "status,nonsense"),
        ("_count", ""),
        ("code", ""),
        ("_sort", "nonsense"),
        ("_sort", ""),
        ("nonsense", "1"),
        ("Code", "a"),
        ("_nonsense", "a"),
        ("code:", "a"),
        ("code:not:missing", "a"),
        ("_sort:desc", "date"),
        ("code:text:not", "a"),
        ("subject:Patient:identifier", "a"),
    ],
)
def test_what_is_malformed_or_unknown_is_refused_by_name(
    name: str, value: str, paris: Context
) -> None:
    with pytest.raises(Incorrect) as refused:
        parse("Observation", [(name, value)], paris)
    (issue,) = refused.value.issues
    assert issue.expression == f"http.{name}"
    assert refused.value.message


def test_a_result_parameter_is_given_once(paris: Context) -> None:
    with pytest.raises(Incorrect, match="_count: was given twice"):
        parse("Observation", [("_count", "1"), ("_count", "2")], paris)


def test_an_order_given_in_parts_is_one_order(paris: Context) -> None:
    sort: frozenset[Feature] = frozenset({"sort"})
    whole = parse("Observation", [("_sort", "-date,status,_id")], paris, supports=sort)
    pairs = [("_sort", "-date"), ("code", "a"), ("_sort", "status,_id")]
    parts = parse("Observation", pairs, paris, supports=sort)
    assert parts.sort == whole.sort
    assert parts.understood == tuple(pairs)
    with pytest.raises(Unsupported, match="_sort"):
        parse("Observation", [("_sort", "date"), ("_sort", "_lastUpdated")], paris)


def test_what_is_not_contained_is_what_is_searched(paris: Context) -> None:
    assert parse("Observation", [("_contained", "false")], paris).clauses == ()
    for value in ("true", "both"):
        with pytest.raises(Unsupported, match="_contained"):
            parse("Observation", [("_contained", value)], paris)


@pytest.mark.parametrize(
    "name", ["code", "nonsense", "_count", "_sort", "_include", "subject.name"]
)
def test_a_parameter_without_a_value_is_left_out_of_a_search_and_of_nothing_else(
    name: str, paris: Context
) -> None:
    pairs = [(name, ""), ("status", "final")]
    query = parse("Observation", pairs, paris, blanks=True)
    assert query.understood == (("status", "final"),)
    assert [(left.name, name in left.reason) for left in query.ignored] == [(name, True)]
    with pytest.raises(Incorrect, match="has no value"):
        parse("Observation", pairs, paris)
    with pytest.raises(Incorrect, match="empty value"):
        parse("Observation", [("code", "a,")], paris, blanks=True)
    with pytest.raises(TooCostly):
        parse("Observation", [(name, "")] * (MOST_VALUES + 1), paris, blanks=True)


def test_a_second_modifier_is_told_apart_from_a_parameter_that_does_not_exist(
    paris: Context,
) -> None:
    with pytest.raises(Incorrect, match="subject takes one modifier"):
        parse("Observation", [("subject:Patient:identifier", "x")], paris)


def test_an_unknown_parameter_is_answered_with_what_may_have_been_meant(paris: Context) -> None:
    with pytest.raises(
        Incorrect, match=re.escape("no search parameter famly; did you mean family?")
    ):
        parse("Patient", [("famly", "x")], paris)


@pytest.mark.parametrize(
    "name",
    ["_filter", "_query", "_list", "_type", "_contained", "_containedType", "_score"],
)
def test_what_r4_defines_and_we_do_not_do_is_refused(name: str, paris: Context) -> None:
    with pytest.raises(Unsupported, match=name):
        parse("Observation", [(name, "x")], paris)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Martin Dupuis", "x"),
        ("martin@chu.example", "x"),
        ("é", "x"),
        ("", "x"),
        ("a" * 200, "x"),
        ("code", r"Martin\Dupuis"),
        ("date", "Martin"),
        ("subject", "Martin Dupuis"),
        ("_elements", "Martin"),
        ("_sort", "Martin Dupuis"),
        ("_total", "Martin"),
        ("value-quantity", "Martin"),
    ],
)
def test_a_message_repeats_no_value_and_no_impossible_name(
    name: str, value: str, paris: Context
) -> None:
    with pytest.raises(Incorrect) as refused:
        parse("Observation", [(name, value)], paris)
    said = repr(refused.value.message) + repr(refused.value.issues)
    for secret in ("Martin", "martin", "Dupuis", "é", "aaaa"):
        assert secret not in said


def test_lenient_handling_leaves_out_what_is_unknown_and_says_so(paris: Context) -> None:
    pairs = [("nonsense", "1"), ("code", "a"), ("_list", "1"), ("subject.name", "x")]
    query = parse("Observation", [*pairs, ("_sort", "status")], paris, lenient=True)
    assert query.understood == (("code", "a"),)
    assert [left.name for left in query.ignored] == ["nonsense", "_list", "subject.name", "_sort"]
    assert all(left.reason for left in query.ignored)
    assert query.sort == ()
    assert matches(query, OBSERVATION)


@pytest.mark.parametrize(
    ("name", "value"),
    [("date", "banana"), ("code:in", "x"), ("code:nonsense", "x"), ("_count", "x"), ("code", "")],
)
def test_lenient_handling_does_not_forgive_what_is_malformed(
    name: str, value: str, paris: Context
) -> None:
    with pytest.raises((Incorrect, Unsupported)):
        parse("Observation", [(name, value)], paris, lenient=True)


def test_too_many_alternatives_are_refused_at_once(paris: Context) -> None:
    most = ",".join(["a"] * MOST_VALUES)
    assert matches(parse("Observation", [("code", most)], paris), OBSERVATION)
    with pytest.raises(TooCostly):
        parse("Observation", [("code", most), ("status", "final")], paris)
    with pytest.raises(TooCostly):
        parse("Observation", [("code", ",".join(["a"] * 10_000))], paris)


def test_an_unknown_type_is_the_callers_mistake(paris: Context) -> None:
    with pytest.raises(KeyError):
        parse("Nonsense", [("code", "a")], paris)
