"""What happens around every request, whichever door answers it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.http.asking import ask, scope_of

from egide.errors import Conflict, Unavailable
from egide.http import API_SECURITY, Entrance, Limits, Request, Response
from egide.http.refusals import ClientGone
from egide.telemetry import Metrics, log_to

SECRET = "Zyzzyva-Quelconque"


@pytest.fixture(autouse=True)
def lines() -> Iterator[list[bytes]]:
    written: list[bytes] = []
    log_to(written.append, human=False)
    yield written
    log_to(None)


async def hello(request: Request) -> Response:
    request.route = "/hello"
    return Response(200, b"hello", [(b"etag", b'W/"1"')], b"text/plain")


async def broken(request: Request) -> Response:
    request.route = "/fhir/{type}/{id}"
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(f"could not read {SECRET}") from error


def entrance(respond: Any, **more: Any) -> Entrance:
    return Entrance(respond, metrics=more.pop("metrics", Metrics()), **more)


async def test_a_fault_shows_its_request_and_nothing_else(lines: list[bytes]) -> None:
    answer = await ask(entrance(broken), "GET", f"/fhir/Patient/{SECRET}?name={SECRET}")
    assert answer.status == 500
    for hidden in (SECRET, "ValueError", "KeyError", "Traceback", ".py"):
        assert hidden.encode() not in answer.body
    request_id = answer.headers[b"x-request-id"].decode()
    assert json.loads(answer.body)["issue"][0]["diagnostics"] == f"Request {request_id}"


async def test_the_log_of_a_fault_has_frames_and_no_value(lines: list[bytes]) -> None:
    answer = await ask(entrance(broken), "GET", f"/fhir/Patient/{SECRET}?name={SECRET}")
    assert SECRET.encode() not in b"".join(lines)
    fault, line = [json.loads(each) for each in lines]
    assert fault["request"] == line["request"] == answer.headers[b"x-request-id"].decode()
    assert (fault["event"], line["event"]) == ("fault", "request")
    assert {"Fault", "ValueError", "KeyError"} <= set(fault["frames"])
    assert any(frame.endswith(" broken") for frame in fault["frames"])
    assert (line["status"], line["category"]) == (500, "fault")
    assert line["route"] == "/fhir/{type}/{id}"


async def test_an_error_with_a_name_is_mapped_and_not_logged_as_a_fault(
    lines: list[bytes],
) -> None:
    async def conflicting(request: Request) -> Response:
        raise Conflict("Somebody else was first")

    metrics = Metrics()
    answer = await ask(entrance(conflicting, metrics=metrics), "PUT", "/")
    assert answer.status == 409
    assert [json.loads(each)["event"] for each in lines] == ["request"]
    assert b'egide_errors_total{category="conflict"} 1.0' in metrics.exposition()


async def test_answers_are_kept_nowhere_and_run_nowhere() -> None:
    for respond in (hello, broken):
        answer = await ask(entrance(respond), "GET", "/")
        for name, value in API_SECURITY:
            assert answer.headers[name] == value
        assert b"strict-transport-security" not in answer.headers


async def test_https_is_insisted_on_where_it_is_used() -> None:
    secure = await ask(entrance(hello), "GET", "/", scheme="https")
    behind = await ask(entrance(hello, https=True), "GET", "/")
    for answer in (secure, behind):
        assert answer.headers[b"strict-transport-security"].startswith(b"max-age=")


async def test_a_door_may_say_otherwise_in_its_own_headers() -> None:
    async def cached(request: Request) -> Response:
        return Response(200, b"", [(b"cache-control", b"max-age=60")])

    answer = await ask(entrance(cached), "GET", "/")
    assert answer.headers[b"cache-control"] == b"max-age=60"


async def test_head_is_answered_without_the_body() -> None:
    answer = await ask(entrance(hello), "HEAD", "/")
    assert (answer.body, answer.headers[b"content-length"]) == (b"", b"5")


async def test_no_content_has_no_length() -> None:
    async def nothing(request: Request) -> Response:
        return Response(204)

    answer = await ask(entrance(nothing), "DELETE", "/")
    assert b"content-length" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [(b"0d9a4c1e-5b1f", b"0d9a4c1e-5b1f"), (b"a\r\nb", None), (b"a" * 65, None), (b"", None)],
)
async def test_a_client_s_correlation_id_comes_back_when_it_is_one(
    sent: bytes, echoed: bytes | None
) -> None:
    answer = await ask(entrance(hello), "GET", "/", [(b"x-correlation-id", sent)])
    assert answer.headers.get(b"x-correlation-id") == echoed


async def test_a_bad_host_is_refused_before_the_door() -> None:
    async def never(request: Request) -> Response:
        raise AssertionError

    answer = await ask(entrance(never), "GET", "/", [(b"host", b"two")])
    assert answer.status == 400


async def test_a_body_too_large_is_read_to_its_end_and_answered() -> None:
    async def reading(request: Request) -> Response:
        await request.body()
        raise AssertionError

    pieces = [b"a" * 1000] * 5
    answer = await ask(entrance(reading, limits=Limits(body=1500)), "POST", "/", [], *pieces)
    assert answer.status == 413
    assert json.loads(answer.body)["issue"][0]["code"] == "too-long"


async def test_a_client_that_left_is_not_answered(lines: list[bytes]) -> None:
    async def leaving(request: Request) -> Response:
        raise ClientGone

    answer = await ask(entrance(leaving), "GET", "/")
    assert answer.status == 0
    assert json.loads(lines[0])["status"] == 499


async def test_each_request_is_counted_by_its_route() -> None:
    metrics = Metrics()
    app = entrance(hello, metrics=metrics)
    await ask(app, "GET", f"/{SECRET}?name={SECRET}")
    text = metrics.exposition().decode()
    assert 'egide_request_seconds_count{method="GET",route="/hello",status="200"} 1.0' in text
    assert SECRET not in text


async def test_health_is_not_logged_when_well(lines: list[bytes]) -> None:
    async def health(request: Request) -> Response:
        request.route = "/health/ready"
        return Response(200 if request.method == "GET" else 503)

    app = entrance(health)
    await ask(app, "GET", "/health/ready")
    assert lines == []
    await ask(app, "POST", "/health/ready")
    assert len(lines) == 1


async def test_a_websocket_is_turned_away() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await entrance(hello)({"type": "websocket"}, None, send)  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def live(app: Entrance, *kinds: str) -> list[Any]:
    sent: list[Any] = []
    left = [{"type": f"lifespan.{kind}"} for kind in kinds]

    async def receive() -> Any:
        return left.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_a_life_opens_and_closes_once() -> None:
    calls: list[str] = []

    async def opened() -> None:
        calls.append("opened")

    async def closed() -> None:
        calls.append("closed")

    app = entrance(hello, opened=opened, closed=closed)
    sent = await live(app, "startup", "shutdown")
    assert calls == ["opened", "closed"]
    assert [each["type"] for each in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_start_that_fails_says_why_in_our_words_only(lines: list[bytes]) -> None:
    async def ours() -> None:
        raise Unavailable("No database answers")

    async def theirs() -> None:
        raise ValueError(SECRET)

    for opened, message in ((ours, "No database answers"), (theirs, "ValueError")):
        sent = await live(entrance(hello, opened=opened), "startup")
        assert sent == [{"type": "lifespan.startup.failed", "message": message}]
    assert SECRET.encode() not in b"".join(lines)


async def test_a_stop_waits_for_the_requests_there_are() -> None:
    going, done = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        going.set()
        await done.wait()
        return Response(200)

    app = entrance(slow)
    asked = asyncio.create_task(ask(app, "GET", "/"))
    await going.wait()
    assert app.in_flight.count == 1
    stopping = asyncio.create_task(live(app, "shutdown"))
    await asyncio.sleep(0)
    assert app.in_flight.stopping
    assert not stopping.done()
    done.set()
    await stopping
    assert (await asked).status == 200
    assert app.in_flight.count == 0


async def test_a_stop_has_a_limited_patience(lines: list[bytes]) -> None:
    async def endless(request: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    app = entrance(endless, patience=0.01)
    asked = asyncio.create_task(ask(app, "GET", "/"))
    await asyncio.sleep(0)
    await live(app, "shutdown")
    assert json.loads(lines[0])["event"] == "stop.impatient"
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert app.in_flight.count == 0


def test_the_scope_of_these_tests_has_what_servers_send() -> None:
    assert {"type", "method", "raw_path", "query_string", "headers"} <= set(scope_of("GET", "/"))
