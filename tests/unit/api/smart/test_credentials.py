"""What an application says to prove itself, read without a database: RFC 6749 §2.3 and §4.4."""

import base64

import pytest

from egide.api.smart.credentials import NAMES, Credentials, credentials_of, once
from egide.api.smart.refusals import GrantRefused
from egide.api.smart.token import check_grant


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("error", "status", "authorization", "form"),
    [
        ("invalid_client", 401, None, {}),
        ("invalid_client", 401, None, {"client_secret": "s"}),
        ("invalid_client", 401, b"Bearer abc", {}),
        ("invalid_client", 401, b"Basic", {}),
        ("invalid_client", 401, b"Basic !!!!", {}),
        ("invalid_client", 401, b"Basic YQ", {}),
        ("invalid_client", 401, basic("no colon"), {}),
        ("invalid_client", 401, b"Basic " + base64.b64encode(b"\xff:\xff"), {}),
        ("invalid_client", 401, basic("c:%zz"), {}),
        ("invalid_request", 400, basic("c:s"), {"client_secret": "s"}),
        ("invalid_request", 400, basic("c:s"), {"client_id": "d"}),
    ],
)
def test_credentials_that_prove_nothing_are_refused(
    error: str, status: int, authorization: bytes | None, form: dict[str, str]
) -> None:
    with pytest.raises(GrantRefused) as caught:
        credentials_of(authorization, form)
    assert (caught.value.error, caught.value.status) == (error, status)
    if status == 401:
        [(name, value)] = caught.value.headers
        assert name == b"www-authenticate"
        assert value.startswith(b"Basic ")


def test_credentials_come_from_the_header_or_the_form() -> None:
    form = {"client_id": "c", "client_secret": "s"}
    assert credentials_of(None, form) == Credentials("c", "s", basic=False)
    assert credentials_of(basic("c:s"), {}) == Credentials("c", "s", basic=True)
    assert credentials_of(basic("c:s"), {"client_id": "c"}) == Credentials("c", "s", basic=True)


def test_basic_credentials_are_form_encoded_first() -> None:
    assert credentials_of(basic("a%3Ab:s+t%25"), {}) == Credentials("a:b", "s t%", basic=True)


@pytest.mark.parametrize(
    ("error", "form"),
    [
        ("invalid_request", {}),
        ("unsupported_grant_type", {"grant_type": "password"}),
        ("unsupported_grant_type", {"grant_type": "implicit"}),
        ("unsupported_grant_type", {"grant_type": "CLIENT_CREDENTIALS"}),
        ("invalid_scope", {"grant_type": "client_credentials", "scope": "everything"}),
        ("invalid_scope", {"grant_type": "client_credentials", "scope": "system/Patient.dc"}),
        ("invalid_scope", {"grant_type": "client_credentials", "scope": "system/Person2.r"}),
        ("invalid_scope", {"grant_type": "refresh_token", "scope": "  "}),
    ],
)
def test_other_grants_and_scopes_that_do_not_read_are_refused(
    error: str, form: dict[str, str]
) -> None:
    with pytest.raises(GrantRefused) as caught:
        check_grant(form)
    assert (caught.value.error, caught.value.status) == (error, 400)


@pytest.mark.parametrize(
    "scope", [None, "system/*.cruds", "system/*.*", "system/*.cruds system/*.*"]
)
def test_scopes_that_read_may_be_asked_for(scope: str | None) -> None:
    check_grant({"grant_type": "client_credentials", **({"scope": scope} if scope else {})})


def test_a_parameter_may_not_be_there_twice() -> None:
    with pytest.raises(GrantRefused):
        once([("client_id", "a"), ("client_id", "a")], NAMES)
    given = [("x", "1"), ("x", "2"), ("client_secret", ""), ("client_id", "a")]
    assert once(given, NAMES) == {"client_id": "a"}
