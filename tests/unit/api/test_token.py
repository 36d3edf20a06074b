"""What a client application says to the token endpoint, read without a database."""

import base64

import pytest

from egide.api.smart.token import Credentials, GrantRefused, check_grant, credentials_of, once


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("error", "status", "authorization", "form"),
    [
        ("invalid_client", 401, None, {}),
        ("invalid_client", 401, None, {"client_id": "c"}),
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
        ("unsupported_grant_type", {"grant_type": "authorization_code"}),
        ("unsupported_grant_type", {"grant_type": "CLIENT_CREDENTIALS"}),
        ("invalid_scope", {"grant_type": "client_credentials", "scope": "system/Patient.rs"}),
        ("invalid_scope", {"grant_type": "client_credentials", "scope": "user/*.cruds"}),
        (
            "invalid_scope",
            {"grant_type": "client_credentials", "scope": "system/*.cruds openid"},
        ),
    ],
)
def test_other_grants_and_scopes_are_refused(error: str, form: dict[str, str]) -> None:
    with pytest.raises(GrantRefused) as caught:
        check_grant(form)
    assert (caught.value.error, caught.value.status) == (error, 400)


@pytest.mark.parametrize(
    "scope", [None, "system/*.cruds", "system/*.*", "system/*.cruds system/*.*"]
)
def test_what_the_roles_allow_may_be_asked_for(scope: str | None) -> None:
    check_grant({"grant_type": "client_credentials", **({"scope": scope} if scope else {})})


def test_a_parameter_may_not_be_there_twice() -> None:
    with pytest.raises(GrantRefused):
        once([("client_id", "a"), ("client_id", "a")])
    assert once([("x", "1"), ("x", "2"), ("scope", ""), ("client_id", "a")]) == {"client_id": "a"}
