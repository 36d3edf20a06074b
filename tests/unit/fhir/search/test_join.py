"""Chains, reverse chains and includes: parsed and checked, and refused until they are answered."""

import pytest

from egide.errors import Incorrect, TooCostly, Unsupported
from egide.fhir.search import Clause, Context, Edge, Has, Include, Query, parse
from egide.fhir.search.join import Chain
from egide.fhir.search.query import Feature

ALL: frozenset[Feature] = frozenset({"chain", "has", "include", "sort"})


def asked(context: Context, name: str, value: str, type_: str = "Observation") -> Query:
    return parse(type_, [(name, value)], context, supports=ALL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject.name", "x"),
        ("subject:Patient.name", "x"),
        ("_has:Observation:focus:code", "x"),
        ("_include", "Observation:subject"),
        ("_revinclude", "Provenance:target"),
        ("_include:iterate", "Observation:has-member"),
    ],
)
def test_a_join_is_refused_until_it_is_supported(name: str, value: str, paris: Context) -> None:
    with pytest.raises(Unsupported) as refused:
        parse("Observation", [(name, value)], paris)
    assert refused.value.issues[0].expression == f"http.{name}"


def test_a_chain_goes_along_an_edge_to_a_clause(paris: Context) -> None:
    (chain,) = asked(paris, "subject:Patient.name:exact", "Zola").chains
    assert chain.edge == Edge("subject", None)
    ((type_, clause),) = chain.by_type
    assert type_ == "Patient"
    assert isinstance(clause, Clause)
    assert (clause.parameter.type, clause.parameter.code) == ("Patient", "name")
    assert (clause.modifier, clause.values) == ("exact", ("Zola",))


def test_a_chain_leads_to_every_type_that_has_the_parameter(paris: Context) -> None:
    (chain,) = asked(paris, "subject.name", "Zola").chains
    assert {type_ for type_, _ in chain.by_type} == {"Location", "Patient"}


def test_a_chain_along_a_narrow_parameter_leads_to_its_type(paris: Context) -> None:
    (chain,) = asked(paris, "patient.birthdate", "1970").chains
    assert chain.edge == Edge("subject", "Patient")
    assert [type_ for type_, _ in chain.by_type] == ["Patient"]


def test_chains_go_on(paris: Context) -> None:
    (chain,) = asked(paris, "patient.organization.name", "chu").chains
    ((_, next_link),) = chain.by_type
    assert isinstance(next_link, Chain)
    ((type_, clause),) = next_link.by_type
    assert type_ == "Organization"
    assert isinstance(clause, Clause)


def test_has_looks_at_who_refers_here(paris: Context) -> None:
    (has,) = asked(paris, "_has:Observation:patient:code", "a,b", "Patient").has
    assert (has.type, has.edge) == ("Observation", Edge("subject", "Patient"))
    assert isinstance(has.condition, Clause)
    assert len(has.condition.values) == 2


def test_has_goes_on(paris: Context) -> None:
    name = "_has:Observation:patient:_has:AuditEvent:entity:agent"
    (has,) = asked(paris, name, "Practitioner/1", "Patient").has
    assert isinstance(has.condition, Has)
    assert has.condition.type == "AuditEvent"


def test_has_may_end_in_a_chain(paris: Context) -> None:
    name = "_has:Observation:patient:performer:Practitioner.family"
    (has,) = asked(paris, name, "Zola", "Patient").has
    assert isinstance(has.condition, Chain)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("_include", "*", Include("Observation", None, None, False, False)),
        (
            "_include",
            "Observation:patient",
            Include("Observation", Edge("subject", "Patient"), None, False, False),
        ),
        (
            "_include",
            "Observation:subject:Group",
            Include("Observation", Edge("subject", None), "Group", False, False),
        ),
        ("_include", "Observation:*", Include("Observation", None, None, False, False)),
        (
            "_include:iterate",
            "Patient:organization",
            Include("Patient", Edge("organization", None), None, True, False),
        ),
        (
            "_revinclude",
            "Provenance:target",
            Include("Provenance", Edge("target", None), None, False, True),
        ),
    ],
)
def test_an_include_names_an_edge(name: str, value: str, expected: Include, paris: Context) -> None:
    assert asked(paris, name, value).includes == (expected,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject.nonsense", "x"),
        ("nonsense.name", "x"),
        ("code.name", "x"),
        ("subject:Practitioner.name", "x"),
        ("subject:Nonsense.name", "x"),
        ("focus.name", "x"),
        ("subject.", "x"),
        (".name", "x"),
        ("subject..name", "x"),
        ("subject:Patient.birthdate", "banana"),
        ("_has:Observation:focus", "x"),
        ("_has", "x"),
        ("_has:Nonsense:focus:code", "x"),
        ("_has:Observation:nonsense:code", "x"),
        ("_has:Observation:code:code", "x"),
        ("_has:Observation:encounter:code", "x"),
        ("_has:Observation:focus:nonsense", "x"),
        ("_include", "Observation"),
        ("_include", "Observation:nonsense"),
        ("_include", "Observation:code"),
        ("_include", "Nonsense:subject"),
        ("_include", "Observation:subject:Practitioner"),
        ("_include", "Observation:subject:Nonsense"),
        ("_include:recurse", "Observation:subject"),
        ("_revinclude", "Encounter:appointment"),
    ],
)
def test_a_join_that_makes_no_sense_is_refused(name: str, value: str, paris: Context) -> None:
    with pytest.raises(Incorrect) as refused:
        asked(paris, name, value)
    assert "banana" not in refused.value.message


def test_everything_that_refers_here_is_not_included(paris: Context) -> None:
    with pytest.raises(Unsupported):
        asked(paris, "_revinclude", "*")


def test_a_chain_ends_somewhere(paris: Context) -> None:
    for name in (".".join(["part-of"] * 50) + ".status", "_has:Observation:focus:" * 50 + "code"):
        with pytest.raises(TooCostly):
            asked(paris, name, "x")


def test_a_chain_may_not_fan_out_without_end(paris: Context) -> None:
    asked(paris, "part-of.performer.identifier", "x")
    with pytest.raises(TooCostly, match="too many types"):
        asked(paris, "part-of.part-of.part-of.performer.identifier", "x")
