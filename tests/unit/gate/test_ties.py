"""What resources say about who cares for whom, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from egide.gate.ties import EARLIEST, LATEST, Kind, Tie, role_of, ties_of

ZONE = ZoneInfo("UTC")
GRACE = timedelta(days=10)
PATIENT = {"reference": "Patient/p"}
PERIOD = {"start": "2026-01-01", "end": "2026-01-31"}
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ENDED = datetime(2026, 2, 1, tzinfo=UTC)


def ref(reference: str) -> dict[str, str]:
    return {"reference": reference}


def belonging(establishment: str) -> Tie:
    return Tie(f"Organization/{establishment}", "p", Kind.establishment, EARLIEST, LATEST)


def ties(type: str, **resource: Any) -> list[Tie]:
    holder = "subject" if type in ("CareTeam", "Encounter") else "patient"
    return ties_of(type, {"id": "x", holder: PATIENT, **resource}, zone=ZONE, grace=GRACE)


def team(**more: Any) -> list[Tie]:
    participants = [{"member": ref(m)} for m in ("Practitioner/d", "Patient/q", "RelatedPerson/r")]
    return ties("CareTeam", participant=participants, **more)


@pytest.mark.parametrize("status", ["proposed", "suspended", "inactive", "entered-in-error"])
def test_a_team_that_is_not_at_work_ties_nobody(status: str) -> None:
    assert team(status=status) == []


def test_a_team_ties_its_professionals_for_its_period() -> None:
    assert team(status="active") == [Tie("Practitioner/d", "p", Kind.care, EARLIEST, LATEST)]
    assert team(period=PERIOD) == [Tie("Practitioner/d", "p", Kind.care, BEGAN, ENDED)]


def test_a_participant_s_own_period_narrows_the_team_s() -> None:
    own = {"start": "2025-06-01", "end": "2026-01-10"}
    found = ties(
        "CareTeam",
        period=PERIOD,
        participant=[{"member": ref("PractitionerRole/r"), "period": own}],
        managingOrganization=[ref("Organization/o")],
    )
    assert found == [
        Tie("PractitionerRole/r", "p", Kind.care, BEGAN, datetime(2026, 1, 11, tzinfo=UTC)),
        Tie("Organization/o", "p", Kind.care, BEGAN, ENDED),
        belonging("o"),
    ]


@pytest.mark.parametrize("type", ["Encounter", "EpisodeOfCare"])
@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_care_that_did_not_take_place_ties_nobody(type: str, status: str) -> None:
    assert ties(type, status=status, period=PERIOD, serviceProvider=ref("Organization/o"),
                managingOrganization=ref("Organization/o")) == []  # fmt: skip


def test_care_goes_on_for_the_grace_after_an_encounter() -> None:
    found = ties(
        "Encounter",
        status="finished",
        period=PERIOD,
        participant=[{"individual": ref("Practitioner/d")}],
        serviceProvider=ref("Organization/o"),
    )
    assert [(tie.member, tie.since, tie.until) for tie in found] == [
        ("Practitioner/d", BEGAN, ENDED + GRACE),
        ("Organization/o", BEGAN, ENDED + GRACE),
        ("Organization/o", EARLIEST, LATEST),
    ]


def test_an_encounter_that_goes_on_has_no_end_and_a_finished_one_always_has() -> None:
    start = {"start": "2026-01-01T08:00:00Z"}
    going, *_ = ties(
        "Encounter", status="in-progress", period=start, serviceProvider=ref("Organization/o")
    )
    assert going.until == LATEST
    over, *_ = ties(
        "Encounter", status="finished", period=start, serviceProvider=ref("Organization/o")
    )
    assert over.until < datetime(2026, 1, 12, tzinfo=UTC)
    undated, *_ = ties("Encounter", status="finished", serviceProvider=ref("Organization/o"))
    assert undated.until == EARLIEST


def test_an_episode_ties_its_manager_and_its_organisation() -> None:
    found = ties("EpisodeOfCare", status="active", careManager=ref("Practitioner/d"),
                 managingOrganization=ref("Organization/o"))  # fmt: skip
    assert [tie.member for tie in found] == ["Practitioner/d", "Organization/o", "Organization/o"]


@pytest.mark.parametrize("organization", [None, {"display": "A"}, ref("#o"), ref("Practitioner/o"),
                                          ref("https://x/fhir/Organization/o")])  # fmt: skip
def test_only_a_reference_to_an_organization_here_makes_a_patient_one_of_its_own(
    organization: dict[str, str] | None,
) -> None:
    patient = {"id": "p", "managingOrganization": organization}
    assert ties_of("Patient", patient, zone=ZONE, grace=GRACE) == []
    found = ties("Encounter", status="planned", serviceProvider=organization)
    assert Kind.establishment not in {each.kind for each in found}


def test_an_establishment_s_patients_are_so_before_during_and_after_care() -> None:
    organization = ref("Organization/o")
    patient = {"id": "p", "managingOrganization": organization}
    assert ties_of("Patient", patient, zone=ZONE, grace=GRACE) == [belonging("o")]
    for status in ("planned", "in-progress", "finished"):
        found = ties("Encounter", status=status, period=PERIOD, serviceProvider=organization)
        assert belonging("o") in found
    versioned = [ref("Organization/o/_history/2"), organization]
    found = team(managingOrganization=versioned)
    assert [each for each in found if each.kind is Kind.establishment] == [belonging("o")]


def test_a_relative_is_tied_and_an_agreement_is_another_thing() -> None:
    assert ties("RelatedPerson", active=False) == []
    assert ties("RelatedPerson", period=PERIOD) == [
        Tie("RelatedPerson/x", "p", Kind.tie, BEGAN, ENDED)
    ]
    actor = [{"reference": ref("RelatedPerson/r")}]
    assert ties("Consent", status="active", provision={"type": "permit", "actor": actor}) == [
        Tie("RelatedPerson/r", "p", Kind.consent, EARLIEST, LATEST)
    ]
    assert ties("Consent", status="active", provision={"type": "deny", "actor": actor}) == []


def test_what_has_no_patient_ties_nobody() -> None:
    assert ties_of("CareTeam", {"subject": ref("Group/g")}, zone=ZONE, grace=GRACE) == []
    assert ties_of("Encounter", {"status": "finished"}, zone=ZONE, grace=GRACE) == []


def test_a_role_is_a_practitioner_s_for_its_period() -> None:
    role = {"practitioner": ref("Practitioner/d"), "period": PERIOD}
    found = role_of(role, ZONE)
    assert found is not None
    assert (found.practitioner, found.since, found.until) == ("Practitioner/d", BEGAN, ENDED)
    assert role_of(role | {"active": False}, ZONE) is None
    assert role_of({}, ZONE) is None
