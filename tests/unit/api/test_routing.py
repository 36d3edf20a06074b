"""The table of addresses: what is open, and that what it says of an interaction is so."""

import json
from typing import Any

import pytest
from tests.unit.http.asking import request

import egide.record.oversight
import egide.record.session
from egide.actor import Actor
from egide.api.application import routes
from egide.api.rest import FHIR
from egide.api.rest.call import Call
from egide.errors import EgideError
from egide.gate import INTERACTIONS
from egide.http.routes import Answer
from egide.record import Session

OPEN = {
    "/",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/fhir/metadata",
    # Applications prove themselves here by other means than an access token.
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/register",
    "/oauth/jwks",
    "/fhir/.well-known/smart-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
}
VARIABLES = {"{type}": "Patient", "{id}": "1", "{version}": "1", "{member}": "Observation"}
PATIENT = b'{"resourceType":"Patient","id":"1"}'
BUNDLE = b'{"resourceType":"Bundle","type":"%s"}'
PARAMETERS = {
    "$break-glass": [("code", "valueCode", "x"), ("text", "valueString", "x")],
    "$everything": [("_type", "valueCode", "Observation")],
    "$broken-glass": [("number", "valueString", "1"), ("outcome", "valueCode", "x")],
    "$explain": [
        ("request", "valueString", "GET /fhir/Patient/1"),
        ("account", "valueString", "1"),
        ("purpose", "valueCode", "TREAT"),
    ],
}
FORM = b"application/x-www-form-urlencoded"


class Known:
    """Accounts that know everybody."""

    async def actor(self, account: int) -> Actor:
        return Actor(account, "test", frozenset({"clinician"}), 0)

    async def relatives(self, account: int) -> tuple[str, ...]:
        return ()


class Asked(Exception):
    """The session asked the gate about an interaction."""


def answers() -> list[Any]:
    """Every answer with each of its interactions.

    Whether an update creates is seen, and asked, only when the row is looked for.
    """
    return [
        pytest.param(route.template, method, answer, interaction, id=f"{method} {route.template}")
        for route in FHIR
        for method, answer in route.answers.items()
        for interaction in answer.interactions
        if (method, interaction) != ("PUT", "create")
    ]


def test_nothing_more_is_open_to_anyone() -> None:
    opened = {
        route.template
        for route in routes()
        for answer in route.answers.values()
        if not answer.interactions
    }
    assert opened == OPEN


def test_every_interaction_is_one_the_gate_knows() -> None:
    asked = {
        each
        for route in routes()
        for answer in route.answers.values()
        for each in answer.interactions
    }
    assert asked <= INTERACTIONS
    assert len(asked) > 8


@pytest.mark.parametrize(("template", "method", "answer", "interaction"), answers())
async def test_an_answer_asks_the_gate_what_its_table_says(
    monkeypatch: pytest.MonkeyPatch, template: str, method: str, answer: Answer, interaction: str
) -> None:
    def asked(parts: Any, actor: Any, purpose: str, name: str, *more: Any, **facts: Any) -> Any:
        raise Asked(name)

    for module in (egide.record.session, egide.record.oversight):
        monkeypatch.setattr(module, "interaction", asked)
    parts: Any = None
    session = Session(parts, Actor(1, "test", frozenset({"system"}), 1), "TREAT")
    search = template.endswith("_search")
    body = b"" if search else BUNDLE % interaction.encode() if template == "/fhir" else PATIENT
    given = PARAMETERS.get(template.rpartition("/")[2])
    if given is not None and method == "POST":
        listed = [{"name": name, value: text} for name, value, text in given]
        body = json.dumps({"resourceType": "Parameters", "parameter": listed}).encode()
    target = "/".join(VARIABLES.get(each, each) for each in template.split("/"))
    media = FORM if search else b"application/fhir+json"
    asking = request(body, target=target, headers=[(b"content-type", media)])
    asking.method = method
    variables = [VARIABLES[each] for each in template.split("/") if each in VARIABLES]
    accounts: Any = Known()
    base = "https://example.org/fhir"
    call = Call(asking, session, base, b"application/fhir+json", False, {}, accounts, FHIR)
    with pytest.raises((Asked, EgideError)) as raised:
        await answer.respond(call, *variables)
    assert isinstance(raised.value, Asked), raised.value
    assert str(raised.value) == interaction
