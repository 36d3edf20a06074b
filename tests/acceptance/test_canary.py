"""A canary: names sent in every place a request has are in no log, no figure and no error.

What a client sends comes back to nobody but in the resource it stored. (The name of a search
parameter or of an element does, when it is made as R4 makes such names: it says what to correct.)
"""

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from tests.acceptance.client import FORM, Answer, Client
from tests.acceptance.installation import Installation, Server, wait_for
from tests.acceptance.records import new_id, observation, patient, posting, transaction

from egide.web import FILES, FOREIGN, OPEN, PERSONAL

FAMILY = "Zwingelstein-Quéré"
NUMBER = "289017512345678"
WORDS = ("canarival", "zwingelstein")
IDENTIFIER = [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": NUMBER}]
ASCII = FAMILY.encode().decode("latin-1")


def asking(client: Client) -> list[Callable[[], Answer]]:
    """Requests that carry the canary, most of them refused."""
    named = patient(FAMILY, given="Canarival") | {"identifier": IDENTIFIER}
    where, code = quote(FAMILY), "Canarival"
    bad = json.dumps(patient(FAMILY, birthDate=NUMBER, gender=code, **{FAMILY: FAMILY})).encode()
    return [
        # in the address
        lambda: client.get(f"/Patient?family={where}"),
        lambda: client.get(f"/Patient?identifier={NUMBER}"),
        lambda: client.get(f"/Patient?{where}={where}"),
        lambda: client.get(f"/Patient?family:{where}={where}"),
        lambda: client.get(f"/Patient?birthdate={where}"),
        lambda: client.get(f"/Patient?_count={where}"),
        lambda: client.get(f"/Patient?_format={where}"),
        lambda: client.get(f"/Patient?_pretty={where}"),
        lambda: client.get(f"/Patient?_cursor={where}"),
        lambda: client.get(f"/Patient?_sort={where}"),
        lambda: client.get(f"/Patient?_elements={code}"),
        lambda: client.get(f"/Patient?_include={where}:{where}"),
        lambda: client.get(f"/Patient?general-practitioner:{where}.name={where}"),
        lambda: client.get(f"/{code}"),
        lambda: client.get(f"/{code}/{NUMBER}"),
        lambda: client.get(f"/{code}/{code}/{code}/{code}/{code}"),
        lambda: client.get(f"/Patient/{code}"),
        lambda: client.get(f"/Patient/{where}"),
        lambda: client.get(f"/Patient/{code}/_history/{code}"),
        lambda: client.get(f"/Patient/{code}/_history?{where}={where}"),
        lambda: client.get(f"/Patient/{code}/${code}"),
        lambda: client.get(f"/Patient?{where}%zz"),
        lambda: client.get(f"/Patient?family={where}" + "a" * 20_000),
        # in the method and the headers
        lambda: client.ask("CANARIVAL", "/Patient"),
        lambda: client.get("/Patient?_count=1", accept=f"application/{code}"),
        lambda: client.get("/Patient?_count=1", accept_language=code),
        lambda: client.get("/Patient?_count=1", x_purpose_of_use=code),
        lambda: client.get("/Patient?_count=1", x_request_id=code),
        lambda: client.get("/Patient?_count=1", user_agent=ASCII),
        lambda: client.get("/Patient?_count=1", referer=f"http://example.org/{where}"),
        lambda: client.get("/Patient?_count=1", prefer=f"handling={code}; return={code}"),
        lambda: client.get("/Patient?_count=1", cookie=f"name={where}"),
        lambda: client.get("/Patient?_count=1", host=f"{code} {code}"),
        lambda: client.get("/Patient/1", if_none_match=code),
        lambda: client.ask("GET", "/Patient", None, {"Authorization": f"Bearer {code}"}),
        lambda: client.ask("GET", "/Patient", None, {"Authorization": f"Basic {code}"}),
        lambda: client.post("/Patient", named, content_type=f"text/{code}"),
        lambda: client.post("/Patient", named, content_encoding=code),
        lambda: client.post("/Patient", named, if_none_exist=f"family={where}"),
        lambda: client.put("/Patient/1", named, if_match=code),
        # in the body
        lambda: client.post("/Patient", bad),
        lambda: client.post("/Patient", bad[:-20]),
        lambda: client.post("/Patient", FAMILY.encode("latin-1")),
        lambda: client.post("/Patient", {"resourceType": code}),
        lambda: client.post("/Patient", {FAMILY: FAMILY}),
        lambda: client.put(f"/Patient/{code}", named | {"id": NUMBER}),
        lambda: client.post("/Observation", observation(f"{code}/{NUMBER}")),
        lambda: client.post("", transaction(posting(named | {"gender": code}))),
        lambda: client.post("", transaction({"resource": named, "request": {"method": code}})),
        lambda: client.post("", transaction(posting(observation(f"Patient?identifier={NUMBER}")))),
        lambda: client.post("", transaction(posting(observation(f"urn:uuid:{code}")))),
        lambda: client.post(
            "",
            transaction(
                {"request": {"method": "GET", "url": f"Patient?{where}={where}"}}, type="batch"
            ),
        ),
        lambda: client.form("/Patient/_search", {"birthdate": FAMILY}),
        lambda: client.form("/Patient/_search", {FAMILY: FAMILY}),
        lambda: client.ask("POST", "/Patient/_search", bad, {"Content-Type": FORM}),
        # at the token endpoint
        lambda: client.form(f"/oauth/token?client_secret={where}", {"grant_type": code}),
        lambda: client.form(
            "/oauth/token",
            {"grant_type": "client_credentials", "client_id": code, "client_secret": NUMBER},
        ),
        lambda: client.form("/oauth/token", {code: FAMILY, "client_id": code}),
    ]


def visiting(client: Client, place: str, query: str) -> list[Answer]:
    """What comes back for every page, with the canary in cookies, headers and forms; most are
    refused or sent to sign in. `place` stands for each variable of an address."""
    host = f"http://127.0.0.1:{client.port}"
    headers = {
        "Authorization": "",
        "Accept": "text/html",
        "Origin": host,
        "Cookie": f"egide-session={NUMBER}; egide-visit=Canarival; egide-device={NUMBER}",
        "User-Agent": ASCII,
        "Content-Type": FORM,
    }
    form = {"form_token": NUMBER, "login": FAMILY, "password": FAMILY, "code": NUMBER}
    found = []
    for route in (*OPEN, *PERSONAL, *FOREIGN, *FILES):
        target = host + re.sub(r"{\w+}", place, route.template) + query
        for method in route.answers:
            body = urlencode(form).encode() if method == "POST" else None
            found.append(client.ask(method, target, body, headers))
    return found


def spellings() -> list[bytes]:
    """The canary as it may have been written down, in lower case."""
    texts = [*WORDS, FAMILY.lower(), NUMBER, quote(FAMILY).lower(), "quéré", "qu\\u00e9r"]
    encoded = [text.encode() for text in texts] + [FAMILY.lower().encode("latin-1")]
    encoded += [word.encode("utf-16-le") for word in WORDS]
    for word in (FAMILY, "Canarival"):
        encoded.append(base64.b64encode(word.encode())[:8].lower())
    return encoded


@pytest.fixture(scope="module")
def answers(client: Client) -> list[Answer]:
    """What came back for every request that carries the canary, and for ones that are granted."""
    found = [ask() for ask in asking(client)]
    named = patient(FAMILY) | {"identifier": IDENTIFIER}
    stored = client.post("/Patient", named)
    id = stored.json()["id"]
    assert stored.status == 201
    assert len(client.get(f"/Patient?family={quote(FAMILY)}").json()["entry"]) >= 1
    assert client.get(f"/Patient/{id}").status == 200
    assert client.delete(f"/Patient/{id}").status == 204
    return found


@pytest.fixture(scope="module")
def pages(client: Client) -> list[Answer]:
    """What came back for every page whose address says nothing, and for the same with an address
    that does: a page leads back to the address it was asked under, so those are not looked at."""
    where = quote(FAMILY)
    query = f"?{where}={where}&state={NUMBER}&code={where}&client_id={where}&next=/{where}"
    visiting(client, "Canarival", query)
    return visiting(client, "x", "")


def test_no_page_repeats_what_came_in_a_form_or_a_cookie(pages: list[Answer]) -> None:
    assert len(pages) > 40
    for answer in pages:
        assert answer.status < 500, answer
        text = answer.body.lower() + repr(sorted(answer.headers.items())).lower().encode()
        for spelling in spellings():
            assert spelling not in text, (spelling, answer)


def test_no_error_repeats_what_was_sent(answers: list[Answer]) -> None:
    refused = [answer for answer in answers if answer.status >= 400]
    assert len(refused) > 40
    for answer in refused:
        # A batch's answer and the headers a client asked to have back are no errors.
        text = answer.body.lower()
        for spelling in spellings():
            assert spelling not in text, (spelling, answer)


def test_no_header_repeats_what_was_sent(answers: list[Answer]) -> None:
    for answer in answers:
        text = repr(sorted(answer.headers.items())).lower().encode()
        for spelling in spellings():
            assert spelling not in text, (spelling, answer)


def test_no_fault_came_of_it(answers: list[Answer]) -> None:
    assert [answer for answer in answers if answer.status >= 500 and answer.status != 501] == []


def test_no_log_and_no_figure_holds_it(
    answers: list[Answer],
    pages: list[Answer],
    client: Client,
    server: Server,
    installation: Installation,
) -> None:
    id = client.get(f"/Patient/{new_id()}").headers["x-request-id"]
    wait_for(lambda: f'"request":"{id}"' in server.log, "the log does not tell of requests")
    metrics = client.get("/metrics")
    assert b"egide_" in metrics.body
    written = {
        "the server's log": server.logged.read_bytes(),
        "what the server said": server.said.read_bytes(),
        "/metrics": metrics.body,
    }
    for folder in ("log", "run"):
        for path in (installation.data / folder).rglob("*"):
            if path.is_file():
                written[str(path.relative_to(installation.data))] = path.read_bytes()
    assert any(name.startswith("log/postgres/") for name in written)
    assert any(name.startswith("run/figures/") for name in written)
    for name, content in written.items():
        for spelling in spellings():
            assert spelling not in content.lower(), (spelling, name)


def test_the_log_has_no_query_string_and_no_path(server: Server, answers: list[Answer]) -> None:
    for line in server.log.splitlines():
        said = json.loads(line)
        assert "?" not in line
        route = said.get("route", "/")
        assert route.startswith("/") and set(route) <= set("/abcdefghijklmnopqrstuvwxyz_-.{}$")
