"""SMART's own JavaScript client logs in and works: standalone and EHR launch, refresh, the end.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.application import Application, serving
from tests.browser.conftest import Meet, Place, Visitor

BORN = "1948-07-04"


@dataclass(frozen=True)
class Cared:
    """A patient made up, with one measurement, and the practitioner who cares for that patient."""

    patient: str
    family: str
    practitioner: str


@pytest.fixture(scope="module")
def application(place: Place) -> Iterator[Application]:
    with serving(place, "Growth chart") as made:
        yield made


@pytest.fixture(scope="module")
def cared(place: Place) -> Cared:
    return _cared(place, "Quillfeather")


@pytest.fixture(scope="module")
def stranger(place: Place) -> Cared:
    """Cared for by somebody else."""
    return _cared(place, "Otherwise")


@pytest.fixture
def patient(meet: Meet, place: Place, cared: Cared) -> Visitor:
    """A browser the patient is signed in with."""
    return _signed_in(meet, place, "patient", "--patient", cared.patient)


@pytest.fixture
def professional(meet: Meet, place: Place, cared: Cared) -> Visitor:
    """A browser the practitioner is signed in with."""
    more = ("--practitioner", cared.practitioner, "--trained-until", "2099-12-31")
    return _signed_in(meet, place, "clinician", *more)


def test_a_patient_lets_it_in_and_takes_that_back(
    patient: Visitor, application: Application, cared: Cared
) -> None:
    patient.go(f"{application.url}/launch.html")
    _let_in(patient, application, "yours")
    _told(patient, "read 1")
    assert _read(patient) == (cared.family, f"Height of {cared.family}")
    assert patient.page.locator("#user").inner_text() == f"Patient/{cared.patient}"
    patient.page.get_by_role("button", name="Refresh").click()
    _told(patient, "refreshed 2")
    assert _read(patient) == (cared.family, f"Height of {cared.family}")
    other = patient.context.new_page()
    other.goto(f"{patient.place.url}/account/applications")
    other.get_by_role("button", name=f"Take back {application.label}").click()
    other.get_by_text("None at present.").wait_for()
    patient.page.get_by_role("button", name="Read again").click()
    _told(patient, "refused 3:")
    patient.page.get_by_role("button", name="Refresh").click()
    _told(patient, "refused 4:")
    assert _read(patient) == ("", "")


def test_a_no_is_told_to_the_application(patient: Visitor, application: Application) -> None:
    patient.go(f"{application.url}/launch.html")
    patient.page.get_by_role("heading", name=f"Let {application.label} in?").wait_for()
    patient.press("Refuse")
    _told(patient, "refused 1: access_denied: The person said no")
    assert _read(patient) == ("", "")


def test_a_professional_chooses_a_patient_in_care(
    professional: Visitor, application: Application, cared: Cared, stranger: Cared
) -> None:
    professional.go(f"{application.url}/launch.html")
    _choose(professional, cared, stranger)
    _let_in(professional, application, f"{cared.family} Zoe, born on 4 Jul 1948")
    _told(professional, "read 1")
    assert _read(professional) == (cared.family, f"Height of {cared.family}")
    user = professional.page.locator("#user").inner_text()
    assert user == f"Practitioner/{cared.practitioner}"


def test_a_professional_opens_it_on_a_patient_in_care(
    professional: Visitor, application: Application, cared: Cared, stranger: Cared
) -> None:
    professional.go("/")
    professional.press("Open an application")
    professional.press(f"Choose a patient {application.label}")
    _choose(professional, cared, stranger)
    _let_in(professional, application, f"{cared.family} Zoe, born on 4 Jul 1948")
    _told(professional, "read 1")
    assert _read(professional) == (cared.family, f"Height of {cared.family}")


def test_a_patient_opens_it_on_the_own_record(
    patient: Visitor, application: Application, cared: Cared
) -> None:
    patient.go("/applications")
    patient.press(f"Open {application.label}")
    _let_in(patient, application, f"{cared.family} Zoe, born on 4 Jul 1948")
    _told(patient, "read 1")
    assert _read(patient) == (cared.family, f"Height of {cared.family}")


def _signed_in(meet: Meet, place: Place, role: str, *more: str) -> Visitor:
    visitor = meet()
    visitor.authenticator()
    visitor.enrol_by_passkey(place.invite(*more, role=role))
    return visitor


def _cared(place: Place, family: str) -> Cared:
    client = place.installation.client(place.server)

    def made(type: str, **body: Any) -> str:
        answer = client.post(f"/{type}", {"resourceType": type, **body})
        assert answer.status == 201, answer.body
        return str(answer.json()["id"])

    name = [{"family": family, "given": ["Zoe"]}]
    patient = made("Patient", name=name, birthDate=BORN, gender="female")
    practitioner = made("Practitioner", name=[{"family": "Exemple"}])
    subject = {"reference": f"Patient/{patient}"}
    member = {"member": {"reference": f"Practitioner/{practitioner}"}}
    made("CareTeam", status="active", subject=subject, participant=[member])
    made("Observation", status="final", code={"text": f"Height of {family}"}, subject=subject)
    return Cared(patient, family, practitioner)


def _choose(visitor: Visitor, cared: Cared, stranger: Cared) -> None:
    """The patient in care is found; the other one, of the same birth date, is not."""
    for one, found in ((stranger, "0 patients found"), (cared, "1 patient found")):
        visitor.page.get_by_role("heading", name="Whose record?").wait_for()
        visitor.page.get_by_label("Name").fill(one.family)
        visitor.page.get_by_label("Birth date").fill(BORN)
        visitor.press("Search")
        expect(visitor.page.locator("main h2").first).to_have_text(found)
    visitor.press(f"Choose {cared.family} Zoe")


def _let_in(visitor: Visitor, application: Application, whose: str) -> None:
    visitor.page.get_by_role("heading", name=f"Let {application.label} in?").wait_for()
    assert visitor.page.locator("dl.facts dd").first.inner_text() == whose
    visitor.press("Let it in with what is ticked")


def _told(visitor: Visitor, state: str) -> None:
    expect(visitor.page.locator("#state")).to_contain_text(state, timeout=15_000)


def _read(visitor: Visitor) -> tuple[str, str]:
    page = visitor.page
    return page.locator("#patient").inner_text(), page.locator("#observations").inner_text()
