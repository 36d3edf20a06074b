"""Redirect URIs: RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1. An answer goes nowhere else."""

from urllib.parse import parse_qs, urlsplit

import pytest

from egide.api.smart.redirect import answered, launchable, matches, registrable
from egide.errors import Incorrect

WEB = "https://app.example.org/callback"
LOOPBACK = "http://127.0.0.1/callback"


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "https://app.example.org/callback/",
        "https://app.example.org/callback?",
        "https://app.example.org/callback?a=1",
        "https://app.example.org/callback#",
        "https://app.example.org/callback#@app.example.org",
        "https://app.example.org/Callback",
        "https://app.example.org/callback/../evil",
        "https://app.example.org/%63allback",
        "https://app.example.org:443/callback",
        "https://app.example.org.evil.example/callback",
        "https://app.example.org@evil.example/callback",
        "https://evil.example/https://app.example.org/callback",
        "https://evil.example\\@app.example.org/callback",
        "http://app.example.org/callback",
        "HTTPS://app.example.org/callback",
        "//app.example.org/callback",
        "https://app.example.org/callback\r\nSet-Cookie: a=b",
        "https://app.example.org/callback%0d%0aSet-Cookie:a=b",
        " https://app.example.org/callback",
        "https://app.example.org/callback\x00",
        "javascript:alert(1)",
    ],
)
def test_what_is_not_byte_for_byte_the_same_does_not_match(asked: str) -> None:
    assert not matches([WEB], asked, native=False)
    assert not matches([WEB], asked, native=True)


@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:80000/callback",
        "http://127.0.0.1:8000/other",
        "http://127.0.0.1:8000/callback?a=1",
        "http://127.0.0.1:8000/callback#a",
        "https://127.0.0.1:8000/callback",
        "http://127.0.0.2:8000/callback",
        "http://127.0.0.1.evil.example:8000/callback",
        "http://user@127.0.0.1:8000/callback",
        "http://localhost:8000/callback",
        "http://[::1]:8000/callback",
        "http://127.0.0.1:8000:9000/callback",
    ],
)
def test_the_loopback_rule_frees_the_port_and_nothing_else(asked: str) -> None:
    assert not matches([LOOPBACK], asked, native=True)


def test_the_port_is_free_for_native_applications_only() -> None:
    assert not matches([LOOPBACK], "http://127.0.0.1:51004/callback", native=False)
    assert matches([LOOPBACK], "http://127.0.0.1:51004/callback", native=True)
    assert matches(["http://[::1]:1/cb"], "http://[::1]:51004/cb", native=True)
    assert matches(["http://127.0.0.1:1/cb"], "http://127.0.0.1/cb", native=True)


def test_the_registered_one_matches() -> None:
    assert matches(["https://other.example/", WEB], WEB, native=False)
    assert matches(["org.example.app:/cb"], "org.example.app:/cb", native=True)


@pytest.mark.parametrize(
    ("uri", "native"),
    [
        ("", False),
        ("callback", False),
        ("/callback", False),
        ("http://app.example.org/cb", False),
        ("http://localhost/cb", True),
        ("http://127.0.0.1@evil.example/cb", True),
        ("https://user:secret@app.example.org/cb", False),
        ("https:///cb", False),
        ("https://app.example.org/cb#part", False),
        ("https://*.example.org/cb", False),
        ("https://app.example.org/*", False),
        ("https://app.example.org/a/../cb", False),
        ("https://app.example.org/c b", False),
        ("https://app.example.org/cb\n", False),
        ("https://app.example.org:port/cb", False),
        ("https://ex\u00e9mple.org/cb", False),
        ("javascript:alert(1)", True),
        ("data:text/html,hello", True),
        ("file:///etc/passwd", True),
        ("myapp:/cb", True),  # a scheme nobody holds
        ("org.example.app:/cb", False),
        ("org.example.app://host/cb", True),
        ("https://app.example.org/" + "a" * 2000, False),
    ],
)
def test_what_could_lead_elsewhere_is_not_registered(uri: str, native: bool) -> None:
    with pytest.raises(Incorrect):
        registrable(uri, native=native)


@pytest.mark.parametrize(
    ("uri", "native"),
    [
        (WEB, False),
        ("https://app.example.org:8443/cb?tenant=1", False),
        ("http://127.0.0.1:8765/cb", False),
        ("http://[::1]/cb", True),
        ("org.example.app:/cb", True),
    ],
)
def test_https_loopback_and_own_schemes_are_registered(uri: str, native: bool) -> None:
    assert registrable(uri, native=native) == uri


@pytest.mark.parametrize(
    "state", ["a b&c=d", "\r\nSet-Cookie: a=b", "é\u2028", "#part", "%0d%0a", "<script>"]
)
def test_what_is_given_back_stays_a_value(state: str) -> None:
    uri = answered(WEB, {"code": "c", "state": state})
    assert uri.isascii()
    assert not set(uri) & set("\r\n<> #")
    assert parse_qs(urlsplit(uri).query) == {"code": ["c"], "state": [state]}


def test_a_query_of_its_own_is_kept() -> None:
    assert answered("https://a.example/?t=1", {"code": "c"}) == "https://a.example/?t=1&code=c"


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/launch",
        "org.example.app:/launch",
        "javascript:alert(1)",
        "https://app.example/launch#part",
        "https://somebody@app.example/launch",
        "//app.example/launch",
        "",
    ],
)
def test_what_is_no_address_to_open_an_application_at(uri: str) -> None:
    with pytest.raises(Incorrect, match="a launch URI"):
        launchable(uri)


def test_an_application_is_opened_over_https_or_on_loopback() -> None:
    for uri in ("https://app.example/launch?a=b", "http://127.0.0.1:8000/launch"):
        assert launchable(uri) == uri
