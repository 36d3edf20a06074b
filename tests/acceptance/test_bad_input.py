"""What must not get in does not, says why, and leaves nothing behind.

The server is asked for what it stores before and after: a refused body leaves the count as it was.
"""

import gzip
import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.client import JSON, Answer, Client
from tests.acceptance.installation import Server
from tests.acceptance.records import new_id, observation, patient, posting, transaction

MEGABYTE = 1024 * 1024
HUGE = 200 * MEGABYTE
_TELLTALE = re.compile(
    rb"Traceback|File \"|\.py\b|line \d+, in|0x[0-9a-f]{6,}|site-packages|/src/|asyncpg|msgspec"
    rb"|postgres|\bselect .* from|Error\(|Exception\b|<class|egide\.[a-z]|NoneType|coroutine"
)
"""What a stack trace, a class, a path, a library or a query looks like."""


def silent(answer: Answer) -> Answer:
    """The answer, which tells nothing of how the server is made."""
    whole = answer.body + repr(sorted(answer.headers.items())).encode()
    found = _TELLTALE.search(whole.replace(b"granian", b""))
    assert found is None, found
    return answer


@pytest.fixture
def nothing_stored(client: Client) -> Iterator[None]:
    """Fails when there are more Patients or Observations after the test than before."""

    def there() -> set[str]:
        found = set()
        for type in ("Patient", "Observation"):
            for page in client.pages(f"/{type}?_count=1000"):
                found |= {entry["fullUrl"] for entry in page.json().get("entry", ())}
        return found

    before = there()
    yield
    assert there() == before


NAMED = b'{"resourceType":"Patient","name":[{"family":"%s"}]}'
SUBJECT = b'"status":"final","code":{"text":"x"}'
BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "blanks": (b" \n\t ", 400),
    "an array": (b"[]", 400),
    "an array of resources": (b'[{"resourceType":"Patient"}]', 400),
    "a string": (b'"Patient"', 400),
    "a number": (b"1", 400),
    "null": (b"null", 400),
    "an empty object": (b"{}", 400),
    "no resourceType": (b'{"active":true}', 400),
    "an unknown type": (b'{"resourceType":"Patiente"}', 400),
    "another type": (b'{"resourceType":"Observation",%s}' % SUBJECT, 400),
    "cut short": (b'{"resourceType":"Patient","name":[{"family":"Es', 400),
    "a comma too many": (b'{"resourceType":"Patient",}', 400),
    "single quotes": (b"{'resourceType':'Patient'}", 400),
    "words after it": (b'{"resourceType":"Patient"} and more', 400),
    "two documents": (b'{"resourceType":"Patient"}{"resourceType":"Patient"}', 400),
    "NaN": (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', 400),
    "a comment": (b'{"resourceType":"Patient"/* x */}', 400),
    "a byte order mark in UTF-16": ('{"resourceType":"Patient"}'.encode("utf-16"), 400),
    "invalid UTF-8": (NAMED % b"\xff\xfe", 400),
    "an overlong encoding": (NAMED % b"\xc0\xaf", 400),
    "a surrogate in UTF-8": (NAMED % b"\xed\xa0\x80", 400),
    "a lone surrogate, escaped": (NAMED % rb"\ud800", 400),
    "surrogates the wrong way round": (NAMED % rb"\udc00\ud800", 400),
    "NUL": (NAMED % b"\x00", 400),
    "NUL, escaped": (NAMED % rb"\u0000", 400),
    "a control character": (NAMED % b"\x01", 400),
    "an unknown field": (b'{"resourceType":"Patient","nom":"Essai"}', 400),
    "the same key twice": (b'{"resourceType":"Patient","active":true,"active":false}', 400),
    "a second resourceType": (b'{"resourceType":"Patient","resourceType":"Patient"}', 400),
    "a wrong code": (b'{"resourceType":"Patient","gender":"banana"}', 400),
    "an impossible date": (b'{"resourceType":"Patient","birthDate":"2020-99-99"}', 400),
    "nested 10,000 deep": (
        b'{"resourceType":"Patient","extension":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        400,
    ),
    "contained 10,000 deep": (
        b'{"resourceType":"Patient","contained":[' * 10_000 + b"]}" * 10_000,
        400,
    ),
    "extensions 10,000 deep": (
        b'{"resourceType":"Patient","extension":[{"url":"x","extension":['
        + b'{"url":"x","extension":[' * 10_000
        + b"]}" * 10_001
        + b"]}",
        400,
    ),
    "a number of a million digits": (
        b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 1_000_000 + b"}",
        400,
    ),
    "a million keys": (
        b"{" + b",".join(b'"k%d":1' % n for n in range(1_000_000)) + b"}",
        400,
    ),
    "XML": (b'<Patient xmlns="http://hl7.org/fhir"/>', 400),
}


@pytest.mark.parametrize("why", BODIES)
def test_a_body_is_refused_when_it_is(client: Client, nothing_stored: None, why: str) -> None:
    body, status = BODIES[why]
    started = time.monotonic()
    answers = [client.post("/Patient", body), client.put("/Patient/some-id", body)]
    answers.append(client.post("", body))
    for answer in answers:
        silent(answer).refused(status)
        assert len(answer.body) < 100_000
    assert time.monotonic() - started < 60, "a bad body may not occupy a worker"
    client.get("/Patient/some-id").refused(404)


@pytest.mark.parametrize("why", ["invalid UTF-8", "nested 10,000 deep", "a wrong code"])
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_bundle_with_a_bad_part_is_refused_whole(
    client: Client, nothing_stored: None, why: str, place: str
) -> None:
    bad = b'{"resource":%s,"request":{"method":"POST","url":"Patient"}}' % BODIES[why][0]
    good = json.dumps(posting(patient())).encode()
    entries = b",".join([bad, good] if place == "first" else [good, bad])
    body = b'{"resourceType":"Bundle","type":"transaction","entry":[%s]}' % entries
    silent(client.post("", body)).refused(400)


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/xml",
        "application/fhir+xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/fhir+json; charset=iso-8859-1",
        "application/fhir+json; fhirVersion=3.0",
        "nonsense",
        "",
    ],
)
def test_another_media_type_is_refused(client: Client, nothing_stored: None, media: str) -> None:
    for path in ("/Patient", ""):
        answer = client.ask("POST", path, json.dumps(patient()).encode(), {"Content-Type": media})
        silent(answer).refused(415, "not-supported")


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "gzip, gzip", "nonsense"])
def test_an_encoding_nobody_reads_is_refused(
    client: Client, nothing_stored: None, encoding: str
) -> None:
    body = zlib.compress(json.dumps(patient()).encode())
    silent(client.post("/Patient", body, content_encoding=encoding)).refused(415)


def test_a_gzipped_body_is_read(client: Client) -> None:
    body = gzip.compress(json.dumps(patient("Comprimée")).encode())
    answer = client.post("/Patient", body, content_encoding="gzip")
    assert answer.json()["name"] == [{"family": "Comprimée"}]


@pytest.mark.parametrize("why", ["not gzip", "cut short", "touched"])
def test_a_broken_gzip_stream_is_refused(client: Client, nothing_stored: None, why: str) -> None:
    whole = gzip.compress(json.dumps(patient()).encode())
    body = {"not gzip": b"abc", "cut short": whole[:-9], "touched": whole[:-4] + b"abcd"}[why]
    silent(client.post("/Patient", body, content_encoding="gzip")).refused(400)


def test_a_gzip_bomb_is_refused_without_being_held(
    client: Client, server: Server, nothing_stored: None
) -> None:
    """A gigabyte of blanks in one megabyte."""
    before = memory(server)
    packer = zlib.compressobj(9, wbits=31)
    body = b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(1024)) + packer.flush()
    assert len(body) < 2 * MEGABYTE
    silent(client.post("/Patient", body, content_encoding="gzip")).refused(413, "too-long")
    assert memory(server) - before < 300 * MEGABYTE


def test_200_megabytes_are_refused_without_being_held(
    client: Client, server: Server, nothing_stored: None
) -> None:
    before = memory(server)
    body = (bytes([32]) * MEGABYTE for _ in range(HUGE // MEGABYTE))
    announced = client.ask("POST", "/Patient", body, {"Content-Length": str(HUGE)})
    silent(announced).refused(413, "too-long")
    body = (bytes([32]) * MEGABYTE for _ in range(HUGE // MEGABYTE))
    silent(client.ask("POST", "", body)).refused(413, "too-long")
    assert memory(server) - before < 200 * MEGABYTE


def test_a_body_too_large_is_refused_before_it_is_sent(client: Client) -> None:
    """Who announces a terabyte hears the answer without sending it."""
    head = (
        "POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {client.token}\r\n"
        f"Content-Type: {JSON}\r\nContent-Length: {2**40}\r\n\r\n"
    )
    assert raw(client, head.encode() + b"{").startswith(b"HTTP/1.1 413 ")


def test_a_stranger_cannot_send_200_megabytes_either(client: Client) -> None:
    body = (bytes(MEGABYTE) for _ in range(HUGE // MEGABYTE))
    silent(Client(client.port).ask("POST", "/Patient", body)).refused(401)


def test_an_id_that_differs_from_the_address_is_refused(
    client: Client, nothing_stored: None
) -> None:
    id = new_id()
    for body in (patient() | {"id": new_id()}, patient()):
        (issue,) = silent(client.put(f"/Patient/{id}", body)).refused(400)
        assert issue["expression"] == ["Patient.id"]
    client.get(f"/Patient/{id}").refused(404)


@pytest.mark.parametrize("id", ["a" * 65, "a_b", "a%20b", "a%00b", "é", "..%2F..%2Fetc", "%ff"])
def test_what_is_no_id_is_refused(client: Client, nothing_stored: None, id: str) -> None:
    path = f"/Patient/{id}".replace("é", "%C3%A9")
    for answer in (
        client.get(path),
        client.put(path, patient() | {"id": "x"}),
        client.delete(path),
    ):
        silent(answer)
        assert answer.status in (400, 404)
        answer.issues()


@pytest.mark.parametrize("type", ["Patiente", "patient", "Patient%20", "Resource", "Element"])
def test_an_unknown_type_is_refused(client: Client, nothing_stored: None, type: str) -> None:
    answers = [
        client.get(f"/{type}"),
        client.get(f"/{type}/1"),
        client.post(f"/{type}", {"resourceType": "Patient"}),
        client.put(f"/{type}/1", {"resourceType": "Patient", "id": "1"}),
    ]
    for answer in answers:
        silent(answer).refused(404, "not-found")


@pytest.mark.parametrize("tag", ["1", '"one"', 'W/"1", W/"2"', "*", 'W/"-1"', 'W/"1', "W/1", "é"])
def test_an_if_match_that_names_no_version_is_refused(client: Client, tag: str) -> None:
    id = client.post("/Patient", patient()).json()["id"]
    changed = patient("Autre") | {"id": id}
    headers = {"If-Match": tag.encode().decode("latin-1")}
    for answer in (
        client.ask("PUT", f"/Patient/{id}", changed, headers),
        client.ask("DELETE", f"/Patient/{id}", None, headers),
    ):
        silent(answer).refused(400)
    assert client.get(f"/Patient/{id}").version() == 1


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /fhir/Patient HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\n\r\n",
        b"GET /fhir/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://elsewhere/fhir/Patient HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\nabcdef",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /fhir/Patient?" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_bad_http_is_refused_or_hung_up_on(
    client: Client, server: Server, request_: bytes
) -> None:
    workers = server.workers
    answer = raw(client, request_)
    assert not answer or answer.startswith(b"HTTP/1.")
    assert b"200 OK" not in answer.split(b"\r\n")[0]
    assert not _TELLTALE.search(answer.replace(b"granian", b""))
    assert client.get("/health/ready").status == 200
    assert server.workers == workers, "a worker died of it"


def test_an_address_that_is_too_long_is_refused_with_advice(client: Client) -> None:
    (issue,) = silent(client.get("/Patient?family=" + "a" * 20_000)).refused(414, "too-long")
    assert "POST" in issue["diagnostics"]


def test_all_faults_of_a_body_are_told_at_once_with_their_place(client: Client) -> None:
    body = patient(gender="banana", birthDate="2020-99-99", nom="x")
    answer = silent(client.post("/Patient", body))
    places = {place for issue in answer.refused(400) for place in issue["expression"]}
    assert places >= {"Patient.gender", "Patient.birthDate"}
    assert "banana" not in answer.body.decode() and "2020-99-99" not in answer.body.decode()


def test_errors_are_said_in_the_language_asked_for(client: Client) -> None:
    answer = client.get(f"/Patient/{new_id()}", accept_language="fr-FR,fr;q=0.9,en;q=0.5")
    assert answer.headers["content-language"] == "fr"
    assert answer.issues()[0]["details"]["text"].startswith("Il n’y a rien ici")


def test_a_bundle_of_many_entries_is_one_transaction_still(client: Client) -> None:
    subject = client.post("/Patient", patient()).json()["id"]
    many: list[Any] = [posting(observation(f"Patient/{subject}")) for _ in range(2_000)]
    many.append(posting(observation(f"Patient/{subject}", status="nonsense")))
    answer = client.post("", transaction(*many))
    (issue,) = silent(answer).refused(400)
    assert issue["expression"] == ["Bundle.entry[2000].resource.status"]
    assert "entry" not in client.get(f"/Observation?patient={subject}").json()


def raw(client: Client, request: bytes) -> bytes:
    """What comes back for these very bytes, until the other end closes or falls silent."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=20) as connection:
        connection.sendall(request)
        connection.settimeout(1)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except (TimeoutError, ConnectionError):
            return received
        return received


def memory(server: Server) -> int:
    """Bytes the workers have ever held at once, added up."""
    total = 0
    for pid in server.workers:
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        total += int(found[1]) * 1024
    return total
