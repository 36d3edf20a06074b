"""Who we are is a setting, not what a client writes."""

import pytest
from tests.unit.http.asking import chunks, scope_of

from egide.api.smart.issuer import issuer_of
from egide.errors import Unavailable
from egide.http import Limits, Request


def asked(host: bytes) -> Request:
    scope = scope_of("GET", "/")
    scope["headers"] = [(b"host", host)]
    return Request(scope, chunks(), Limits())


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"127.0.0.1.evil.example", b"localhost.evil.example:80", b"10.0.0.1", b""],
)
def test_without_a_setting_only_the_machine_itself_is_an_issuer(host: bytes) -> None:
    with pytest.raises(Unavailable):
        issuer_of(asked(host), None)


@pytest.mark.parametrize("host", [b"127.0.0.1:8600", b"localhost", b"[::1]:8600"])
def test_on_the_machine_itself_the_address_is_enough(host: bytes) -> None:
    assert issuer_of(asked(host), None) == f"http://{host.decode()}"


def test_the_setting_wins() -> None:
    assert issuer_of(asked(b"evil.example"), "https://egide.example") == "https://egide.example"
