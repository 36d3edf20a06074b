"""Who may ask: access tokens, client applications, and everybody else.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4, https://www.rfc-editor.org/rfc/rfc6750
"""

import base64
import json
import re
import subprocess
import time
from ipaddress import ip_network
from pathlib import Path

import asyncpg
import pytest
from joserfc import jwk, jwt
from tests.acceptance.client import FORM, Answer, Client
from tests.acceptance.installation import Installation, Server
from tests.acceptance.records import patient, posting, transaction

from egide.db.embedded import start

_AT = ("--redirect-uri", "https://a.example/cb")
ADDRESSES = [
    ("GET", "/Patient"),
    ("POST", "/Patient"),
    ("GET", "/Patient/1"),
    ("PUT", "/Patient/1"),
    ("DELETE", "/Patient/1"),
    ("GET", "/Patient/1/_history"),
    ("GET", "/Patient/1/_history/1"),
    ("POST", "/Patient/_search"),
    ("POST", ""),
]


def granted(stranger: Client, id: str, secret: str, **more: str) -> Answer:
    """What the token endpoint answers to an application that proves itself in the form."""
    fields = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret} | more
    return stranger.form("/oauth/token", fields)


def application(installation: Installation, *arguments: str) -> tuple[str, str]:
    """A new client application: its id and its secret."""
    told = installation.run("clients", "add", "an application", *arguments).stdout
    found = re.search(r"client_id\s+(\S+)\s+client_secret\s+(\S+)", told)
    assert found, told
    return found[1], found[2]


_SOURCES = ip_network("127.1.0.0/16").hosts()


@pytest.fixture
def stranger(server: Server) -> Client:
    """From an address of his own: refusals are counted by where they come from."""
    return Client(server.port, address=str(next(_SOURCES)))


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_without_an_access_token_nothing_is_answered(
    stranger: Client, method: str, path: str
) -> None:
    answer = stranger.ask(method, path, patient() if method in ("POST", "PUT") else None)
    answer.refused(401, "login")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "credentials",
    [
        "Bearer egd_" + "A" * 43,
        "Bearer nonsense",
        "Bearer ",
        "Bearer a b",
        "Basic " + base64.b64encode(b"user:password").decode(),
        "Digest username=user",
        "egd_" + "A" * 43,
    ],
)
def test_what_is_no_access_token_of_ours_is_refused(stranger: Client, credentials: str) -> None:
    answer = stranger.ask("GET", "/Patient", None, {"Authorization": credentials})
    answer.refused(401, "login")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    given = credentials.split()[-1]
    assert len(given) < 10 or given not in answer.body.decode()


def test_an_access_token_in_the_address_is_not_taken(stranger: Client, client: Client) -> None:
    stranger.get(f"/Patient?access_token={client.token}").refused(401)


async def test_an_expired_access_token_is_refused(
    installation: Installation, server: Server
) -> None:
    token = installation.access_token("--hours", "1")
    engine = await start(installation.data)
    try:
        connection = await asyncpg.connect(engine.dsn)
        ended = await connection.execute(
            "update access_token set expires = now() - interval '1 second'"
            " where issued = (select max(issued) from access_token)"
        )
        await connection.close()
    finally:
        await engine.stop()
    assert ended == "UPDATE 1"
    Client(server.port, token).get("/Patient?_count=1").refused(401, "login")


def test_the_capability_statement_and_health_are_for_everybody(stranger: Client) -> None:
    assert stranger.get("/metadata").json()["resourceType"] == "CapabilityStatement"
    assert stranger.get("/health/live").status == 200
    assert stranger.get("/health/ready").json() == {"status": "ready"}


def test_a_client_application_gets_an_access_token_and_works_with_it(
    installation: Installation, server: Server, stranger: Client
) -> None:
    id, secret = application(installation)
    answer = granted(stranger, id, secret)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["token_type"] == "Bearer"
    assert 0 < told["expires_in"] <= 3600
    client = Client(server.port, told["access_token"])
    created = client.post("/Patient", patient())
    assert created.status == 201
    assert client.get(f"/Patient/{created.json()['id']}").status == 200
    basic = base64.b64encode(f"{id}:{secret}".encode()).decode()
    headers = {"Content-Type": FORM, "Authorization": f"Basic {basic}"}
    body = b"grant_type=client_credentials"
    assert stranger.ask("POST", "/oauth/token", body, headers).status == 200


def test_a_wrong_secret_and_an_unknown_client_look_the_same(
    installation: Installation, stranger: Client
) -> None:
    id, _ = application(installation)
    wrong, unknown = granted(stranger, id, "egs_" + "A" * 43), granted(stranger, "nobody", "x")
    assert (wrong.status, unknown.status) == (401, 401)
    assert wrong.json()["error"] == "invalid_client"
    assert wrong.body == unknown.body


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({}, 401, "invalid_client"),
        ({"client_id": "a", "client_secret": "b"}, 400, "invalid_request"),
        (
            {"client_id": "a", "client_secret": "b", "grant_type": "password"},
            400,
            "unsupported_grant_type",
        ),
        (
            {
                "client_id": "a",
                "client_secret": "b",
                "grant_type": "client_credentials",
                "scope": "everything",
            },
            400,
            "invalid_scope",
        ),
    ],
)
def test_other_grants_are_refused_in_the_words_of_oauth(
    stranger: Client, fields: dict[str, str], status: int, error: str
) -> None:
    answer = stranger.form("/oauth/token", fields)
    assert (answer.status, answer.json()["error"]) == (status, error)


def test_a_disabled_client_loses_access_at_once(
    installation: Installation, server: Server, stranger: Client
) -> None:
    id, secret = application(installation)
    client = Client(server.port, granted(stranger, id, secret).json()["access_token"])
    # Both workers have seen the access token, and remember it.
    assert {client.get("/Patient?_count=1").status for _ in range(20)} == {200}
    installation.run("clients", "disable", id)
    for _ in range(20):
        client.get("/Patient?_count=1").refused(401, "login")
    refused = granted(stranger, id, secret)
    assert (refused.status, refused.json()["error"]) == (401, "invalid_client")
    assert re.search(rf"{id}.*disabled", installation.run("clients", "list").stdout)


def test_a_secret_is_replaced_at_once_or_with_an_overlap(
    installation: Installation, server: Server, stranger: Client
) -> None:
    id, first = application(installation)
    assert installation.run("clients", "rotate", id, "--overlap", "1000", code=None).returncode == 2
    second = rotated(installation, id, "--overlap", "2")
    assert [granted(stranger, id, each).status for each in (first, second)] == [200, 200]
    client = Client(server.port, granted(stranger, id, second).json()["access_token"])
    assert client.get("/Patient?_count=1").status == 200
    third = rotated(installation, id)
    client.get("/Patient?_count=1").refused(401, "login")
    statuses = [granted(stranger, id, each).status for each in (first, second, third)]
    assert statuses == [401, 401, 200]


def rotated(installation: Installation, id: str, *arguments: str) -> str:
    told = installation.run("clients", "rotate", id, *arguments).stdout
    found = re.search(r"client_secret\s+(\S+)", told)
    assert found, told
    return found[1]


def test_keys_and_addresses_are_changed_at_the_machine(
    installation: Installation, tmp_path: Path
) -> None:
    def key_set(kid: str) -> str:
        key = jwk.generate_key("EC", "P-384", {"kid": kid}).as_dict(private=False)
        path = tmp_path / f"{kid}.json"
        path.write_text(json.dumps({"keys": [key]}))
        return str(path)

    told = installation.run(
        *("clients", "create", "a chart", "--scope", "patient/*.rs", "--scope", "launch"),
        *(*_AT, "--jwks", key_set("one")),
    ).stdout
    found = re.search(r"client_id\s+(\S+)", told)
    assert found, told
    id = found[1]
    for bad in (
        ["keys", id],
        ["keys", id, "--jwks", key_set("x"), "--jwks-uri", "https://a.example/jwks"],
        ["keys", id, "--jwks-uri", "http://a.example/jwks"],
        ["keys", "client-0123456789abcdef", "--jwks", key_set("x")],
        ["rotate", id],
        ["addresses", id],
        ["addresses", id, "--redirect-uri", "http://a.example/cb"],
        ["addresses", id, "--launch-uri", "https://a.example/go#here"],
        ["addresses", "client-0123456789abcdef", "--launch-uri", "https://a.example/go"],
    ):
        assert installation.run("clients", *bad, code=None).returncode == 2, bad
    installation.run("clients", "keys", id, "--jwks", key_set("two"), "--overlap", "24")
    installation.run("clients", "keys", id, "--jwks-uri", "https://a.example/jwks")
    new = ("--redirect-uri", "https://b.example/cb", "--redirect-uri", "https://c.example/cb")
    installation.run("clients", "addresses", id, *new, "--launch-uri", "https://b.example/go")
    installation.run("clients", "addresses", id, "--launch-uri", "")


def test_a_role_allows_what_it_says_and_no_more(
    installation: Installation, server: Server, client: Client, stranger: Client
) -> None:
    id, secret = application(installation, "--role", "registrar")
    desk = Client(server.port, granted(stranger, id, secret).json()["access_token"])
    made = desk.post("/Patient", patient())
    assert made.status == 201
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": f"Patient/{made.json()['id']}"},
    }
    desk.post("/Condition", condition).refused(403, "forbidden")
    desk.get("/Condition").refused(403, "forbidden")
    desk.post("", transaction(posting(patient()), posting(condition))).refused(403)
    stored = client.post("/Condition", condition).json()["id"]
    desk.get(f"/Condition/{stored}").refused(403)
    desk.delete(f"/Patient/{made.json()['id']}").refused(403)
    desk.get("/Patient", x_purpose_of_use="TREAT").refused(403)
    desk.get("/Patient", x_purpose_of_use="NONSENSE").refused(400)


def test_an_access_token_is_printed_alone(installation: Installation) -> None:
    assert re.fullmatch(r"egd_[A-Za-z0-9_-]{43}\n", installation.run("access-token").stdout)
    refused = installation.run("access-token", "--role", "king", code=2)
    assert refused.stdout == ""
    assert "there is no role 'king'" in refused.stderr


def test_no_secret_of_an_account_is_stored(installation: Installation) -> None:
    """Neither the access token nor the client's secret is anywhere in the engine's files."""
    _, secret = application(installation)
    token = installation.access_token()
    subprocess.run(["sync"], check=True)
    found = [
        path
        for path in installation.data.rglob("*")
        if path.is_file() and path.stat().st_size
        for value in (secret, token)
        if value.encode() in path.read_bytes()
    ]
    assert found == []


def test_a_backend_service_proves_itself_once_whichever_worker_is_asked(
    installation: Installation, server: Server, stranger: Client, tmp_path: Path
) -> None:
    key = jwk.generate_key("EC", "P-384", {"kid": "one"})
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    told = installation.run(
        "clients",
        "create",
        "a laboratory",
        "--role",
        "system",
        "--scope",
        "system/*.cruds",
        "--jwks",
        str(jwks),
    ).stdout
    assert "client_secret" not in told
    found = re.search(r"client_id\s+(\S+)", told)
    assert found, told
    address = f"http://127.0.0.1:{server.port}/oauth/token"
    claims = {"iss": found[1], "sub": found[1], "aud": address, "jti": "one"}
    claims["exp"] = int(time.time()) + 240
    proof = jwt.encode({"alg": "ES384", "kid": "one"}, claims, key, algorithms=["ES384"])
    fields = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": proof,
    }
    answers = [stranger.form("/oauth/token", fields) for _ in range(10)]
    assert [each.status for each in answers] == [200] + [401] * 9
    told = answers[0].json()
    assert told["expires_in"] == 300
    assert Client(server.port, told["access_token"]).get("/Patient?_count=1").status == 200
    assert re.search(rf"{found[1]}.*key", installation.run("clients", "list").stdout)


def test_an_application_is_listed_in_one_line_with_nothing_cut(installation: Installation) -> None:
    scope = [f"patient/{type}.rs" for type in ("Observation", "MedicationRequest", "Condition")]
    asked = [word for each in [*scope, "launch"] for word in ("--scope", each)]
    label = "A growth chart with a name that does not fit in a column"
    addresses = ("--redirect-uri", "https://a.example/cb", "--launch-uri", "https://a.example/go")
    told = installation.run("clients", "create", label, "--public", *asked, *addresses).stdout
    found = re.search(r"client_id\s+(\S+)", told)
    assert found, told
    listed = installation.run("clients", "list").stdout
    [line] = [each for each in listed.splitlines() if found[1] in each]
    assert re.search(rf" public +active +{label} ", line)
    assert all(each in line for each in scope)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scope", "everything", "--redirect-uri", "https://a.example/cb"),
        ("--scope", "patient/*.rs"),
        ("--scope", "patient/*.rs", "--redirect-uri", "http://a.example/cb"),
        ("--scope", "launch patient/*.rs", *_AT, "--launch-uri", "http://a.example/go"),
        ("--scope", "launch patient/*.rs", *_AT, "--launch-uri", "org.example:/go", "--native"),
        ("--scope", "patient/*.rs", *_AT, "--launch-uri", "https://a.example/go"),
        ("--scope", "system/*.rs", "--public", "--role", "system"),
        ("--scope", "system/*.rs", "--role", "king"),
        ("--scope", "system/*.rs", "--role", "system", "--jwks", "/nothing/there"),
    ],
)
def test_an_application_that_cannot_be_is_not_registered(
    installation: Installation, arguments: tuple[str, ...]
) -> None:
    refused = installation.run("clients", "create", "an application", *arguments, code=2)
    assert "client_id" not in refused.stdout
    assert refused.stderr.startswith("egide:")


def test_what_the_server_says_of_itself_is_for_everybody(server: Server, stranger: Client) -> None:
    said = stranger.get("/.well-known/smart-configuration", origin="https://a.example")
    assert said.headers["access-control-allow-origin"] == "*"
    said = said.json()
    base = f"http://127.0.0.1:{server.port}"
    assert said["token_endpoint"] == f"{base}/oauth/token"
    assert stranger.ask("GET", "/oauth/jwks").json().keys() == {"keys"}
    assert stranger.ask("POST", "/oauth/register", {}).status == 404
