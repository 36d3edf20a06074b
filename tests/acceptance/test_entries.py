"""An entry of a bundle is answered as the same interaction is when it is asked for alone.

https://hl7.org/fhir/R4/http.html#brules
"""

from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from tests.acceptance.client import Answer, Client, link
from tests.acceptance.records import new_id, observation, patient, transaction

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


READS = pytest.mark.parametrize("url", ["Patient/{id}", "Patient/{id}/_history/1"])
CONDITIONS: list[dict[str, str]] = [
    {"If-None-Match": 'W/"1"'},
    {"If-None-Match": '"1"'},
    {"If-None-Match": 'W/"2", W/"1"'},
    {"If-None-Match": "*"},
    {"If-None-Match": 'W/"2"'},
    {"If-Modified-Since": "2099-01-01T00:00:00Z"},
    {"If-Modified-Since": "1999-01-01T00:00:00Z"},
    {"If-None-Match": 'W/"2"', "If-Modified-Since": "2099-01-01T00:00:00Z"},
]
HAD = CONDITIONS[:4] + CONDITIONS[5:6]
"""Those by which a client says that it has version 1."""


def in_request(headers: dict[str, str]) -> dict[str, str]:
    """Headers as Bundle.entry.request says them."""
    names = {"If-None-Match": "ifNoneMatch", "If-Modified-Since": "ifModifiedSince"}
    names |= {"If-Match": "ifMatch"}
    return {names[name]: value for name, value in headers.items()}


@KINDS
@READS
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_conditional_read_is_answered_in_a_bundle_as_it_is_alone(
    client: Client, kind: str, url: str, condition: dict[str, str]
) -> None:
    url = url.format(id=client.post("/Patient", patient()).json()["id"])
    alone = client.ask("GET", f"/{url}", None, condition)
    assert alone.status == (304 if condition in HAD else 200)
    found = entry(client, kind, "GET", url, request=in_request(condition))
    assert not isinstance(found, Answer)
    assert found["response"]["status"][:3] == str(alone.status)
    assert found["response"]["etag"] == alone.headers["etag"]
    assert ("resource" in found) == (alone.status == 200)


@KINDS
@pytest.mark.parametrize(
    ("tag", "status"),
    [('W/"1"', "done"), ('"1"', "done"), ('W/"2"', "412"), ("1", "400"), ("*", "400")],
)
@pytest.mark.parametrize("url", ["Patient/{id}", "Patient?identifier=urn:x|{number}"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_version_named_is_asked_about_in_a_bundle_as_it_is_alone(
    client: Client, kind: str, method: str, url: str, tag: str, status: str
) -> None:
    done = {"PUT": "200", "DELETE": "204"}[method]
    for alone in (True, False):
        number = new_id()
        identified = patient("Autre", identifier=[{"system": "urn:x", "value": number}])
        id = client.post("/Patient", identified | {"active": True}).json()["id"]
        url_of_it = url.format(id=id, number=number)
        body = identified | {"id": id} if method == "PUT" else None
        if alone:
            address = quote(f"/{url_of_it}", safe="/?=:")
            answered = str(client.ask(method, address, body, {"If-Match": tag}).status)
        else:
            more = {"resource": body} if body else {}
            found = entry(client, kind, method, url_of_it, request={"ifMatch": tag}, **more)
            whole = isinstance(found, Answer)
            answered = str(found.status) if whole else found["response"]["status"][:3]
        assert answered == (done if status == "done" else status), alone
        history = client.get(f"/Patient/{id}/_history").json()["entry"]
        assert len(history) == (2 if status == "done" else 1)


@KINDS
@pytest.mark.parametrize(
    ("method", "url", "name", "value"),
    [
        ("GET", "Patient/{id}", "ifMatch", 'W/"1"'),
        ("GET", "Patient/{id}/_history/1", "ifMatch", 'W/"1"'),
        ("GET", "Patient?_id={id}", "ifMatch", 'W/"1"'),
        ("GET", "Patient?_id={id}", "ifNoneMatch", 'W/"1"'),
        ("GET", "Patient?_id={id}", "ifModifiedSince", "2024-01-01T00:00:00Z"),
        ("GET", "Patient/{id}", "ifNoneExist", "_id={id}"),
        ("POST", "Patient", "ifMatch", 'W/"1"'),
        ("POST", "Patient", "ifNoneMatch", "*"),
        ("POST", "Patient", "ifModifiedSince", "2024-01-01T00:00:00Z"),
        ("PUT", "Patient/{id}", "ifModifiedSince", "2024-01-01T00:00:00Z"),
        ("PUT", "Patient/{id}", "ifNoneExist", "_id={id}"),
        ("PUT", "Patient/{id}", "ifNoneMatch", 'W/"2"'),
        ("PUT", "Patient?_id={id}", "ifNoneMatch", "*"),
        ("DELETE", "Patient/{id}", "ifNoneMatch", "*"),
        ("DELETE", "Patient/{id}", "ifModifiedSince", "2024-01-01T00:00:00Z"),
        ("DELETE", "Patient?_id={id}", "ifNoneMatch", 'W/"2"'),
        ("DELETE", "Patient/{id}", "ifNoneExist", "_id={id}"),
    ],
)
def test_a_condition_that_nothing_would_ask_is_refused(
    client: Client, kind: str, method: str, url: str, name: str, value: str
) -> None:
    id = client.post("/Patient", patient()).json()["id"]
    request = {name: value.replace("{id}", id)}
    more = {"resource": patient("Autre", id=id)} if method in ("POST", "PUT") else {}
    found = refused_in(client, kind, method, url.replace("{id}", id), request=request, **more)
    assert found.status == "400"
    ((code, _, where),) = found.issues
    assert (code, where) == ("value", f"Bundle.entry[0].request.{name}")
    assert client.get(f"/Patient/{id}").version() == 1


GETS = [
    "Patient/{id}",
    "Patient/{id}?_elements=gender",
    "Patient/{id}/_history/1",
    "Patient/{id}/_history",
    "Patient/{id}/_history?_count=1",
    "Patient/{id}/_history?_count=1&_before=2",
    "Patient/_history?_count=5000&_since={since}",
    "_history?_count=3&_since={since}",
    "Patient/{id}/$meta",
    "Patient/{id}/$everything",
    "Patient/{id}/$everything?_type=Observation&_count=1&_type=Patient",
    "Patient/{id}/Observation?_sort=date&_pretty=true",
    "Patient/{id}/*?_count=1&_total=accurate",
    "Patient?_id={id}&_revinclude=Observation:subject",
    "?_type=Patient,Observation&_id={id}",
    "Patient/nobody/_history",
    "Patient/{id}/_history?_count=0",
    "Patient/{id}/_history?_count=1&_count=2",
    "Patient/{id}/_history?colour=blue",
    "Patient/_history?_since=yesterday",
    "_history?_cursor=forged",
    "Patient/_history?_cursor=forged&_count=1",
    "Patient/nobody/$meta",
    "Patient/{id}/$meta?_count=1",
    "Patient/nobody/$everything",
    "Patient/{id}/$everything?_type=Nonsense",
    "Patient/{id}/$everything?_count=all",
    "Patient/nobody/Observation",
    "Patient/{id}/Organization",
    "Organization/{id}/Patient",
    "Patient/{id}/Observation?birthdate=2000",
    "Patient/{id}/_history/9",
    "Patient/{id}/_history/one",
]


@KINDS
@pytest.mark.parametrize("url", GETS)
def test_what_is_read_is_answered_in_a_bundle_as_it_is_alone(
    client: Client, kind: str, url: str
) -> None:
    made = client.post("/Patient", patient()).json()
    id, since = made["id"], made["meta"]["lastUpdated"]
    client.put(f"/Patient/{id}", patient("Autre", id=id))
    for day in ("2024-05-01", "2024-05-02"):
        client.post("/Observation", observation(f"Patient/{id}", day=day))
    url = url.format(id=id, since=since)
    while True:
        alone = client.get(f"/{url}")
        found = entry(client, kind, "GET", url)
        if isinstance(found, Answer):
            assert (found.status, without_place(found)) == (alone.status, without_place(alone))
            return
        assert found["response"]["status"][:3] == str(alone.status)
        if alone.status != 200:
            assert found["response"]["outcome"]["issue"] == alone.issues()
            return
        following = link(alone, "next")
        expected = alone.json()
        assert without_cursor(found["resource"]) == without_cursor(expected)
        links = {each["relation"]: each["url"] for each in found["resource"].get("link", ())}
        assert (following is None) == ("next" not in links)
        if following is None:
            return
        url = links["next"].removeprefix(f"{client.base}/")


def without_place(answer: Answer) -> list[tuple[str, str]]:
    """Code and words of each issue."""
    return [(each["code"], each["diagnostics"]) for each in answer.issues()]


def without_cursor(resource: Json) -> Json:
    """A page but for what stands in its next link, which is sealed anew each time."""
    links = [each for each in resource.get("link", ()) if "_cursor=" not in each["url"]]
    return resource | ({"link": links} if "link" in resource else {})
