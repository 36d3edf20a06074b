"""Exercise situations: none is no way in, one is it, several are a choice."""

import copy
from typing import Any

import pytest
from tests.integration.accounts.federation.conftest import BROWSER, PROFESSIONAL, World

from egide.accounts.federation import FederationRefused, NoSituation
from egide.errors import Incorrect


def exercise(profession: str, *activities: dict[str, Any]) -> dict[str, Any]:
    return {"codeProfession": profession, "activities": list(activities)}


def changed(**claims: Any) -> dict[str, Any]:
    return copy.deepcopy(PROFESSIONAL) | claims


HERE = {"codeModeExercice": "S", "codeSecteurDactivite": "SA01", "numeroFinessSite": "750000001"}
OFFICE = {"codeModeExercice": "L", "codeSecteurDactivite": "SA07", "numeroFinessSite": ""}


async def test_one_situation_gives_its_roles_and_the_establishment(psc: World) -> None:
    identity = await psc.log_in()
    [situation] = identity.situations
    assert (situation.profession, situation.mode, situation.sector) == ("80", "S", "SA01")
    assert (situation.finess, situation.structure) == ("750000001", "R80001")
    assert (situation.category, situation.name) == ("C", "HOPITAL SYNTHETIQUE")
    assert identity.choices == (0,)
    chosen = psc.federation.choose(identity, 0)
    assert chosen.roles == {"clinician"}
    assert (chosen.establishment, chosen.finess) == ("org-1", "750000001")


async def test_of_several_situations_one_is_chosen(psc: World) -> None:
    psc.issuer.person = changed(
        SubjectRefPro={"exercices": [exercise("80", OFFICE, HERE), exercise("60", HERE)]}
    )
    identity = await psc.log_in()
    assert [each.profession for each in identity.situations] == ["80", "80", "60"]
    assert identity.choices == (0, 1)
    assert psc.federation.choose(identity, 0).establishment is None
    assert psc.federation.choose(identity, 1).establishment == "org-1"
    with pytest.raises(NoSituation) as refused:
        psc.federation.choose(identity, 2)
    assert refused.value.reason == "no-role"
    for nowhere in (-1, 3):
        with pytest.raises(Incorrect):
            psc.federation.choose(identity, nowhere)


async def test_the_choice_waits_for_the_browser_it_was_offered_to(psc: World) -> None:
    identity = await psc.log_in()
    handle = await psc.federation.hold(identity, BROWSER)
    assert await psc.federation.look(handle, BROWSER) == identity
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.look(handle, b"o" * 32)
    assert refused.value.reason == "other-browser"
    assert await psc.federation.take(handle, BROWSER) == identity
    with pytest.raises(FederationRefused) as refused:
        await psc.federation.take(handle, BROWSER)
    assert refused.value.reason == "unknown-login"


async def test_a_choice_is_no_state_and_a_state_is_no_choice(psc: World) -> None:
    identity = await psc.log_in()
    handle = await psc.federation.hold(identity, BROWSER)
    with pytest.raises(FederationRefused):
        await psc.federation.finish("psc", BROWSER, [("state", handle), ("code", "x")])
    state = dict(await psc.begin())["state"]
    with pytest.raises(FederationRefused):
        await psc.federation.take(state, BROWSER)


@pytest.mark.parametrize(
    ("reason", "claims"),
    [
        ("no-profession", {"SubjectRole": None}),
        ("no-profession", {"SubjectRole": []}),
        ("no-situation", {"SubjectRefPro": None}),
        ("no-situation", {"SubjectRefPro": {}}),
        ("no-situation", {"SubjectRefPro": {"exercices": []}}),
        ("no-situation", {"SubjectRefPro": {"exercices": [{"codeProfession": "80"}]}}),
        ("no-situation", {"SubjectRefPro": {"exercices": [exercise("80")]}}),
        ("no-situation", {"SubjectRefPro": {"exercices": [exercise("", HERE)]}}),
        ("no-role", {"SubjectRefPro": {"exercices": [exercise("60", HERE)]}}),
    ],
)
async def test_a_person_without_a_role_is_not_let_in(
    psc: World, reason: str, claims: dict[str, Any]
) -> None:
    psc.issuer.person = changed(**claims)
    with pytest.raises(NoSituation) as refused:
        await psc.log_in()
    assert refused.value.reason == reason
    assert refused.value.category == "forbidden"
    [event] = psc.events
    assert (event.kind, event.outcome, event.reason) == ("identity-refused", "refused", reason)


async def test_a_person_whom_the_issuer_does_not_know_as_a_professional_is_not_let_in(
    psc: World,
) -> None:
    psc.issuer.person = changed()
    del psc.issuer.person["SubjectRole"], psc.issuer.person["SubjectRefPro"]
    with pytest.raises(NoSituation) as refused:
        await psc.log_in()
    assert refused.value.reason == "no-profession"


@pytest.mark.parametrize(
    "claims",
    [
        {"SubjectNameID": ""},
        {"SubjectNameID": 7},
        {"SubjectRole": "80"},
        {"SubjectRefPro": []},
        {"SubjectRefPro": {"exercices": {}}},
        {"SubjectRefPro": {"exercices": [exercise("8" * 101, HERE)]}},
        {"SubjectRefPro": {"exercices": [exercise("80", HERE)] * 21}},
        {"SubjectRefPro": {"exercices": [{"codeProfession": 80, "activities": [HERE]}]}},
    ],
)
async def test_a_professional_of_another_shape_is_refused(
    psc: World, claims: dict[str, Any]
) -> None:
    psc.issuer.person = changed(**claims)
    assert await psc.refusal() == "claims"
