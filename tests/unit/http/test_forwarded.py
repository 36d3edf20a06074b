"""Forwarded addresses: believed from proxies we were told of, as far as they wrote them."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.http.asking import chunks, scope_of

from egide.http import Limits, Request
from egide.http.forwarded import origin_of

PROXIES = (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


@pytest.mark.parametrize("forwarded", [b"", b"198.51.100.1", b"127.0.0.1", b"10.1.0.1, 10.1.0.2"])
def test_a_stranger_is_not_believed(forwarded: bytes) -> None:
    assert origin_of("203.0.113.5", forwarded, PROXIES) == "203.0.113.5"
    assert origin_of("127.0.0.1", forwarded, ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("127.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", b"192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", b"192.0.2.66, 198.51.100.1,10.1.0.9", "198.51.100.1"),
        ("127.0.0.1", b"10.1.0.9", "10.1.0.9"),
        ("::ffff:127.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("fd00::1", b" 2001:db8::1 ", "2001:db8::1"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("127.0.0.1", b"unknown", "127.0.0.1"),
        ("127.0.0.1", b"192.0.2.66, ", "127.0.0.1"),
        ("127.0.0.1", b"192.0.2.66, \xff, 10.1.0.9", "10.1.0.9"),
        ("", b"198.51.100.1", ""),
    ],
)
def test_what_proxies_wrote_is_believed_and_nothing_before_it(
    peer: str, forwarded: bytes, origin: str
) -> None:
    assert origin_of(peer, forwarded, PROXIES) == origin


@given(st.binary(max_size=100), st.sampled_from(["127.0.0.1", "10.1.2.3", "fd00::2"]))
def test_whatever_a_stranger_writes_first_changes_nothing(told: bytes, peer: str) -> None:
    assert origin_of(peer, told + b", 198.51.100.1", PROXIES) == "198.51.100.1"


def test_a_request_has_the_address_it_was_forwarded_for() -> None:
    scope = scope_of("GET", "/", [(b"x-forwarded-for", b"198.51.100.1")], client=("127.0.0.1", 1))
    told = Request(scope, chunks(), Limits(), PROXIES)
    untold = Request(scope, chunks(), Limits())
    assert (told.address, untold.address) == ("198.51.100.1", "127.0.0.1")


def test_forwarded_headers_repeated_are_read_as_one() -> None:
    scope = scope_of(
        "GET",
        "/",
        [(b"x-forwarded-for", b"192.0.2.66"), (b"x-forwarded-for", b"198.51.100.1")],
        client=("127.0.0.1", 1),
    )
    made = Request(scope, chunks(), Limits(), PROXIES)
    made.check()
    assert made.address == "198.51.100.1"
