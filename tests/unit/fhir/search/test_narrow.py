"""Narrowing never loses a match: terms, targets, ids and days are necessary conditions."""

from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any

import pytest

from egide.errors import EgideError
from egide.fhir.definitions import search_parameters
from egide.fhir.search import (
    WITHHELD,
    Clause,
    Context,
    Days,
    Index,
    Parameter,
    Query,
    days_for,
    edge,
    ids_for,
    index,
    matches,
    parameter,
    parse,
    targets_for,
    terms_for,
)
from egide.fhir.search.prefix import PREFIXES

Json = dict[str, Any]


def clause(context: Context, type_: str, name: str, value: str) -> Clause:
    (only,) = parse(type_, [(name, value)], context).clauses
    return only


@pytest.mark.parametrize(
    ("type_", "name", "value", "expected"),
    [
        ("Patient", "identifier", "urn:ipp|aB1", [("identifier", "aB1")]),
        ("Patient", "identifier", "aB1,|c", [("identifier", "aB1"), ("identifier", "c")]),
        ("Patient", "identifier:of-type", "urn:t|MR|aB1", [("identifier", "aB1")]),
        ("Patient", "identifier", "urn:ipp|", None),
        ("Patient", "identifier", "aB1,urn:ipp|", None),
        ("Patient", "identifier:missing", "false", None),
        ("Patient", "name", "Jean-Pierre", [("name", "jeanpier")]),
        ("Patient", "family", "Zol", [("name", "zol")]),
        ("Patient", "given", "Émile", [("name", "emil")]),
        ("Patient", "family:exact", "Zola", [("name", "zola")]),
        ("Patient", "family", "Z", None),
        ("Patient", "family:contains", "Zola", None),
        ("Patient", "phonetic", "Zola", None),
        ("Organization", "name", "CHU", None),
        ("Patient", "birthdate", "1970-03-12", [("birthdate", "1970-03-12")]),
        (
            "Patient",
            "birthdate",
            "1970,eq1971-02",
            [("birthdate", "1970"), ("birthdate", "1971-02")],
        ),
        ("Patient", "birthdate", "ge1970", None),
        ("Patient", "birthdate", "1970-03-12T10:00", None),
        ("Patient", "gender", "male", None),
        ("Observation", "status", "http://x|Final", [("status", "final")]),
        ("Observation", "code", "http://loinc.org|8302-2", [("code", "8302-2"), WITHHELD]),
        ("Observation", "code:not", "8302-2", None),
        ("Observation", "code:text", "height", None),
        ("Observation", "_tag", "urn:x|A", [("_tag", "a"), WITHHELD]),
        ("Observation", "_profile", "http://p|1", [("_profile", "http://p"), WITHHELD]),
        ("ValueSet", "url", "http://p|1", [("url", "http://p")]),
        ("ValueSet", "url:below", "http://p", None),
        ("ValueSet", "code", "x", None),
        ("Observation", "code-value-quantity", "8302-2$gt1", [("code", "8302-2"), WITHHELD]),
        ("Observation", "code-value-quantity", "http://loinc.org|$gt1", None),
        ("Observation", "combo-code-value-quantity", "8302-2$gt1", None),
        ("Observation", "subject", "Patient/1", None),
    ],
)
def test_a_clause_needs_one_of_these_terms(
    type_: str, name: str, value: str, expected: list[tuple[str, str]] | None, paris: Context
) -> None:
    assert terms_for(clause(paris, type_, name, value)) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("subject", "Patient/1", ["Patient/1"]),
        ("subject", "https://chu.example/fhir/Patient/1/_history/2", ["Patient/1"]),
        ("subject:Group", "1,2", ["Group/1", "Group/2"]),
        ("subject", "1", ["Device/1", "Group/1", "Location/1", "Patient/1"]),
        ("focus", "1", None),
        ("subject", "https://elsewhere.example/Patient/1", None),
        ("subject:identifier", "1", None),
        ("subject:missing", "false", None),
        ("code", "1", None),
    ],
)
def test_a_clause_needs_one_of_these_targets(
    name: str, value: str, expected: list[str] | None, paris: Context
) -> None:
    assert targets_for(clause(paris, "Observation", name, value)) == expected


def test_an_id_is_looked_up(paris: Context) -> None:
    assert ids_for(clause(paris, "Patient", "_id", "a,b,a")) == ["a", "b"]
    assert ids_for(clause(paris, "Patient", "_id:not", "a")) is None
    assert ids_for(clause(paris, "Patient", "identifier", "a")) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-03-10"], Days(date(2024, 3, 7), date(2024, 3, 12), date(2024, 3, 7))),
        (["ge2024-03-10"], Days(None, None, date(2024, 3, 7))),
        (["le2024-03-10"], Days(None, date(2024, 3, 12), None)),
        (["ge2024-03-10", "lt2024-04-10"], Days(None, date(2024, 4, 12), date(2024, 3, 7))),
        (["sa2024-03-10"], Days(date(2024, 3, 7), None, date(2024, 3, 7))),
        (["eb2024-03-10"], Days(None, date(2024, 3, 12), None)),
        (["ne2024-03-10"], Days(None, None, None)),
        (["2024-03-10,2024-05-10"], Days(date(2024, 3, 7), date(2024, 5, 12), date(2024, 3, 7))),
        (["2024-03-10,ge2024-05-10"], Days(None, None, date(2024, 3, 7))),
        (["ge0001", "le9999"], Days(None, None, None)),
    ],
)
def test_the_main_date_bounds_the_days(values: list[str], expected: Days, paris: Context) -> None:
    query = parse("Observation", [("date", value) for value in values], paris)
    assert days_for(query) == expected


def test_other_dates_bound_no_days(paris: Context) -> None:
    pairs = [("value-date", "2024"), ("date:missing", "false"), ("_lastUpdated", "2024")]
    assert days_for(parse("Observation", pairs, paris)) == Days(None, None, None)
    assert days_for(parse("Patient", [("birthdate", "1970")], paris)) == Days(None, None, None)


def test_what_matches_has_what_its_clauses_need(synthetic: list[Json], paris: Context) -> None:
    assert check(synthetic, paris, Random(1)) > 3_000


def test_what_matches_in_synthea_has_what_its_clauses_need(
    synthea: list[Json], paris: Context
) -> None:
    assert check(synthea[::5], paris, Random(2)) > 3_000


def test_what_matches_in_the_examples_has_what_its_clauses_need(
    examples: list[Json], paris: Context
) -> None:
    assert check(examples, paris, Random(3)) > 1_000


def check(resources: list[Json], context: Context, random: Random) -> int:
    """Asks each resource questions made from its own values; returns how many it matched."""
    matched = 0
    for resource in resources:
        type_ = resource["resourceType"]
        found = index(type_, resource)
        for name, value in questions(resource, random):
            try:
                query = parse(type_, [(name, value)], context)
            except EgideError:
                continue
            if matches(query, resource):
                matched += 1
                assert_narrowed(query, resource, found)
    return matched


def assert_narrowed(query: Query, resource: Json, found: Index) -> None:
    for asked in query.clauses:
        where = f"{query.type} {asked.name}"
        terms = terms_for(asked)
        assert terms is None or set(terms) & set(found.terms), where
        targets = targets_for(asked)
        if targets is not None:
            along = edge(query.type, asked.parameter.code).parameter
            kept = {target for code, target in found.references if code == along}
            kept |= {f"Patient/{id_}" for id_ in found.patients if len(found.patients) == 1}
            assert set(targets) & kept, where
        ids = ids_for(asked)
        assert ids is None or resource["id"] in ids, where
    days = days_for(query)
    if any(days):
        assert found.day is not None
        assert days.first is None or days.first <= found.day
        assert days.last is None or found.day <= days.last
        assert days.until is None or found.until is None or days.until <= found.until


def questions(resource: Json, random: Random) -> Iterator[tuple[str, str]]:
    """Some questions about each parameter that has a value, made from the values."""
    for code in search_parameters(resource["resourceType"]):
        known = parameter(resource["resourceType"], code)
        make = QUESTIONS.get(known.kind) if known else None
        if known is None or make is None:
            continue
        values = [(source.path.type, value) for source, value in known.values(resource, resource)]
        for type_, value in random.sample(values, min(len(values), 3)):
            yield from make(known, type_, value, random)


def about_tokens(
    known: Parameter, type_: str, value: Any, random: Random
) -> Iterator[tuple[str, str]]:
    for coding in value.get("coding", [value]) if isinstance(value, dict) else [{"code": value}]:
        text = coding.get("code", coding.get("value"))
        if text is None:
            continue
        said = escaped({True: "true", False: "false"}.get(text, str(text)))
        system = escaped(coding.get("system", ""))
        for asked in (said, f"{system}|{said}", f"{system}|", said.upper(), f"other,{said}"):
            yield known.code, asked
        yield f"{known.code}:not", "other"
        yield f"{known.code}:text", escaped(coding.get("display", "other"))


def about_strings(
    known: Parameter, type_: str, value: Any, random: Random
) -> Iterator[tuple[str, str]]:
    parts = list(value.values()) if isinstance(value, dict) else [value]
    texts = [t for part in parts for t in (part if isinstance(part, list) else [part])]
    for text in texts:
        if isinstance(text, str) and text:
            start = random.randrange(len(text))
            cut = random.randint(1, len(text))
            yield known.code, escaped(text)
            yield known.code, escaped(text[:cut])
            yield known.code, escaped(text[start:])
            yield known.code, escaped(text.upper().replace(" ", "-"))
            yield f"{known.code}:exact", escaped(text)
            yield f"{known.code}:contains", escaped(text[start : start + cut])


def about_references(
    known: Parameter, type_: str, value: Any, random: Random
) -> Iterator[tuple[str, str]]:
    text = value.get("reference") if isinstance(value, dict) else value
    if text:
        target, _, id_ = text.rpartition("/")
        yield known.code, escaped(text)
        yield known.code, escaped(id_)
        yield f"{known.code}:{target}", escaped(id_)
        yield known.code, f"{escaped(text)},Patient/other"


def about_dates(
    known: Parameter, type_: str, value: Any, random: Random
) -> Iterator[tuple[str, str]]:
    texts = [value] if isinstance(value, str) else list(value.values())
    for text in texts:
        if isinstance(text, str) and text[:4].isdigit():
            for prefix in PREFIXES:
                yield known.code, f"{prefix}{text[: random.choice((4, 7, 10, 40))]}"
                yield known.code, f"{prefix}{int(text[:4]) + random.choice((-1, 1))}-06-15"


def about_uris(
    known: Parameter, type_: str, value: Any, random: Random
) -> Iterator[tuple[str, str]]:
    yield known.code, escaped(value)
    yield known.code, escaped(value.partition("|")[0])
    yield f"{known.code}:below", escaped(value[:12])


QUESTIONS: dict[str, Callable[[Parameter, str, Any, Random], Iterator[tuple[str, str]]]] = {
    "token": about_tokens,
    "string": about_strings,
    "reference": about_references,
    "date": about_dates,
    "uri": about_uris,
}


def escaped(text: str) -> str:
    for sign in ("\\", ",", "$", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text


def test_a_composite_that_matches_has_what_it_needs(synthetic: list[Json], paris: Context) -> None:
    measured = [r for r in synthetic if r["resourceType"] == "Observation" and "valueQuantity" in r]
    assert measured
    for resource in measured:
        code = resource["code"]["coding"][0]["code"]
        value = f"{code}${resource['valueQuantity']['value']}"
        query = parse("Observation", [("code-value-quantity", value)], paris)
        assert matches(query, resource)
        assert_narrowed(query, resource, index("Observation", resource))
