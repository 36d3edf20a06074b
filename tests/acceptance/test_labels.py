"""Security labels assigned where nobody asked for them: by who may write, and may not label.

Every try is a whole request to a running server, by an admission desk; the label stays what it was,
as the keeper of the records reads it.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from tests.acceptance.client import Answer, Client
from tests.acceptance.installation import Server
from tests.acceptance.records import patient, posting, putting, transaction

from egide.fhir.inline_labels import URL

Json = dict[str, Any]
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
VISIBILITY = "urn:oid:1.2.250.1.213.1.1.4.13"
DESK = {"X-Purpose-Of-Use": "HOPERAT"}
LABELS = [
    {"system": CONFIDENTIALITY, "code": "N"},
    {"system": CONFIDENTIALITY, "code": "R"},
    {"system": CONFIDENTIALITY, "code": "V"},
    {"system": VISIBILITY, "code": "MASQUE_PS"},
    {"system": VISIBILITY, "code": "INVISIBLE_PATIENT"},
]
FORBIDDEN = {403}
INVALID = {400, 422}
REFUSED = {403, 404, 409, 412, 422}
Try = Callable[[Client, Json, str], Answer]


@pytest.fixture(scope="module")
def desk(server: Server) -> Client:
    """An application with the role of an admission desk, which may write and not label."""
    return Client(server.port, server.installation.access_token("--role", "registrar"))


def _bundle(kind: str) -> Try:
    def sent(desk: Client, resource: Json, etag: str) -> Answer:
        body = transaction(putting(resource, ifMatch=etag), type=kind)
        return desk.ask("POST", "/", body, DESK)

    return sent


def _conditional_entry(desk: Client, resource: Json, etag: str) -> Answer:
    url = f"Encounter?_id={resource['id']}"
    entry = {"resource": resource, "request": {"method": "PUT", "url": url}}
    return desk.ask("POST", "/", transaction(entry), DESK)


WRITES: dict[str, Try] = {
    "update": lambda desk, it, etag: desk.ask("PUT", f"/Encounter/{it['id']}", it, DESK),
    "update of a version": lambda desk, it, etag: desk.ask(
        "PUT", f"/Encounter/{it['id']}", it, DESK | {"If-Match": etag}
    ),
    "conditional update": lambda desk, it, etag: desk.ask(
        "PUT", f"/Encounter?_id={it['id']}", it, DESK
    ),
    "transaction": _bundle("transaction"),
    "batch": _bundle("batch"),
    "conditional entry": _conditional_entry,
}


def encounter(of: str, security: Iterable[Json] = (), **more: Any) -> Json:
    """A visit; it says nothing that is masked from a desk but what its labels close."""
    labelled = {"meta": {"security": list(security)}} if security else {}
    return {
        "resourceType": "Encounter",
        "status": "planned",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{of}"},
        **labelled,
        **more,
    }


def contained(label: Json) -> Json:
    """A label on a part, which R4 has on the whole alone (dom-5): it is invalid whoever asks."""
    inner = {"resourceType": "Location", "id": "in", "meta": {"security": [label]}}
    return {"contained": [inner], "location": [{"location": {"reference": "#in"}}]}


def inline(label: Json) -> Json:
    """What labels a single element, which closes the whole."""
    return {
        "type": [{"extension": [{"url": URL, "valueCoding": label}], "text": "A visit"}],
    }


def status_of(answer: Answer) -> int:
    """The status; of a batch, that of its entry."""
    if answer.status == 200 and b'"batch-response"' in answer.body:
        (entry,) = answer.json()["entry"]
        return int(entry["response"]["status"].split()[0])
    return answer.status


def written(client: Client, resource: Json) -> tuple[Json, str]:
    """The resource as it is stored, by who may, and its ETag."""
    answer = client.ask("POST", f"/{resource['resourceType']}", resource)
    assert answer.status == 201, answer.body
    return answer.json(), answer.headers["etag"]


def unchanged(client: Client, before: Json) -> bool:
    now = client.get(f"/{before['resourceType']}/{before['id']}").json()
    return bool(now == before)


@pytest.fixture(scope="module")
def of(client: Client) -> str:
    """The id of a patient."""
    return str(client.ask("POST", "/Patient", patient()).json()["id"])


@pytest.mark.parametrize("how", WRITES)
def test_a_desk_writes_what_it_may(client: Client, desk: Client, of: str, how: str) -> None:
    """The same requests as those refused, without a label: else they would prove nothing."""
    made, etag = written(client, encounter(of))
    answer = WRITES[how](desk, encounter(of, id=made["id"], status="arrived"), etag)
    assert status_of(answer) == 200, answer.body
    assert client.get(f"/Encounter/{made['id']}").json()["status"] == "arrived"


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label["code"])
@pytest.mark.parametrize("how", WRITES)
def test_no_label_is_put_by_an_update(
    client: Client, desk: Client, of: str, how: str, label: Json
) -> None:
    made, etag = written(client, encounter(of))
    for more, statuses in (
        ({"meta": {"security": [label]}}, FORBIDDEN),
        (inline(label), FORBIDDEN),
        (contained(label), INVALID),
    ):
        answer = WRITES[how](desk, encounter(of, id=made["id"], **more), etag)
        assert status_of(answer) in statuses, answer.body
        assert unchanged(client, made)


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label["code"])
@pytest.mark.parametrize("how", WRITES)
def test_no_label_is_dropped_or_exchanged_by_an_update(
    client: Client, desk: Client, of: str, how: str, label: Json
) -> None:
    other = LABELS[0] if label != LABELS[0] else LABELS[1]
    for labelled in (encounter(of, [label]), encounter(of, **inline(label))):
        made, etag = written(client, labelled)
        for put in (encounter(of, id=made["id"]), encounter(of, [other], id=made["id"])):
            answer = WRITES[how](desk, put, etag)
            assert status_of(answer) in REFUSED, answer.body
            assert unchanged(client, made)


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label["code"])
def test_nothing_is_created_with_a_label(
    client: Client, desk: Client, of: str, label: Json
) -> None:
    for more, statuses in (
        ({"meta": {"security": [label]}}, FORBIDDEN),
        (inline(label), FORBIDDEN),
        (contained(label), INVALID),
    ):
        made = encounter(of, **more)
        before = client.get(f"/Encounter?patient={of}&_total=accurate").json()["total"]
        assert desk.ask("POST", "/Encounter", made, DESK).status in statuses
        assert desk.ask("POST", "/", transaction(posting(made)), DESK).status in statuses
        batch = desk.ask("POST", "/", transaction(posting(made), type="batch"), DESK)
        assert status_of(batch) in statuses
        headers = DESK | {"If-None-Exist": "identifier=urn:x|nobody"}
        assert desk.ask("POST", "/Encounter", made, headers).status in statuses
        after = client.get(f"/Encounter?patient={of}&_total=accurate").json()["total"]
        assert after == before


def test_a_document_s_labels_are_out_of_reach_of_a_desk(
    client: Client, desk: Client, of: str
) -> None:
    label = {"coding": [{"system": CONFIDENTIALITY, "code": "R"}]}
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{of}"},
        "securityLabel": [label],
        "content": [{"attachment": {"contentType": "text/plain", "data": "c3ludGhldGlj"}}],
    }
    made, _ = written(client, document)
    bare = {name: value for name, value in made.items() if name not in ("securityLabel", "meta")}
    path = f"/DocumentReference/{made['id']}"
    assert desk.ask("PUT", path, json.loads(json.dumps(bare)), DESK).status in REFUSED
    assert desk.ask("POST", "/", transaction(putting(bare)), DESK).status in REFUSED
    assert desk.ask("POST", "/DocumentReference", document, DESK).status in REFUSED
    assert unchanged(client, made)
