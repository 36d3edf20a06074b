"""Chains, reverse chains and includes: parsed and checked, and refused until they are answered."""

import pytest

from egide.errors import Incorrect, TooCostly, Unsupported
from egide.fhir.search import Clause, Context, Edge, Has, Include, Query, parse
from egide.fhir.search.join import DEEPEST, Chain
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
        ("_include:iterate", "*", Include(None, None, None, True, False)),
        (
            "_include:recurse",
            "Observation:has-member",
            Include("Observation", Edge("has-member", None), None, True, False),
        ),
        (
            "_revinclude",
            "Provenance:target",
            Include("Provenance", Edge("target", None), None, False, True),
        ),
        ("_revinclude", "Provenance:*", Include("Provenance", None, None, False, True)),
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
        ("_include:again", "Observation:subject"),
        ("_include", "Patient:organization"),
        ("_include", "Patient:*"),
        ("_revinclude:iterate", "Nonsense:*"),
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


CANONICAL = [
    ("questionnaire.url", "x"),
    ("questionnaire:Questionnaire.url", "x"),
    ("_include", "QuestionnaireResponse:questionnaire"),
    ("_include", "QuestionnaireResponse:questionnaire:Questionnaire"),
    ("_revinclude:iterate", "QuestionnaireResponse:questionnaire"),
    ("_has:QuestionnaireResponse:questionnaire:status", "x"),
]


@pytest.mark.parametrize(("name", "value"), CANONICAL)
def test_a_reference_by_address_is_not_joined_on_and_the_refusal_says_so(
    name: str, value: str, paris: Context
) -> None:
    type_ = "Questionnaire" if name.startswith("_has") else "QuestionnaireResponse"
    with pytest.raises(Unsupported, match="by address") as refused:
        asked(paris, name, value, type_)
    assert refused.value.issues[0].expression == f"http.{name}"
    query = parse(type_, [(name, value)], paris, lenient=True, supports=ALL)
    assert [left.name for left in query.ignored] == [name]


@pytest.mark.parametrize("step", ["has-member:Observation.", "_has:Observation:has-member:"])
def test_a_chain_may_be_long_and_ends_somewhere(step: str, paris: Context) -> None:
    asked(paris, step * (DEEPEST - 1) + "code", "x")
    for many in (DEEPEST, 10_000):
        with pytest.raises(TooCostly):
            asked(paris, step * many + "code", "x")


def test_a_chain_of_unnamed_types_is_not_tried_without_end(paris: Context) -> None:
    for many in (10, 50, 10_000):
        with pytest.raises(TooCostly, match=r"too many types|links"):
            asked(paris, "part-of." * many + "nonsense", "x")


def test_a_chain_may_not_fan_out_without_end(paris: Context) -> None:
    asked(paris, "part-of.performer.identifier", "x")
    with pytest.raises(TooCostly, match="too many types"):
        asked(paris, "part-of.part-of.part-of.performer.identifier", "x")
