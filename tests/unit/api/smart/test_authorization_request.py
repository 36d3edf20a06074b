"""Authorization requests: RFC 6749 §4.1.1, RFC 7636, RFC 9207, SMART App Launch 2.2."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from egide.accounts import Application, Registration
from egide.api.smart.authorization_request import AuthorizationRequest, client_of, read
from egide.api.smart.refusals import SentBack, UntrustedRequest

ISSUER = "https://egide.example"
REDIRECT = "https://app.example.org/cb"
REGISTRATION = Registration(
    label="App",
    proof="none",
    scope="openid fhirUser launch launch/patient offline_access patient/*.rs",
    redirect_uris=(REDIRECT,),
)
APPLICATION = Application("client-0123456789abcdef", 7, REGISTRATION, b"")
GOOD = {
    "response_type": "code",
    "client_id": APPLICATION.client_id,
    "redirect_uri": REDIRECT,
    "scope": "launch/patient patient/Observation.rs",
    "state": "xyz",
    "aud": f"{ISSUER}/fhir",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def asked(
    *more: tuple[str, str], application: Application | None = APPLICATION, **changes: str | None
) -> AuthorizationRequest:
    pairs = [(name, value) for name, value in {**GOOD, **changes}.items() if value is not None]
    return read([*pairs, *more], application, issuer=ISSUER, audience=f"{ISSUER}/fhir")


def told(location: str) -> dict[str, str]:
    assert location.startswith(f"{REDIRECT}?")
    return {name: value for name, [value] in parse_qs(urlsplit(location).query).items()}


@pytest.mark.parametrize(
    ("error", "changes", "more"),
    [
        ("redirect-missing", {"redirect_uri": None}, []),
        ("redirect-missing", {"redirect_uri": ""}, []),
        ("redirect-missing", {}, [("redirect_uri", REDIRECT)]),
        ("redirect-missing", {}, [("redirect_uri", "https://evil.example/")]),
        ("redirect-unknown", {"redirect_uri": "https://evil.example/"}, []),
        ("redirect-unknown", {"redirect_uri": f"{REDIRECT}/"}, []),
        ("redirect-unknown", {"redirect_uri": f"{REDIRECT}\r\nLocation: https://evil"}, []),
    ],
)
def test_what_has_no_redirect_uri_of_its_own_is_sent_nowhere(
    error: str, changes: dict[str, str | None], more: list[tuple[str, str]]
) -> None:
    with pytest.raises(UntrustedRequest) as caught:
        asked(*more, **changes)
    assert caught.value.error == error


def test_an_application_that_is_unknown_or_disabled_is_sent_nowhere() -> None:
    ended = Application("client-0", 7, REGISTRATION, b"", disabled=datetime.now(UTC))
    for application in (None, ended):
        with pytest.raises(UntrustedRequest) as caught:
            asked(application=application)
        assert caught.value.error == "unknown-application"
    for pairs in ([], [("client_id", "")], [("client_id", "a"), ("client_id", "b")]):
        with pytest.raises(UntrustedRequest):
            client_of(pairs)


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        ("unsupported_response_type", {"response_type": None}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("unsupported_response_type", {"response_type": "code id_token"}),
        ("invalid_request", {"response_mode": "fragment"}),
        ("invalid_request", {"code_challenge": None, "code_challenge_method": None}),
        ("invalid_request", {"code_challenge": None}),
        ("invalid_request", {"code_challenge_method": None}),
        ("invalid_request", {"code_challenge_method": "plain"}),
        ("invalid_request", {"aud": None}),
        ("invalid_request", {"aud": f"{ISSUER}/fhir/"}),
        ("invalid_request", {"aud": ISSUER}),
        ("invalid_request", {"aud": "https://evil.example/fhir"}),
        ("invalid_request", {"nonce": "n" * 513}),
        ("invalid_request", {"launch": "l" * 257}),
        ("invalid_scope", {"scope": None}),
        ("invalid_scope", {"scope": " "}),
        ("invalid_scope", {"scope": "email"}),
        ("invalid_scope", {"scope": "user/*.cruds"}),
        ("invalid_scope", {"scope": "system/*.cruds"}),
        ("invalid_scope", {"scope": "patient/Patient.cud"}),
        ("invalid_scope", {"launch": "ego_x"}),
        ("invalid_request", {"scope": "launch patient/*.rs"}),
        ("request_not_supported", {"request": "e30.e30."}),
        ("request_uri_not_supported", {"request_uri": "https://evil.example/"}),
        ("interaction_required", {"prompt": "none"}),
    ],
)
def test_what_is_not_taken_is_told_to_the_application(
    error: str, changes: dict[str, str | None]
) -> None:
    with pytest.raises(SentBack) as caught:
        asked(**changes)
    said = told(caught.value.location)
    assert (said["error"], caught.value.error) == (error, error)
    assert said["iss"] == ISSUER
    assert "code" not in said
    if not any(len(value or "") > 256 for value in changes.values()):
        assert said["state"] == "xyz"


@pytest.mark.parametrize("state", [None, "", "s" * 1025])
def test_state_is_needed_and_not_endless(state: str | None) -> None:
    with pytest.raises(SentBack) as caught:
        asked(state=state)
    said = told(caught.value.location)
    assert said["error"] == "invalid_request"
    assert "state" not in said


@pytest.mark.parametrize(
    "name", ["state", "scope", "aud", "code_challenge", "code_challenge_method", "response_type"]
)
def test_nothing_may_be_said_twice(name: str) -> None:
    with pytest.raises(SentBack) as caught:
        asked((name, GOOD[name]))
    assert told(caught.value.location)["error"] == "invalid_request"


@pytest.mark.parametrize("state", ["a\r\nSet-Cookie: b=c", "a&code=stolen", "é#?", "<b>"])
def test_state_comes_back_as_it_was_and_stays_a_value(state: str) -> None:
    location = asked(state=state).answered("ega_code")
    assert not set("\r\n<>") & set(location)
    assert told(location) == {"code": "ega_code", "state": state, "iss": ISSUER}


def test_a_good_request_is_read() -> None:
    request = asked(nonce="n", display="page")
    assert request.scope == "launch/patient patient/Observation.rs"
    assert (request.redirect_uri, request.state, request.nonce) == (REDIRECT, "xyz", "n")
    assert dict(request.parameters) == {**GOOD, "nonce": "n"}
    assert "xyz" not in repr(request)


def test_more_than_is_registered_is_asked_for_in_vain() -> None:
    request = asked(scope="launch/patient user/*.cruds patient/*.cruds online_access")
    assert request.scope == "launch/patient patient/*.rs"


def test_a_launch_is_read_with_its_scope() -> None:
    request = asked(scope="launch patient/*.rs", launch="ego_x")
    assert (request.launch, request.context) == ("ego_x", {"launch"})
