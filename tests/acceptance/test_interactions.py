"""One resource over HTTP: created, read, changed, deleted, looked back at.

https://hl7.org/fhir/R4/http.html
"""

import base64
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
from tests.acceptance.client import Client, link, resources
from tests.acceptance.records import new_id, observation, patient

RFC_7231 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\Z")


def made(client: Client, **more: Any) -> dict[str, Any]:
    return client.post("/Patient", patient(**more)).json()


def test_create_gives_an_id_a_version_and_an_address(client: Client) -> None:
    answer = client.post("/Patient", patient("Essai", birthDate="1980-02-29") | {"id": "mine"})
    assert answer.status == 201
    stored = answer.json()
    assert stored["id"] != "mine"
    assert stored["meta"]["versionId"] == "1"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["location"] == f"{client.base}/Patient/{stored['id']}/_history/1"
    assert RFC_7231.match(answer.headers["last-modified"])
    updated = datetime.fromisoformat(stored["meta"]["lastUpdated"])
    assert parsedate_to_datetime(answer.headers["last-modified"]) == updated.replace(microsecond=0)
    assert abs(datetime.now(UTC) - updated) < timedelta(minutes=5)
    assert client.get(answer.headers["location"]).json() == stored


def test_read_gives_what_was_stored(client: Client) -> None:
    sent = patient("Essai", birthDate="1980-02-29", active=True)
    created = client.post("/Patient", sent)
    id = created.json()["id"]
    answer = client.get(f"/Patient/{id}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.body == created.body
    assert {k: v for k, v in answer.json().items() if k not in ("id", "meta")} == sent


def test_what_is_not_there_is_not_found(client: Client) -> None:
    client.get(f"/Patient/{new_id()}").refused(404, "not-found")
    client.get(f"/Patient/{new_id()}/_history").refused(404, "not-found")
    client.get(f"/Patient/{new_id()}/_history/1").refused(404, "not-found")
    id = made(client)["id"]
    client.get(f"/Patient/{id}/_history/2").refused(404, "not-found")
    client.get(f"/Patient/{id}/_history/first").refused(404, "not-found")
    client.get(f"/Observation/{id}").refused(404, "not-found")
    client.get("/Patient/no_id!").refused(400)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-None-Match", 'W/"1"'),
        ("If-None-Match", '"1"'),
        ("If-None-Match", "*"),
        ("If-None-Match", 'W/"7", W/"1"'),
        ("If-Modified-Since", "{now}"),
    ],
)
def test_who_has_the_current_version_is_not_sent_it_again(
    client: Client, header: str, value: str
) -> None:
    id = made(client)["id"]
    now = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    answer = client.ask("GET", f"/Patient/{id}", None, {header: value.format(now=now)})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-None-Match", 'W/"2"'),
        ("If-None-Match", 'W/"2", "3"'),
        ("If-None-Match", '"a1b2c3"'),
        ("If-Modified-Since", "Mon, 23 Nov 1998 10:00:00 GMT"),
        ("If-Modified-Since", "last week"),
    ],
)
def test_who_has_another_version_is_sent_the_current_one(
    client: Client, header: str, value: str
) -> None:
    id = made(client)["id"]
    answer = client.ask("GET", f"/Patient/{id}", None, {header: value})
    assert (answer.status, answer.json()["id"]) == (200, id)


def test_an_update_makes_the_next_version_and_keeps_the_one_before(client: Client) -> None:
    first = made(client, active=True)
    id = first["id"]
    answer = client.put(f"/Patient/{id}", patient("Autre") | {"id": id})
    assert (answer.status, answer.version()) == (200, 2)
    assert answer.headers["location"].endswith(f"/Patient/{id}/_history/2")
    second = answer.json()
    assert second["name"] == [{"family": "Autre"}]
    assert "active" not in second
    assert client.get(f"/Patient/{id}").json() == second
    assert client.get(f"/Patient/{id}/_history/1").json() == first
    assert client.get(f"/Patient/{id}/_history/2").json() == second


def test_an_update_that_changes_nothing_makes_no_version(client: Client) -> None:
    first = made(client)
    answer = client.put(f"/Patient/{first['id']}", first)
    assert (answer.status, answer.version(), answer.json()) == (200, 1, first)


def test_an_update_under_a_new_id_creates(client: Client) -> None:
    id = new_id()
    answer = client.put(f"/Patient/{id}", patient() | {"id": id})
    assert (answer.status, answer.version()) == (201, 1)
    assert client.get(f"/Patient/{id}").json() == answer.json()


def test_an_update_may_ask_that_there_be_nothing_yet(client: Client) -> None:
    id = new_id()
    body = patient() | {"id": id}
    assert client.put(f"/Patient/{id}", body, if_none_match="*").status == 201
    client.put(f"/Patient/{id}", patient("Autre") | {"id": id}, if_none_match="*").refused(412)
    assert client.get(f"/Patient/{id}").version() == 1


def test_an_update_of_another_version_than_the_one_named_is_refused(client: Client) -> None:
    id = made(client)["id"]
    changed = patient("Autre") | {"id": id}
    assert client.put(f"/Patient/{id}", changed, if_match='W/"1"').version() == 2
    client.put(f"/Patient/{id}", patient("Tiers") | {"id": id}, if_match='W/"1"').refused(412)
    client.delete(f"/Patient/{id}", if_match='W/"1"').refused(412)
    assert client.get(f"/Patient/{id}").json()["name"] == [{"family": "Autre"}]
    absent = new_id()
    client.put(f"/Patient/{absent}", patient() | {"id": absent}, if_match='W/"1"').refused(412)
    client.get(f"/Patient/{absent}").refused(404)


def test_what_is_deleted_is_gone_and_its_history_stays(client: Client) -> None:
    first = made(client)
    id = first["id"]
    answer = client.delete(f"/Patient/{id}")
    assert (answer.status, answer.body, answer.version()) == (204, b"", 2)
    client.get(f"/Patient/{id}").refused(410, "deleted")
    client.get(f"/Patient/{id}/_history/2").refused(410, "deleted")
    assert client.get(f"/Patient/{id}/_history/1").json() == first
    entries = client.get(f"/Patient/{id}/_history").json()["entry"]
    assert [entry["request"]["method"] for entry in entries] == ["DELETE", "POST"]
    assert "resource" not in entries[0]
    assert client.delete(f"/Patient/{id}").status == 204
    assert client.delete(f"/Patient/{new_id()}").status == 204
    again = client.put(f"/Patient/{id}", patient("Retour") | {"id": id})
    assert (again.status, again.version()) == (201, 3)
    assert client.get(f"/Patient/{id}").version() == 3


def test_a_deleted_resource_is_found_by_no_search(client: Client) -> None:
    subject = f"Patient/{made(client)['id']}"
    id = client.post("/Observation", observation(subject)).json()["id"]
    assert [each["id"] for each in resources(client.get(f"/Observation?patient={subject}"))] == [id]
    client.delete(f"/Observation/{id}")
    assert resources(client.get(f"/Observation?patient={subject}")) == []
    assert resources(client.get(f"/Observation?_id={id}")) == []


def test_a_history_is_paged_newest_first_without_loss(client: Client) -> None:
    id = made(client)["id"]
    for number in range(2, 8):
        client.put(f"/Patient/{id}", patient(f"Essai-{number}") | {"id": id})
    pages = client.pages(f"/Patient/{id}/_history?_count=3")
    entries = [entry for page in pages for entry in page.json()["entry"]]
    assert [len(page.json()["entry"]) for page in pages] == [3, 3, 1]
    assert [entry["resource"]["meta"]["versionId"] for entry in entries] == list("7654321")
    for page in pages:
        assert page.json()["type"] == "history"
        assert client.get(str(link(page, "self"))).json()["entry"] == page.json()["entry"]
    for entry in entries:
        version = entry["resource"]["meta"]["versionId"]
        assert entry["fullUrl"] == f"{client.base}/Patient/{id}"
        assert entry["response"]["etag"] == f'W/"{version}"'
        assert entry["response"]["lastModified"] == entry["resource"]["meta"]["lastUpdated"]
        assert entry["resource"] == client.get(f"/Patient/{id}/_history/{version}").json()


@pytest.mark.parametrize("path", ["", "/_history/1"])
def test_a_read_gives_the_part_that_is_asked_for(client: Client, path: str) -> None:
    id = made(client, birthDate="1980-02-29")["id"]
    part = client.get(f"/Patient/{id}{path}?_elements=birthDate").json()
    assert set(part) == {"resourceType", "id", "meta", "birthDate"}
    assert [tag["code"] for tag in part["meta"]["tag"]] == ["SUBSETTED"]
    short = client.get(f"/Patient/{id}{path}?_summary=text").json()
    assert "birthDate" not in short
    assert client.get(f"/Patient/{id}{path}?_summary=false").json()["birthDate"] == "1980-02-29"


@pytest.mark.parametrize("path", ["", "/_history/1"])
@pytest.mark.parametrize(
    "query", ["colour=blue", "_id=x", "_summary=count", "_summary=x", "_elements=x", "_elements="]
)
def test_a_read_refuses_what_it_does_not_know(client: Client, path: str, query: str) -> None:
    id = made(client)["id"]
    client.get(f"/Patient/{id}{path}?{query}").refused(400)
    if query == "colour=blue":
        answer = client.get(f"/Patient/{id}{path}?{query}", prefer="handling=lenient")
        assert answer.status == 200


@pytest.mark.parametrize("name", ["_count", "_since", "_at"])
def test_what_is_given_twice_is_refused(client: Client, name: str) -> None:
    id = made(client)["id"]
    value = "5" if name == "_count" else "2024"
    twice = f"{name}={value}&{name}={value}"
    addresses = [f"/Patient/{id}/_history", "/Patient/_history", "/_history"]
    if name != "_at":
        addresses.append(f"/Patient/{id}/$everything")
    for address in addresses:
        (issue,) = client.get(f"{address}?{twice}").refused(400)
        assert "given twice" in issue["diagnostics"]


def test_types_given_twice_to_everything_are_all_given(client: Client) -> None:
    id = made(client)["id"]
    seen = observation(f"Patient/{id}")
    assert client.post("/Observation", seen).status == 201
    answer = client.get(f"/Patient/{id}/$everything?_type=Observation&_type=Patient")
    assert {each["resourceType"] for each in resources(answer)} == {"Observation", "Patient"}


@pytest.mark.parametrize("path", ["", "/_history"])
def test_the_self_link_says_how_large_a_page_is(client: Client, path: str) -> None:
    answer = client.get(f"/Basic{path}?_count=5000")
    assert str(link(answer, "self")).endswith("_count=1000")


@pytest.mark.parametrize("query", ["_count=0", "_count=-1", "_count=x", "_before=x", "_since=then"])
def test_a_history_refuses_what_it_does_not_know(client: Client, query: str) -> None:
    id = made(client)["id"]
    client.get(f"/Patient/{id}/_history?{query}").refused(400)


def test_a_client_chooses_how_much_comes_back(client: Client) -> None:
    whole = client.post("/Patient", patient(), prefer="return=representation")
    assert whole.json()["resourceType"] == "Patient"
    minimal = client.post("/Patient", patient(), prefer="return=minimal")
    assert (minimal.status, minimal.body) == (201, b"")
    assert client.get(minimal.headers["location"]).headers["etag"] == minimal.headers["etag"]
    told = client.post("/Patient", patient(), prefer="return=OperationOutcome")
    assert told.status == 201
    assert told.issues()[0]["severity"] == "information"
    assert client.get(told.headers["location"]).status == 200


def test_head_is_read_without_the_body(client: Client) -> None:
    id = made(client)["id"]
    read, head = client.get(f"/Patient/{id}"), client.ask("HEAD", f"/Patient/{id}")
    assert (head.status, head.body) == (200, b"")
    for name in ("etag", "last-modified", "content-type", "content-length"):
        assert head.headers[name] == read.headers[name]
    gone = client.ask("HEAD", f"/Patient/{new_id()}")
    assert (gone.status, gone.body) == (404, b"")


def test_pretty_is_the_same_in_more_lines(client: Client) -> None:
    id = made(client)["id"]
    dense, pretty = client.get(f"/Patient/{id}"), client.get(f"/Patient/{id}?_pretty=true")
    assert pretty.json() == dense.json()
    assert b"\n" not in dense.body and pretty.body.count(b"\n") > 5
    client.get(f"/Patient/{id}?_pretty=perhaps").refused(400)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("json", "application/fhir+json; charset=utf-8"),
        ("application/fhir%2Bjson", "application/fhir+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
    ],
)
def test_the_format_asked_for_is_the_format_given(client: Client, asked: str, given: str) -> None:
    id = made(client)["id"]
    assert client.get(f"/Patient/{id}?_format={asked}").headers["content-type"] == given
    assert client.get(f"/Patient?_id={id}&_format={asked}").headers["content-type"] == given
    wanted = client.get(f"/Patient/{id}", accept="application/json")
    assert wanted.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "digits", ["5.40", "0.000001000", "1e2", "-0.0", "123456789012345678.90", "1.0E-20", "100"]
)
def test_decimals_keep_every_digit(client: Client, digits: str) -> None:
    subject = f"Patient/{made(client)['id']}"
    body = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference"'
        b':"%s"},"valueQuantity":{"value":%s}}' % (subject.encode(), digits.encode())
    )
    id = client.post("/Observation", body).json()["id"]
    assert b'"value":%s}' % digits.encode() in client.get(f"/Observation/{id}").body


def test_two_who_update_at_once_do_not_overwrite_each_other(client: Client) -> None:
    """Each names the version it read: of all writers of one version exactly one succeeds."""
    id = made(client)["id"]
    for version in range(1, 5):
        bodies = [patient(f"Essai-{version}-{number}") | {"id": id} for number in range(4)]

        def write(body: Any, tag: str = f'W/"{version}"') -> int:
            return client.put(f"/Patient/{id}", body, if_match=tag).status

        with ThreadPoolExecutor(4) as threads:
            statuses = sorted(threads.map(write, bodies))
        assert statuses[0] == 200
        assert set(statuses[1:]) <= {409, 412}
    assert client.get(f"/Patient/{id}").version() == 5


def test_eight_who_create_one_id_at_once_make_one_resource(client: Client) -> None:
    for _ in range(5):
        id = new_id()
        bodies = [patient(f"Essai-{number}") | {"id": id} for number in range(8)]
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(lambda body, id=id: client.put(f"/Patient/{id}", body), bodies)
            )
        statuses = [answer.status for answer in answers]
        assert set(statuses) <= {200, 201, 409}, statuses
        assert statuses.count(201) == 1
        done = statuses.count(200) + 1
        assert client.get(f"/Patient/{id}").version() == done
        assert len(resources(client.get(f"/Patient/{id}/_history"))) == done


def test_eight_who_create_on_one_condition_at_once_make_one_resource(client: Client) -> None:
    for _ in range(5):
        identifier = {"system": "urn:oid:1.2.3", "value": new_id()}
        condition = f"identifier={identifier['system']}|{identifier['value']}"
        body = patient(identifier=[identifier])
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(
                    lambda _, body=body, condition=condition: client.post(
                        "/Patient", body, if_none_exist=condition
                    ),
                    range(8),
                )
            )
        statuses = [answer.status for answer in answers]
        assert statuses.count(201) == 1, statuses
        assert set(statuses) <= {200, 201, 409}
        assert len(resources(client.get(f"/Patient?{condition}"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Zoé Łukasz Ñandú",
        "e\u0301 is not \u00e9",
        "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u4e2d\u6587",
        "\U0001f469\u200d\u2695\ufe0f",
        "a/b\\c\"d'e<f>&g",
        "line\u2028separator\u00a0space",
        "\uffff\ue000\U0010fffd",
        "tab\tnew\nline",
    ],
)
def test_text_keeps_every_character(client: Client, text: str) -> None:
    for raw in (False, True):
        body = json.dumps(patient(text), ensure_ascii=not raw).encode()
        id = client.post("/Patient", body).json()["id"]
        assert client.get(f"/Patient/{id}").json()["name"] == [{"family": text}]


def test_a_large_attachment_is_kept_byte_for_byte(client: Client) -> None:
    content = base64.b64encode(random.Random(8600).randbytes(12 * 1024 * 1024)).decode()
    id = client.post("/Patient", patient()).json()["id"]
    binary = {
        "resourceType": "Binary",
        "contentType": "application/octet-stream",
        "securityContext": {"reference": f"Patient/{id}"},
        "data": content,
    }
    created = client.post("/Binary", binary)
    assert created.status == 201
    assert client.get(f"/Binary/{created.json()['id']}").json()["data"] == content


def test_deep_nesting_that_r4_allows_is_taken(client: Client) -> None:
    item: dict[str, Any] = {"linkId": "25", "type": "string"}
    for depth in range(24, 0, -1):
        item = {"linkId": str(depth), "type": "group", "item": [item]}
    form = {"resourceType": "Questionnaire", "status": "draft", "item": [item]}
    created = client.post("/Questionnaire", form)
    assert created.status == 201, created
    assert client.get(f"/Questionnaire/{created.json()['id']}").json()["item"] == [item]
