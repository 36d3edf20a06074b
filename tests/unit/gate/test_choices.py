"""What Consents say of an access: a table of provisions, refusals first."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from egide.fhir.search.span import span
from egide.gate.choices import Access, Choices, Content, agreed, choice

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOCTOR = {"reference": {"reference": "Practitioner/doctor"}}
OTHER = {"reference": {"reference": "Practitioner/other"}}
TEAM = {"reference": {"reference": "CareTeam/team"}}
TREAT, BTG, RESEARCH = ({"code": code} for code in ("TREAT", "BTG", "HRESCH"))
HIV = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}
CODE = {"system": "http://loinc.org", "code": "4548-4"}
OF_TYPE = {"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}
OURS = "https://here.example/fhir/"
PERIOD = {"start": "2026-01-01", "end": "2026-12-31"}
OVER = {"start": "2025-01-01", "end": "2025-12-31"}


def named(reference: str) -> dict[str, Any]:
    return {"meaning": "instance", "reference": {"reference": reference}}


def action(code: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/consentaction"
    return {"coding": [{"system": system, "code": code}]}


def access(**more: Any) -> Access:
    content = Content(
        "Observation/o",
        frozenset({"Patient/p", "Encounter/e"}),
        frozenset({"http://loinc.org|4548-4"}),
        span("2026-05-01", UTC),
    )
    given: dict[str, Any] = {
        "who": frozenset({"Practitioner/doctor", "Organization/hospital"}),
        "purpose": "TREAT",
        "interaction": "read",
        "type": "Observation",
        "labels": frozenset({f"{HIV['system']}|HIV"}),
        "content": content,
        "at": NOW,
    }
    return Access(**(given | more))


def said(provision: dict[str, Any], status: str = "active", category: str = "", **more: Any) -> Any:
    consent: dict[str, Any] = {"id": "c", "status": status, "provision": provision}
    if category:
        consent["category"] = [{"coding": [{"code": category}]}]
    compiled = choice(consent, PARIS, {OURS})
    return Choices((compiled,) if compiled else ()).verdict(access(**more))[0]


def deny(**more: Any) -> dict[str, Any]:
    return {"type": "deny", **more}


def permit(**more: Any) -> dict[str, Any]:
    return {"type": "permit", **more}


@pytest.mark.parametrize(
    ("expected", "provision"),
    [
        ("deny", deny()),
        ("deny", deny(actor=[DOCTOR])),
        ("deny", deny(actor=[OTHER, DOCTOR])),
        ("deny", deny(actor=[DOCTOR], purpose=[TREAT])),
        ("deny", deny(period=PERIOD)),
        ("deny", deny(action=[action("access")])),
        ("deny", deny(securityLabel=[HIV])),
        ("deny", deny(code=[{"coding": [CODE]}])),
        ("deny", deny(**{"class": [OF_TYPE]})),
        ("deny", deny(data=[{"meaning": "instance", "reference": {"reference": "Observation/o"}}])),
        ("deny", deny(data=[{"meaning": "related", "reference": {"reference": "Encounter/e"}}])),
        ("deny", deny(dataPeriod={"start": "2026-04-01", "end": "2026-06-01"})),
        ("deny", {"provision": [deny(actor=[DOCTOR])]}),
        ("deny", permit(provision=[deny(actor=[DOCTOR])])),
        ("deny", permit(provision=[permit(actor=[DOCTOR]), deny(purpose=[TREAT])])),
        ("deny", permit(provision=[deny(provision=[permit(actor=[OTHER])])])),
        ("deny", deny(actor=[TEAM])),
        ("deny", deny(actor=[OTHER, TEAM])),
        ("deny", deny(action=[{"text": "whatever"}])),
        ("deny", deny(**{"class": [{"system": "urn:x", "code": "letter"}]})),
        ("deny", deny(data=[named("Observation/o/_history/2")])),
        ("deny", deny(data=[named(f"{OURS}Observation/o")])),
        ("deny", deny(data=[named("https://elsewhere.example/fhir/Observation/o")])),
        ("deny", deny(data=[{"meaning": "instance", "reference": {"display": "my test"}}])),
        ("deny", deny(actor=[{"reference": {"reference": f"{OURS}Practitioner/doctor"}}])),
        ("deny", deny(code=[{"text": "sugar"}])),
        ("deny", deny(code=[{"coding": [{"code": "4548-4"}]}])),
        ("deny", deny(securityLabel=[{"code": "HIV"}])),
        ("deny", deny(**{"class": [OF_TYPE | {"code": "observation"}]})),
        ("deny", permit(actor=[TEAM], provision=[deny(securityLabel=[HIV])])),
        ("permit", permit()),
        ("permit", permit(actor=[DOCTOR], purpose=[TREAT], period=PERIOD)),
        ("permit", deny(provision=[permit(actor=[DOCTOR])])),
        ("permit", permit(provision=[deny(provision=[permit(actor=[DOCTOR])])])),
        ("permit", permit(provision=[deny(actor=[OTHER])])),
        ("permit", {"provision": [permit(actor=[DOCTOR])]}),
        ("permit", permit(dataPeriod={"start": "2026-04-01", "end": "2026-06-01"})),
        ("permit", permit(provision=[{"actor": [DOCTOR]}])),
        (None, {"provision": [{"actor": [DOCTOR]}]}),
        (None, {"provision": [deny(actor=[OTHER])]}),
        (None, deny(actor=[OTHER])),
        (None, deny(period=OVER)),
        (None, deny(purpose=[RESEARCH])),
        (None, deny(action=[action("correct")])),
        (None, deny(dataPeriod=OVER)),
        (None, permit(actor=[TEAM])),
        (None, permit(data=[named("https://elsewhere.example/fhir/Observation/o")])),
        (None, permit(code=[{"text": "sugar"}])),
        (None, permit(securityLabel=[{"code": "HIV"}])),
        (None, permit(**{"class": [OF_TYPE | {"code": "observation"}]})),
        (None, deny(data=[named("Observation/other")])),
        (None, deny(code=[{"coding": [CODE | {"code": "718-7"}]}])),
        (None, permit(actor=[DOCTOR, TEAM])),
        (None, permit(action=[{"text": "whatever"}])),
        (None, permit(dataPeriod={"start": "2026-05-01T06:00:00+02:00"})),
        (None, permit(period=OVER)),
        (None, deny(actor=[OTHER], provision=[permit(actor=[DOCTOR])])),
    ],
)
def test_a_provision_says(expected: str | None, provision: dict[str, Any]) -> None:
    assert said(provision) == expected


@pytest.mark.parametrize(
    "status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"]
)
def test_a_consent_that_is_not_active_says_nothing(status: str) -> None:
    assert said(deny(), status) is None
    assert said(permit(), status) is None


@pytest.mark.parametrize("category", ["INFORMATION", "INFAUTHR"])
def test_being_informed_is_no_consent_and_an_objection_within_it_counts(category: str) -> None:
    assert said(permit(), category=category) is None
    assert said(permit(provision=[deny(actor=[DOCTOR])]), category=category) == "deny"


def test_who_objects_to_treatment_objects_to_breaking_the_glass_unless_excepted() -> None:
    assert said(deny(purpose=[TREAT]), purpose="BTG") == "deny"
    assert said(deny(), purpose="BTG") == "deny"
    assert said(deny(provision=[permit(purpose=[BTG])]), purpose="BTG") == "permit"
    assert said(deny(purpose=[BTG])) is None


def test_deny_wins_among_several_consents() -> None:
    both = [
        choice({"id": str(n), "status": "active", "provision": each}, PARIS)
        for n, each in enumerate([permit(), deny(actor=[DOCTOR])])
    ]
    choices = Choices(tuple(each for each in both if each))
    for who, expected in (
        ({}, ("deny", "Consent/1")),
        ({"who": frozenset()}, ("permit", "Consent/0")),
    ):
        verdict, said = choices.verdict(access(**who))
        assert said is not None
        assert (verdict, said.reference) == expected


def test_what_has_no_date_is_opened_by_no_period_and_closed_by_any() -> None:
    undated = Content("Observation/o")
    assert said(permit(dataPeriod=PERIOD), content=undated) is None
    assert said(deny(dataPeriod=PERIOD), content=undated) == "deny"


def test_what_a_resource_names_by_our_address_is_what_a_consent_names() -> None:
    written = Content("Observation/o", frozenset({f"{OURS}Encounter/e"}))
    provision = deny(data=[{"meaning": "related", "reference": {"reference": "Encounter/e"}}])
    assert said(provision, content=written) == "deny"


def test_provisions_nested_without_end_close() -> None:
    provision: dict[str, Any] = permit()
    for _ in range(40):
        provision = permit(provision=[provision])
    assert said(provision) == "deny"


def test_only_agreement_names_somebody_who_reaches_by_it() -> None:
    def named(provision: dict[str, Any], category: str = "") -> list[str]:
        consent: dict[str, Any] = {"status": "active", "provision": provision}
        if category:
            consent["category"] = [{"coding": [{"code": category}]}]
        return [each.actor for each in agreed(consent, PARIS)]

    assert named(permit(actor=[DOCTOR])) == ["Practitioner/doctor"]
    assert named(deny(provision=[permit(actor=[DOCTOR])])) == ["Practitioner/doctor"]
    assert named(permit(provision=[deny(actor=[DOCTOR])])) == []
    assert named(permit(actor=[DOCTOR]), "INFORMATION") == []
    assert named(deny(actor=[DOCTOR])) == []
    (only,) = agreed(
        {"status": "active", "provision": permit(period=PERIOD, provision=[permit(actor=[OTHER])])},
        PARIS,
    )
    assert (only.actor, only.during) == (
        "Practitioner/other",
        (span("2026-01-01", PARIS).low, span("2026-12-31", PARIS).high),
    )
