"""What people choose for an application: patients and stays that are theirs to see."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.web.conftest import Answer, Forms, Surfer, World
from tests.integration.web.test_consenting import BACK, Asking, answered

from egide.accounts import Registration
from egide.accounts.people import Bound
from egide.actor import Actor
from egide.clock import system_clock
from egide.record import Record

SCOPE = "launch/patient launch/encounter patient/Observation.rs"
DOCTOR = "synthetic-practitioner"
VISIBILITY = "urn:oid:1.2.250.1.213.1.1.4.13"


@dataclass
class Choosing:
    """An application that asks for a stay, and two patients with two stays each.

    Zoe is in the doctor's care, Yves is not. The second stay of Zoe is hidden from professionals.
    """

    asking: Asking
    zoe: str
    yves: str
    stays: dict[str, str]

    @property
    def world(self) -> World:
        return self.asking.world

    async def doctor(self) -> Surfer:
        bound = Bound(practitioner=DOCTOR)
        return await self.asking.browser.enrol(
            self.world, roles=["clinician"], bound=bound, trained=system_clock() + timedelta(days=1)
        )

    async def send(self, browser: Surfer, action: str, **fields: str) -> Answer:
        """A form as our own page would send it, filled in by somebody else's hand."""
        cookie = browser.cookies["__Host-egide-session"]
        token = self.world.web._site.forms.token(cookie, action)
        carried = self.asking.address(scope=SCOPE).partition("?")[2]
        return await browser.post(action, {"form_token": token, "request": carried} | fields)

    def approved(self) -> int:
        return [event.kind for event in self.world.events].count("application-approved")

    async def context(self, location: str) -> Any:
        """The launch context of the approval whose code is in an answer."""
        redeemed = await self.world.accounts.approvals.redeem(answered(location)["code"])
        return redeemed.approval.context


@pytest.fixture
async def choosing(world: World, record: Record, system: Actor) -> Choosing:
    new = await world.accounts.applications.register(
        Registration(label="Carnet", proof="none", scope=SCOPE, redirect_uris=(BACK,))
    )
    made: dict[str, str] = {}

    async def create(type: str, **elements: Any) -> str:
        async with record.open(system) as session:
            body = json.dumps({"resourceType": type, **elements}).encode()
            return (await session.create(type, body)).id

    for name in ("zoe", "yves"):
        made[name] = await create(
            "Patient", name=[{"family": "Quillfeather", "given": [name]}], birthDate="1948-07-04"
        )
    stays = {}
    for name, patient, day, labels in (
        ("first", "zoe", "2026-03-01", []),
        ("hidden", "zoe", "2026-04-01", ["MASQUE_PS"]),
        ("other", "yves", "2026-05-01", []),
    ):
        code = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
        security = [{"system": VISIBILITY, "code": each} for each in labels]
        stays[name] = await create(
            "Encounter",
            status="finished",
            **{"class": code | {"display": f"stay {name}"}},
            subject={"reference": f"Patient/{made[patient]}"},
            period={"start": f"{day}T08:00:00+01:00", "end": f"{day}T18:00:00+01:00"},
            **({"meta": {"security": security}} if security else {}),
        )
    await create(
        "CareTeam",
        status="active",
        subject={"reference": f"Patient/{made['zoe']}"},
        participant=[{"member": {"reference": f"Practitioner/{DOCTOR}"}}],
    )
    asking = Asking(world, new.client_id, world.browser())
    return Choosing(asking, made["zoe"], made["yves"], stays)


async def test_a_patient_out_of_reach_chosen_by_a_forged_form_looks_like_none(
    choosing: Choosing,
) -> None:
    browser = await choosing.doctor()
    for action in ("/oauth/patient", "/oauth/encounter", "/oauth/consent"):
        told = [
            await choosing.send(browser, action, patient=each, answer="allow")
            for each in (choosing.yves, "nobody-here", "../no id/")
        ]
        assert [each.status for each in told] == [404, 404, 404], action
        assert len({each.title for each in told}) == 1
        assert all("Quillfeather" not in each.text for each in told)
    assert choosing.approved() == 0


async def test_a_stay_out_of_reach_or_of_another_chosen_by_a_forged_form_looks_like_none(
    choosing: Choosing,
) -> None:
    browser = await choosing.doctor()
    stays = choosing.stays
    for action in ("/oauth/encounter", "/oauth/consent"):
        for encounter in (stays["hidden"], stays["other"], "nothing-here", "../no id/"):
            fields = {"patient": choosing.zoe, "encounter": encounter, "answer": "allow"}
            told = await choosing.send(browser, action, **fields)
            assert told.status == 404, (action, encounter)
            assert "stay " not in told.text.split("<main")[1].replace("stay of this", "")
    assert choosing.approved() == 0


async def test_a_patient_chooses_no_stay_of_somebody_else(choosing: Choosing) -> None:
    browser = choosing.asking.browser
    await browser.enrol(choosing.world, roles=["patient"], bound=Bound(patient=choosing.zoe))
    fields = {"encounter": choosing.stays["other"], "answer": "allow"}
    assert (await choosing.send(browser, "/oauth/encounter", **fields)).status == 404
    assert (await choosing.send(browser, "/oauth/consent", **fields)).status == 404
    fields |= {"patient": choosing.yves}
    assert (await choosing.send(browser, "/oauth/consent", **fields)).status == 404
    assert choosing.approved() == 0


async def test_a_stay_nobody_asked_for_is_not_chosen(choosing: Choosing) -> None:
    browser = await choosing.doctor()
    choosing.asking.client_id = await _without_encounter(choosing.world)
    carried = choosing.asking.address(scope="launch/patient patient/Observation.rs")
    fields = {"patient": choosing.zoe, "encounter": choosing.stays["first"], "answer": "allow"}
    told = await choosing.send(
        browser, "/oauth/consent", **fields, request=carried.partition("?")[2]
    )
    assert told.status == 403
    assert choosing.approved() == 0


async def test_a_professional_is_offered_the_stays_that_are_open(choosing: Choosing) -> None:
    browser = await choosing.doctor()
    await browser.get(choosing.asking.address(scope=SCOPE))
    await browser.submit("/oauth/patients", name="quillfeather", birthdate="1948-07-04")
    page = await browser.submit("/oauth/patient")
    assert page.title == "Which stay?"
    assert "stay first" in page.text and "from 1 Mar 2026 to 1 Mar 2026" in page.text
    for name in ("hidden", "other"):
        assert f"stay {name}" not in page.text
        assert choosing.stays[name] not in page.text
    chosen = {"patient": choosing.zoe, "encounter": choosing.stays["first"]}
    page = await choosing.send(browser, "/oauth/encounter", **chosen)
    assert "<h1>Let " in page.text and "stay first" in page.text
    assert chosen.items() <= Forms(page.text).forms["/oauth/consent"].items()
    answer = await browser.submit("/oauth/consent", answer="allow")
    context = await choosing.context(answer.location)
    assert (context.launched, context.encounter) == (choosing.zoe, choosing.stays["first"])


async def test_the_page_is_in_french_too(choosing: Choosing) -> None:
    browser = await choosing.doctor()
    cookie = browser.cookies["__Host-egide-session"]
    token = choosing.world.web._site.forms.token(cookie, "/oauth/patient")
    carried = choosing.asking.address(scope=SCOPE).partition("?")[2]
    page = await browser.post(
        "/oauth/patient",
        {"form_token": token, "request": carried, "patient": choosing.zoe},
        accept_language="fr",
    )
    assert page.title == "Quel séjour ?"
    assert "du 1 mars 2026 au 1 mars 2026" in page.text.replace("1er", "1")


async def test_one_may_go_on_without_a_stay(choosing: Choosing) -> None:
    browser = choosing.asking.browser
    await browser.enrol(choosing.world, roles=["patient"], bound=Bound(patient=choosing.zoe))
    page = await browser.get(choosing.asking.address(scope=SCOPE))
    assert page.title == "Which stay?"
    page = await choosing.send(browser, "/oauth/encounter")
    assert "encounter" not in Forms(page.text).forms["/oauth/consent"]
    answer = await browser.submit("/oauth/consent", answer="allow")
    context = await choosing.context(answer.location)
    assert (context.launched, context.encounter) == (choosing.zoe, None)


async def test_where_there_is_no_stay_nobody_is_asked(
    choosing: Choosing, record: Record, system: Actor
) -> None:
    async with record.open(system) as session:
        await session.delete("Encounter", choosing.stays["other"])
    browser = choosing.asking.browser
    await browser.enrol(choosing.world, roles=["patient"], bound=Bound(patient=choosing.yves))
    page = await browser.get(choosing.asking.address(scope=SCOPE))
    assert "<h1>Let " in page.text


async def test_whoever_asks_for_a_stay_alone_is_told_of_whom_it_is(choosing: Choosing) -> None:
    browser = await choosing.doctor()
    page = await browser.get(choosing.asking.address(scope="launch/encounter"))
    assert page.title == "Whose record?"


async def _without_encounter(world: World) -> str:
    new = await world.accounts.applications.register(
        Registration(
            label="Carnet",
            proof="none",
            scope="launch/patient patient/Observation.rs",
            redirect_uris=(BACK,),
        )
    )
    return new.client_id
