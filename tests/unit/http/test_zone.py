"""The network zone of a request: inside for the establishment's networks, and for nobody else."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.http.asking import chunks, scope_of

from egide.actor import Zone
from egide.http import Limits, Request

NETWORKS = (ip_network("10.20.0.0/16"), ip_network("2001:db8:20::/48"), ip_network("127.0.0.0/8"))
PROXIES = (ip_network("10.20.0.1"), ip_network("127.0.0.1"))
FORWARDED = b"x-forwarded-for"


def zone(peer: str, *headers: tuple[bytes, bytes], known: bool = True) -> Zone:
    """The zone of a request from `peer`; `known`: of a server that was told of its proxies."""
    scope = scope_of("GET", "/", list(headers), client=(peer, 1))
    return Request(scope, chunks(), Limits(), PROXIES if known else (), NETWORKS).zone


@pytest.mark.parametrize(
    "said",
    [
        (FORWARDED, b"10.20.0.9"),
        (FORWARDED, b"10.20.0.1"),
        (b"forwarded", b"for=10.20.0.9"),
        (b"x-real-ip", b"10.20.0.9"),
        (b"x-network-zone", b"inside"),
        (b"x-purpose-of-use", b"BTG"),
    ],
)
def test_nothing_a_stranger_writes_brings_him_inside(said: tuple[bytes, bytes]) -> None:
    assert zone("203.0.113.5", said) == "outside"


@given(st.binary(max_size=80))
def test_nothing_written_before_what_the_proxy_writes_brings_inside(told: bytes) -> None:
    assert zone("10.20.0.1", (FORWARDED, told + b", 203.0.113.5")) == "outside"


@pytest.mark.parametrize("peer", ["", "nowhere", "10.21.0.1", "2001:db8:21::1"])
def test_what_is_in_no_network_or_no_address_is_outside(peer: str) -> None:
    assert zone(peer) == "outside"


@pytest.mark.parametrize("headers", [(), ((FORWARDED, b"unknown"),), ((FORWARDED, b"10.20.0.1"),)])
def test_a_proxy_that_does_not_say_for_whom_is_outside(
    headers: tuple[tuple[bytes, bytes], ...],
) -> None:
    assert zone("10.20.0.1", *headers) == "outside"


@pytest.mark.parametrize("name", [FORWARDED, b"forwarded"])
def test_what_somebody_we_were_not_told_of_forwards_is_outside(name: bytes) -> None:
    assert zone("127.0.0.1", (name, b"10.20.0.9"), known=False) == "outside"


def test_without_networks_everybody_is_outside() -> None:
    scope = scope_of("GET", "/", [], client=("127.0.0.1", 1))
    assert Request(scope, chunks(), Limits()).zone == "outside"


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.20.3.4", ()),
        ("::ffff:10.20.3.4", ()),
        ("2001:db8:20::7", ()),
        ("10.20.0.1", ((FORWARDED, b"10.20.3.4"),)),
        ("127.0.0.1", ((FORWARDED, b"203.0.113.5, 10.20.3.4"),)),
    ],
)
def test_the_networks_of_the_establishment_are_inside(
    peer: str, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    assert zone(peer, *headers) == "inside"
