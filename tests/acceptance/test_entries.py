"""An entry of a bundle is answered as the same interaction is when it is asked for alone.

https://hl7.org/fhir/R4/http.html#brules
"""

from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from tests.acceptance.client import Answer, Client
from tests.acceptance.records import new_id, patient, transaction

Json = dict[str, Any]
KINDS = pytest.mark.parametrize("kind", ["batch", "transaction"])


class Told(NamedTuple):
    """A status and, of each issue, its code, its words and its place in the resource."""

    status: str
    issues: list[tuple[str, str, str]]


def told(status: object, outcome: Json, type: str) -> Told:
    """`type`: of the resource, whose place in a transaction is seen from the bundle."""
    return Told(
        str(status),
        [
            (
                each["code"],
                each["diagnostics"],
                each.get("expression", [""])[0].replace("Bundle.entry[0].resource", type),
            )
            for each in outcome["issue"]
        ],
    )


def entry(client: Client, kind: str, method: str, url: str, **more: Any) -> Answer | Json:
    """What a bundle of one entry is answered: the entry, or the whole when that is refused."""
    request = {"method": method, "url": url, **more.pop("request", {})}
    answer = client.post("", transaction({"request": request, **more}, type=kind))
    if answer.status != 200:
        assert kind == "transaction", answer
        return answer
    (done,) = answer.json()["entry"]
    return dict(done)


def refused_in(client: Client, kind: str, method: str, url: str, **more: Any) -> Told:
    found = entry(client, kind, method, url, **more)
    if isinstance(found, Answer):
        return told(found.status, found.json(), url.partition("?")[0].partition("/")[0])
    response = found["response"]
    return told(response["status"], response["outcome"], "")


WRITES: dict[str, tuple[str, str, Json]] = {
    "create": ("POST", "Patient", {}),
    "conditional create": ("POST", "Patient", {"If-None-Exist": "identifier=urn:x|{id}"}),
    "update": ("PUT", "Patient/{id}", {}),
    "conditional update": ("PUT", "Patient?identifier=urn:x|{id}", {}),
}
"""Interaction → method, address, headers of one that writes a resource."""
CONTACT = {"contact": [{"gender": "male"}]}
"""It breaks the invariant pat-1."""
FAULTS: dict[str, tuple[Any, str]] = {
    "an invariant": (patient(**CONTACT), "422"),
    "a code": (patient(gender="banana"), "400"),
    "an invariant and a code": (patient(gender="banana", **CONTACT), "400"),
    "an element": (patient(colour="blue"), "400"),
    "another type": ({"resourceType": "Basic", "code": {"text": "x"}}, "400"),
    "a part": (
        patient(
            meta={
                "tag": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
                        "code": "SUBSETTED",
                    }
                ]
            }
        ),
        "422",
    ),
    "another id": (patient(id="another"), "400"),
}
TAKEN = {(how, "another id") for how in WRITES if how != "update"}
TAKEN |= {("create", "a part"), ("conditional create", "a part")}
"""What is no fault there."""


@KINDS
@pytest.mark.parametrize(
    ("how", "fault"), [each for each in product(WRITES, FAULTS) if each not in TAKEN]
)
def test_a_resource_is_refused_in_a_bundle_as_it_is_alone(
    client: Client, kind: str, how: str, fault: str
) -> None:
    id = new_id()
    method, url, headers = WRITES[how]
    resource, status = FAULTS[fault]
    if how == "update":
        resource = {"id": id} | resource
    url = url.replace("{id}", id)
    headers = {name: value.replace("{id}", id) for name, value in headers.items()}
    address = quote(f"/{url}", safe="/?=:")
    alone = client.ask(method, address, resource, headers)
    request = {"ifNoneExist": headers["If-None-Exist"]} if headers else {}
    found = refused_in(client, kind, method, url, resource=resource, request=request)
    expected = told(alone.status, alone.json(), "")
    assert expected.status == status
    assert found == expected
