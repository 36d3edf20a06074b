"""How far a patient's choices let a relative in, as a page says it: no more than is permitted."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from egide.gate.choices import Choices, choice
from egide.gate.extent import closed, extent
from egide.gate.types import RECORD

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MOTHER = "RelatedPerson/mother"
TYPES = "http://hl7.org/fhir/resource-types"


def said(*provisions: dict[str, Any]) -> Choices:
    consents = [
        {"resourceType": "Consent", "id": str(number), "status": "active", "provision": each}
        for number, each in enumerate(provisions)
    ]
    compiled = [choice(each, ZoneInfo("Europe/Paris")) for each in consents]
    return Choices(tuple(each for each in compiled if each is not None))


def naming(kind: str, **more: Any) -> dict[str, Any]:
    actor = {"role": {"text": "x"}, "reference": {"reference": MOTHER}}
    return {"type": kind, "actor": [actor], **more}


def of(*types: str) -> dict[str, Any]:
    return {"class": [{"system": TYPES, "code": each} for each in types]}


NOTHING = naming("permit", code=[{"coding": [{"system": "http://loinc.org", "code": "1-1"}]}])


@pytest.mark.parametrize(
    "provisions",
    [
        (),
        (naming("permit", period={"end": "2026-04-01"}),),
        (naming("permit", purpose=[{"code": "TREAT"}]),),
        (naming("permit", action=[{"coding": [{"code": "unheard-of"}]}]),),
        (NOTHING,),
        (
            naming(
                "permit", **{"class": [{"system": TYPES, "code": "Goal"}], "securityLabel": [{}]}
            ),
        ),
    ],
)
def test_what_is_not_permitted_whole_is_not_said(provisions: tuple[dict[str, Any], ...]) -> None:
    far = extent(said(*provisions), MOTHER, NOW)
    assert far is not None and (far.whole, far.types) == (False, ())


def test_somebody_else_s_permission_is_not_one_s_own() -> None:
    far = extent(said(naming("permit")), "RelatedPerson/aunt", NOW)
    assert far is not None and (far.whole, far.types) == (False, ())


def test_everything_denied_is_no_extent() -> None:
    for denied in (naming("deny"), {"type": "deny"}, naming("deny", purpose=[{"code": "PATRQT"}])):
        choices = said(naming("permit"), denied)
        assert extent(choices, MOTHER, NOW) is None and closed(choices, MOTHER, NOW)


def test_what_is_denied_is_left_out_of_what_is_permitted() -> None:
    far = extent(said(naming("permit"), naming("deny", **of("Goal"))), MOTHER, NOW)
    assert far is not None and not far.whole
    assert set(far.types) == RECORD - {"Goal"}


def test_everything_and_some_types() -> None:
    far = extent(said(naming("permit")), MOTHER, NOW)
    assert far is not None and far.whole and set(far.types) == RECORD
    far = extent(said(naming("permit", **of("Goal", "Appointment"))), MOTHER, NOW)
    assert far is not None and (far.whole, far.types) == (False, ("Appointment", "Goal"))
