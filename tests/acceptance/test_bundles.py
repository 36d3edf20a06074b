"""Transactions and batches over HTTP. https://hl7.org/fhir/R4/http.html#transaction"""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.acceptance.client import Client, resources
from tests.acceptance.records import new_id, observation, patient, posting, putting, transaction

Json = dict[str, Any]


def count(client: Client, type: str, query: str) -> int:
    return sum(len(resources(page)) for page in client.pages(f"/{type}?{query}&_count=200"))


def located(answer: Any) -> list[str]:
    """`Type/id` of each entry of a transaction response, in order."""
    return [
        "/".join(entry["response"]["location"].split("/")[-4:-2])
        for entry in answer.json()["entry"]
    ]


def test_references_inside_a_transaction_are_resolved(client: Client) -> None:
    urn = f"urn:uuid:{new_id()}"
    answer = client.post(
        "",
        transaction(
            posting(observation(urn)),
            posting(patient("Essai"), urn),
            posting(
                observation(urn, "718-7") | {"text": {"status": "generated", "div": DIV % urn}}
            ),
        ),
    )
    assert answer.status == 200
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction-response")
    assert [entry["response"]["status"][:3] for entry in bundle["entry"]] == ["201"] * 3
    first, person, second = located(answer)
    assert person.startswith("Patient/")
    for observed in (first, second):
        assert client.get(f"/{observed}").json()["subject"] == {"reference": person}
    assert client.get(f"/{second}").json()["text"]["div"] == DIV % person
    for entry in bundle["entry"]:
        assert entry["response"]["etag"] == 'W/"1"'
        assert entry["response"]["lastModified"] == entry["resource"]["meta"]["lastUpdated"]


DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="%s">x</a></div>'


def test_a_reference_by_full_url_is_resolved_too(client: Client) -> None:
    url = f"http://elsewhere.example.org/fhir/Patient/{new_id()}"
    answer = client.post("", transaction(posting(patient(), url), posting(observation(url))))
    person, observed = located(answer)
    assert client.get(f"/{observed}").json()["subject"]["reference"] == person


def test_a_conditional_reference_is_resolved_to_the_one_that_matches(client: Client) -> None:
    number = new_id()
    identifier = [{"system": "urn:oid:1.2.3", "value": number}]
    person = client.post("/Patient", patient(identifier=identifier)).json()["id"]
    wanted = f"Patient?identifier=urn:oid:1.2.3|{number}"
    answer = client.post("", transaction(posting(observation(wanted))))
    assert answer.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{person}"


@pytest.mark.parametrize("there", [0, 2])
def test_a_conditional_reference_that_matches_not_one_refuses_all(
    client: Client, there: int
) -> None:
    number, tag = new_id(), new_id()
    identifier = [{"system": "urn:oid:1.2.3", "value": number}]
    for _ in range(there):
        client.post("/Patient", patient(identifier=identifier))
    marked = patient(meta={"tag": [{"system": "urn:oid:1.2.3", "code": tag}]})
    wanted = f"Patient?identifier=urn:oid:1.2.3|{number}"
    answer = client.post("", transaction(posting(marked), posting(observation(wanted))))
    (issue,) = answer.refused(400)
    assert issue["expression"] == ["Bundle.entry[1].resource"]
    assert number not in answer.body.decode()
    assert count(client, "Patient", f"_tag=urn:oid:1.2.3|{tag}") == 0


def test_a_transaction_does_all_kinds_of_things_in_the_order_of_the_bundle(client: Client) -> None:
    old, gone, kept, new = (new_id() for _ in range(4))
    for id in (old, gone, kept):
        client.put(f"/Patient/{id}", patient() | {"id": id})
    answer = client.post(
        "",
        transaction(
            {"request": {"method": "GET", "url": f"Patient/{kept}"}},
            putting(patient("Autre") | {"id": old}, ifMatch='W/"1"'),
            {"request": {"method": "DELETE", "url": f"Patient/{gone}"}},
            putting(patient() | {"id": new}),
            {"request": {"method": "GET", "url": f"Patient?_id={old}"}},
            posting(patient()),
        ),
    )
    entries = answer.json()["entry"]
    statuses = [entry["response"]["status"][:3] for entry in entries]
    assert statuses == ["200", "200", "204", "201", "200", "201"]
    assert entries[0]["resource"]["id"] == kept
    # Reads see what the transaction wrote: https://hl7.org/fhir/R4/http.html#trules
    (found,) = entries[4]["resource"]["entry"]
    assert found["resource"]["name"] == [{"family": "Autre"}]
    client.get(f"/Patient/{gone}").refused(410)
    assert client.get(f"/Patient/{old}").version() == 2


def test_one_bad_entry_stores_nothing_of_a_transaction(client: Client) -> None:
    tag = new_id()
    meta = {"tag": [{"system": "urn:oid:1.2.3", "code": tag}]}
    bad = patient(gender="banana", meta=meta)
    answer = client.post("", transaction(posting(patient(meta=meta)), posting(bad)))
    (issue,) = answer.refused(400)
    assert issue["expression"] == ["Bundle.entry[1].resource.gender"]
    assert count(client, "Patient", f"_tag=urn:oid:1.2.3|{tag}") == 0


def test_a_failed_condition_stores_nothing_of_a_transaction(client: Client) -> None:
    id, tag = new_id(), new_id()
    meta = {"tag": [{"system": "urn:oid:1.2.3", "code": tag}]}
    client.put(f"/Patient/{id}", patient() | {"id": id})
    stale = putting(patient("Autre") | {"id": id}, ifMatch='W/"7"')
    client.post("", transaction(posting(patient(meta=meta)), stale)).refused(412)
    assert count(client, "Patient", f"_tag=urn:oid:1.2.3|{tag}") == 0
    assert client.get(f"/Patient/{id}").version() == 1


def test_each_entry_of_a_batch_stands_for_itself(client: Client) -> None:
    id = new_id()
    answer = client.post(
        "",
        transaction(
            posting(patient()),
            posting(patient(gender="banana")),
            {"request": {"method": "GET", "url": f"Patient/{id}"}},
            putting(patient() | {"id": id}),
            {"request": {"method": "GET", "url": f"Patient/{id}"}},
            {"request": {"method": "DELETE", "url": f"Patient/{id}"}},
            {"request": {"method": "GET", "url": "Nothing/1"}},
            {"request": {"method": "PATCH", "url": f"Patient/{id}"}},
            type="batch",
        ),
    )
    bundle = answer.json()
    assert (answer.status, bundle["type"]) == (200, "batch-response")
    statuses = [entry["response"]["status"][:3] for entry in bundle["entry"]]
    assert statuses[:6] == ["201", "400", "404", "201", "200", "204"]
    assert all(status.startswith("4") or status == "501" for status in statuses[6:])
    for place in (1, 2, 6, 7):
        outcome = bundle["entry"][place]["response"]["outcome"]
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["issue"][0]["diagnostics"]
    assert "banana" not in answer.body.decode()


def test_a_transaction_answers_minimally_when_asked(client: Client) -> None:
    answer = client.post("", transaction(posting(patient())), prefer="return=minimal")
    (entry,) = answer.json()["entry"]
    assert "resource" not in entry
    assert client.get("/" + located(answer)[0]).status == 200


@pytest.mark.parametrize("type", ["batch", "transaction"])
def test_a_bundle_answers_with_outcomes_when_asked(client: Client, type: str) -> None:
    bundle = transaction(posting(patient()), type=type)
    (entry,) = client.post("", bundle, prefer="return=OperationOutcome").json()["entry"]
    assert "resource" not in entry
    outcome = entry["response"]["outcome"]
    assert [issue["severity"] for issue in outcome["issue"]] == ["information"]


@pytest.mark.parametrize("type", ["batch", "transaction"])
@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"ifNoneMatch": 'W/"1"'}, "304"),
        ({"ifNoneMatch": "*"}, "304"),
        ({"ifNoneMatch": 'W/"2"'}, "200"),
        ({"ifModifiedSince": "2099-01-01T00:00:00Z"}, "304"),
        ({"ifModifiedSince": "1999-01-01T00:00:00Z"}, "200"),
        ({"ifNoneMatch": 'W/"2"', "ifModifiedSince": "2099-01-01T00:00:00Z"}, "200"),
    ],
)
def test_a_conditional_read_in_a_bundle_is_answered_as_one(
    client: Client, type: str, condition: Json, status: str
) -> None:
    id = client.post("/Patient", patient()).json()["id"]
    request = {"method": "GET", "url": f"{client.base}/Patient/{id}", **condition}
    (entry,) = client.post("", transaction({"request": request}, type=type)).json()["entry"]
    assert entry["response"]["status"][:3] == status
    assert ("resource" in entry) == (status == "200")


def test_a_bundle_is_lenient_when_its_request_is(client: Client) -> None:
    asked = {"request": {"method": "GET", "url": "Patient?_id=x&colour=blue"}}
    client.post("", transaction(asked)).refused(400)
    answer = client.post("", transaction(asked), prefer="handling=lenient")
    (entry,) = answer.json()["entry"]
    assert [each["search"]["mode"] for each in entry["resource"]["entry"]] == ["outcome"]


def test_an_empty_transaction_is_answered_by_an_empty_one(client: Client) -> None:
    answer = client.post("", {"resourceType": "Bundle", "type": "transaction"})
    assert answer.status == 200
    assert answer.json() == {"resourceType": "Bundle", "type": "transaction-response"}


@pytest.mark.parametrize("type", ["collection", "searchset"])
def test_other_bundles_are_not_done(client: Client, type: str) -> None:
    tag = new_id()
    marked = patient(meta={"tag": [{"system": "urn:oid:1.2.3", "code": tag}]})
    answer = client.post("", transaction({"resource": marked}, type=type))
    assert answer.refused(400)[0]["expression"] == ["Bundle.type"]
    assert count(client, "Patient", f"_tag=urn:oid:1.2.3|{tag}") == 0


REFUSED: dict[str, Any] = {
    "two writes to one identity": lambda id: [
        putting(patient("Un") | {"id": id}),
        putting(patient("Deux") | {"id": id}),
    ],
    "a write and a deletion of one identity": lambda id: [
        putting(patient() | {"id": id}),
        {"request": {"method": "DELETE", "url": f"Patient/{id}"}},
    ],
    "the same fullUrl twice": lambda id: [
        posting(patient(), f"urn:uuid:{id}"),
        posting(patient(), f"urn:uuid:{id}"),
    ],
    "a reference to no entry": lambda id: [posting(observation(f"urn:uuid:{id}"))],
    "an id that is not the address's": lambda id: [
        {
            "resource": patient() | {"id": new_id()},
            "request": {"method": "PUT", "url": f"Patient/{id}"},
        }
    ],
    "another type than the address's": lambda id: [
        {"resource": patient(), "request": {"method": "POST", "url": "Observation"}}
    ],
    "an update without id": lambda id: [
        {"resource": patient(), "request": {"method": "PUT", "url": "Patient"}}
    ],
    "no request": lambda id: [{"resource": patient()}],
    "no resource": lambda id: [{"request": {"method": "POST", "url": "Patient"}}],
    "an unknown type": lambda id: [
        {"resource": patient(), "request": {"method": "POST", "url": "X"}}
    ],
    "an unknown field": lambda id: [posting(patient()) | {"extra": 1}],
}

INVARIANTS = {"the same fullUrl twice", "no request"}


@pytest.mark.parametrize("why", REFUSED)
def test_a_transaction_is_refused_for(client: Client, why: str) -> None:
    id, tag = new_id(), new_id()
    marked = patient(meta={"tag": [{"system": "urn:oid:1.2.3", "code": tag}]})
    answer = client.post("", transaction(posting(marked), *REFUSED[why](id)))
    # What breaks an invariant of R4 is 422, what breaks its structure 400.
    issues = answer.refused(422 if why in INVARIANTS else 400)
    assert all("expression" in issue for issue in issues), issues
    client.get(f"/Patient/{id}").refused(404)
    assert count(client, "Patient", f"_tag=urn:oid:1.2.3|{tag}") == 0


def test_transactions_that_cross_never_fault_and_never_mix(client: Client) -> None:
    """Eight clients write the same ten resources in every order; each transaction is whole."""
    ids = [new_id() for _ in range(10)]

    def write(number: int) -> int:
        order = random.Random(number).sample(ids, len(ids))
        mine = [putting(patient(f"Essai-{number}") | {"id": id}) for id in order]
        return client.post("", transaction(*mine)).status

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(write, range(40)))
    assert set(statuses) <= {200, 409}, statuses
    assert statuses.count(200) >= 8
    stored = [client.get(f"/Patient/{id}") for id in ids]
    assert len({answer.json()["name"][0]["family"] for answer in stored}) == 1
    assert {answer.version() for answer in stored} == {statuses.count(200)}
