"""One request: its address, its headers, its body, each within limits."""

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.http.asking import chunks, gone, request, scope_of

from egide.errors import Incorrect, TooLarge
from egide.http import Limits, Request
from egide.http.asgi import Message
from egide.http.refusals import (
    BodyTooSlow,
    ClientGone,
    HeadersTooLarge,
    MediaTypeUnsupported,
    TargetTooLong,
)

SMALL = Limits(body=1000, members=5, discard=5000)
GZIP = [(b"content-encoding", b"gzip")]


def checked(headers: list[tuple[bytes, bytes]], target: str = "/", host: bytes = b"h") -> Request:
    scope = scope_of("GET", target)
    scope["headers"] = [(b"host", host), *headers]
    made = Request(scope, chunks(), Limits())
    made.check()
    return made


@pytest.mark.parametrize(
    "name", [b"authorization", b"content-type", b"content-length", b"if-match", b"if-none-exist"]
)
def test_a_header_that_says_one_thing_may_not_be_there_twice(name: bytes) -> None:
    with pytest.raises(Incorrect):
        checked([(name, b"1"), (name, b"2")])


def test_two_hosts_are_refused() -> None:
    with pytest.raises(Incorrect):
        checked([(b"host", b"other")])


@pytest.mark.parametrize(
    "host", [b"", b" ", b"a b", b"a/b", b"a@b", b"a:b", b"evil.example\r\n", b"-a", b"a:123456",
             b"[::1", b"\xff", b"a,b", b"a" * 300]
)  # fmt: skip
def test_a_host_that_is_none_is_refused(host: bytes) -> None:
    with pytest.raises(Incorrect):
        checked([], host=host)


@pytest.mark.parametrize(
    "host", [b"localhost", b"127.0.0.1:8600", b"[::1]:8600", b"fhir.chu-exemple.fr", b"a_b:80"]
)
def test_a_host_is_part_of_our_address(host: bytes) -> None:
    assert checked([], host=host).base == f"http://{host.decode()}"


def test_headers_and_addresses_have_limits() -> None:
    with pytest.raises(HeadersTooLarge):
        checked([(b"x-a", b"a" * 70_000)])
    with pytest.raises(HeadersTooLarge):
        checked([(b"x-%d" % number, b"a" * 700) for number in range(100)])
    with pytest.raises(TargetTooLong):
        checked([], "/" + "a" * 17_000)
    with pytest.raises(TargetTooLong):
        checked([], "/?" + "a" * 17_000)


def test_other_headers_there_twice_are_joined() -> None:
    made = checked([(b"accept", b"a/b"), (b"x", b"1"), (b"accept", b"c/d")])
    assert made.headers[b"accept"] == b"a/b, c/d"


@pytest.mark.parametrize(
    ("target", "segments"),
    [
        ("/", ("",)),
        ("/fhir", ("fhir",)),
        ("/fhir/Patient/1", ("fhir", "Patient", "1")),
        ("/fhir/Patient/", ("fhir", "Patient", "")),
        ("//fhir", ("", "fhir")),
        ("/fhir/%50atient/a%2Fb", ("fhir", "Patient", "a/b")),
        ("/fhir/Patient/%24everything", ("fhir", "Patient", "$everything")),
        ("/fhir/../metrics", ("fhir", "..", "metrics")),
        ("/a+b", ("a+b",)),
    ],
)
def test_an_encoded_slash_divides_nothing(target: str, segments: tuple[str, ...]) -> None:
    assert request(target=target).segments == segments


@pytest.mark.parametrize("target", ["/%", "/%zz", "/%ff", "/a%00", "/a%0d%0ab"])
def test_a_path_that_does_not_read_is_refused(target: str) -> None:
    with pytest.raises(Incorrect):
        _ = request(target=target).segments


def test_the_query_is_read_once() -> None:
    made = request(target="/fhir/Patient?name=a+b&_id=1")
    assert made.query == [("name", "a b"), ("_id", "1")]
    assert made.query is made.query


async def test_a_body_larger_than_announced_allowed_is_refused_before_it_is_read() -> None:
    made = Request(scope_of("POST", "/", [(b"content-length", b"1001")]), gone, SMALL)
    with pytest.raises(TooLarge):
        await made.body()


async def test_a_body_larger_than_allowed_is_refused_without_an_announcement() -> None:
    made = request(b"a" * 600, b"a" * 401, b"never read", limits=SMALL)
    with pytest.raises(TooLarge):
        await made.body()
    assert not made.complete


async def test_a_body_as_large_as_allowed_is_taken() -> None:
    assert len(await request(b"a" * 600, b"a" * 400, limits=SMALL).body()) == 1000


async def test_one_address_may_allow_less() -> None:
    with pytest.raises(TooLarge):
        await request(b"a" * 600, limits=SMALL).body(500)


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"", b"1, 1", b"9" * 30, "²".encode()])
async def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    with pytest.raises(Incorrect):
        await request(b"a", headers=[(b"content-length", length)]).body()


async def test_a_bomb_is_refused_while_it_is_small() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    assert len(bomb) < 100_000
    limits = Limits(body=1_000_000)
    with pytest.raises(TooLarge):
        await request(bomb, headers=GZIP, limits=limits).body()


async def test_a_bomb_of_bombs_is_only_opened_once() -> None:
    inner = gzip.compress(bytes(1_000_000))
    assert await request(gzip.compress(inner), headers=GZIP).body() == inner


@pytest.mark.parametrize(
    "sent",
    [
        b"not gzip",
        gzip.compress(b"a" * 100, mtime=0)[:-1],
        gzip.compress(b"a" * 100, mtime=0)[:-8] + b"\0" * 8,
        gzip.compress(b"a", mtime=0) + b"rubbish",
        b"".join(gzip.compress(b"a", mtime=0) for _ in range(6)),
        zlib.compress(b"a"),
    ],
)
async def test_a_broken_stream_is_refused(sent: bytes) -> None:
    with pytest.raises(Incorrect):
        await request(sent, headers=GZIP, limits=SMALL).body()


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"zstd", b"gzip, gzip"])
async def test_another_encoding_is_refused_naming_the_one_we_read(encoding: bytes) -> None:
    with pytest.raises(MediaTypeUnsupported) as caught:
        await request(b"a", headers=[(b"content-encoding", encoding)]).body()
    assert caught.value.headers == ((b"accept-encoding", b"gzip"),)


@given(st.binary(max_size=900), st.lists(st.integers(1, 400), max_size=5), st.integers(1, 3))
def test_a_compressed_body_reads_back_however_it_is_cut(
    body: bytes, cuts: list[int], members: int
) -> None:
    step = len(body) // members + 1
    sent = b"".join(gzip.compress(body[at : at + step]) for at in range(0, max(len(body), 1), step))
    pieces = []
    for cut in cuts:
        pieces.append(sent[:cut])
        sent = sent[cut:]
    made = request(*pieces, sent, headers=GZIP, limits=SMALL)
    assert asyncio.run(made.body()) == body


async def test_a_body_is_read_once_and_kept() -> None:
    made = request(b"a", b"b")
    assert await made.body() is await made.body()
    assert made.complete


async def test_no_body_is_an_empty_body() -> None:
    made = Request(scope_of("GET", "/"), gone, Limits())
    assert await made.body() == b""
    assert made.complete


async def test_a_body_without_headers_that_announce_it_is_read_in_http_2() -> None:
    made = Request(scope_of("POST", "/", http_version="2"), chunks(b"a", b"b"), Limits())
    assert await made.body() == b"ab"


async def test_a_client_that_leaves_is_noticed() -> None:
    made = Request(scope_of("POST", "/", [(b"content-length", b"5")]), gone, Limits())
    with pytest.raises(ClientGone):
        await made.body()


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    limits = Limits(body_seconds=0.01, discard_seconds=0.01)
    made = Request(scope_of("POST", "/", [(b"content-length", b"5")]), silent, limits)
    with pytest.raises(BodyTooSlow):
        await made.body()
    await made.discard()


async def test_the_rest_of_a_refused_body_is_thrown_away() -> None:
    made = request(b"a" * 600, b"a" * 600, b"a", limits=SMALL)
    with pytest.raises(TooLarge):
        await made.body()
    await made.discard()
    assert made.complete


async def test_no_more_is_thrown_away_than_allowed() -> None:
    made = request(*[b"a" * 1000] * 6, b"never read", limits=SMALL)
    await made.discard()
    assert not made.complete
    announced = Request(scope_of("POST", "/", [(b"content-length", b"5001")]), gone, SMALL)
    await announced.discard()


async def test_a_form_is_read_from_the_body() -> None:
    assert await request(b"a=1&", b"b=%C3%A9").form() == [("a", "1"), ("b", "é")]
