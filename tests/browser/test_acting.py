"""A relative says for whom he acts, without JavaScript; it ends when the patient takes it back."""

from typing import Any

from tests.acceptance.client import Client
from tests.browser.conftest import Meet, Place

CHILD, MOTHER, CONSENT = "acting-child", "acting-mother", "acting-consent"


def test_a_relative_acts_for_a_patient_until_the_consent_is_withdrawn(
    meet: Meet, place: Place
) -> None:
    client = place.installation.client(place.server)
    for body in (
        {"resourceType": "Patient", "id": CHILD, "name": [{"family": "Essai"}]},
        {
            "resourceType": "RelatedPerson",
            "id": MOTHER,
            "patient": {"reference": f"Patient/{CHILD}"},
        },
        consent("active"),
    ):
        put(client, body)
    visitor = meet(java_script_enabled=False)
    visitor.enrol_by_password(place.invite("--relative", MOTHER, role="relative"))
    visitor.press("Choose for whom I act")
    assert visitor.heading() == "For whom do you act?"
    visitor.page.locator('form[action="/acting"] button').click()
    banner = visitor.page.get_by_role("region", name="For whom you act")
    for path in ("/", "/account", "/acting"):
        visitor.go(path)
        assert "You are acting for Essai." in banner.inner_text()
    assert "Vous agissez pour Essai." in visitor.go("/?lang=fr").locator(".acting").inner_text()
    visitor.go("/?lang=en")
    visitor.press("Act for myself again")
    assert banner.count() == 0
    visitor.go("/acting")
    visitor.page.locator('form[action="/acting"] button').click()
    assert banner.count() == 1
    put(client, consent("inactive"))
    visitor.go("/account")
    assert visitor.heading() == "You no longer act for Essai"
    assert banner.count() == 0
    visitor.press("Go on for yourself")
    assert visitor.heading() == "My means to sign in"
    visitor.go("/acting")
    assert visitor.page.get_by_text("Nobody at the moment.").count() == 1


def consent(status: str) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "id": CONSENT,
        "status": status,
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{CHILD}"},
        "policyRule": {"text": "CSP L.1110-4"},
        "provision": {
            "type": "permit",
            "actor": [
                {
                    "role": {"text": "relative"},
                    "reference": {"reference": f"RelatedPerson/{MOTHER}"},
                }
            ],
        },
    }


def put(client: Client, body: dict[str, Any]) -> None:
    assert client.put(f"/{body['resourceType']}/{body['id']}", body).status in (200, 201)
