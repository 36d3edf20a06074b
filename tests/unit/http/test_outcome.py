"""What went wrong, as a status, an OperationOutcome and headers."""

import json
from typing import get_args

import pytest
from tests.unit.http.asking import request

from egide import errors
from egide.errors import Category, EgideError, Incorrect, Issue
from egide.http import STATUS, answer
from egide.http.messages import MESSAGES
from egide.http.negotiation import FHIR_JSON
from egide.http.outcome import MOST_ISSUES, operation_outcome, status
from egide.http.refusals import MethodNotAllowed, Refusal
from egide.record import StepUp

CLASSES = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, EgideError) and each is not EgideError
]


def told(error: EgideError, *headers: tuple[bytes, bytes]) -> dict[str, object]:
    body: dict[str, object] = json.loads(answer(error, request(headers=headers)).body)
    return body


def test_every_category_has_a_status_and_a_sentence_in_each_language() -> None:
    assert set(STATUS) == set(MESSAGES) == set(get_args(Category))
    for sentences in MESSAGES.values():
        assert set(sentences) == {"en", "fr"}
        assert sentences["en"] != sentences["fr"]


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("incorrect", 400),
        ("unauthenticated", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("gone", 410),
        ("conflict", 409),
        ("precondition", 412),
        ("unsupported", 501),
        ("too_large", 413),
        ("too_costly", 400),
        ("busy", 429),
        ("unavailable", 503),
        ("fault", 500),
    ],
)
def test_each_category_has_its_status(category: Category, expected: int) -> None:
    [made] = [each for each in CLASSES if each.category == category]
    assert answer(made("Said so"), request()).status == expected


@pytest.mark.parametrize("made", CLASSES)
def test_an_error_is_an_operation_outcome(made: type[EgideError]) -> None:
    given = answer(made("Said so"), request())
    body = json.loads(given.body)
    assert dict(given.headers)[b"content-type"] == FHIR_JSON
    assert body["resourceType"] == "OperationOutcome"
    [issue] = body["issue"]
    assert set(issue) == {"severity", "code", "details", "diagnostics"}
    assert issue["code"] == made.code


def test_a_fault_says_nothing_but_the_request() -> None:
    made = request()
    body = answer(errors.Fault("Row 12 of patients is broken"), made).body
    assert b"Row 12" not in body
    assert json.loads(body)["issue"][0]["diagnostics"] == f"Request {made.id}"


def test_details_are_in_the_reader_s_language_and_diagnostics_stay() -> None:
    french = told(errors.Gone("Deleted as version 3"), (b"accept-language", b"fr-FR"))
    [issue] = french["issue"]  # type: ignore[misc]
    assert issue["details"]["text"] == "C’était ici et cela a été supprimé."  # type: ignore[index]
    assert issue["diagnostics"] == "Deleted as version 3"  # type: ignore[index]
    headers = answer(errors.Gone("x"), request(headers=[(b"accept-language", b"fr")])).headers
    assert (b"content-language", b"fr") in headers


def test_issues_keep_their_places() -> None:
    issues = [Issue("value", "no such code", "Patient.gender"), Issue("structure", "unknown field")]
    body = told(Incorrect("2 problems", issues=issues))
    first, second = body["issue"]  # type: ignore[misc]
    assert first["expression"] == ["Patient.gender"]  # type: ignore[index]
    assert "expression" not in second  # type: ignore[operator]


def test_a_great_many_issues_are_counted() -> None:
    issues = [Issue("value", "no", f"List.entry[{number}]") for number in range(10_000)]
    body = json.loads(operation_outcome(Incorrect("many", issues=issues), "en", "r"))
    assert len(body["issue"]) == MOST_ISSUES + 1
    assert body["issue"][-1]["diagnostics"] == "9900 more findings are not shown"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["structure"], 400),
        (["business-rule"], 422),
        (["invariant", "business-rule"], 422),
        (["business-rule", "value"], 400),
    ],
)
def test_a_well_formed_body_that_may_not_be_is_unprocessable(
    codes: list[str], expected: int
) -> None:
    assert status(Incorrect("x", issues=[Issue(code, "x") for code in codes])) == expected


def test_warnings_do_not_make_a_body_unparsable() -> None:
    issues = [Issue("invariant", "x"), Issue("structure", "y", severity="warning")]
    assert status(Incorrect("x", issues=issues)) == 422


def test_nobody_known_is_told_how_to_be() -> None:
    headers = dict(answer(errors.Unauthenticated("x"), request()).headers)
    assert headers[b"www-authenticate"] == b'Bearer realm="egide"'


def test_whoever_is_too_early_is_told_when_to_come_back() -> None:
    error = errors.Busy("x")
    assert dict(answer(error, request()).headers)[b"retry-after"] == b"1"
    error.retry_after = 7  # type: ignore[attr-defined]
    assert dict(answer(error, request()).headers)[b"retry-after"] == b"7"


def test_a_method_an_address_does_not_answer_names_those_it_does() -> None:
    given = answer(MethodNotAllowed(["GET", "HEAD"]), request())
    assert (given.status, dict(given.headers)[b"allow"]) == (405, b"GET, HEAD")


def test_refusals_of_http_have_statuses_of_their_own() -> None:
    statuses = {each.__name__: each.status for each in Refusal.__subclasses__()}
    assert statuses == {
        "MethodNotAllowed": 405,
        "NotAcceptable": 406,
        "BodyTooSlow": 408,
        "TargetTooLong": 414,
        "MediaTypeUnsupported": 415,
        "HeadersTooLarge": 431,
    }


def test_who_has_to_prove_more_is_told_so() -> None:
    """RFC 9470: the challenge names the authentication that would do."""
    given = answer(StepUp("Said so"), request())
    assert given.status == 401
    challenge = dict(given.headers)[b"www-authenticate"]
    assert b'error="insufficient_user_authentication"' in challenge
    assert b'acr_values="2"' in challenge
    assert b"max_age" not in challenge
    again = answer(StepUp("Said so", 43_200), request())
    assert dict(again.headers)[b"www-authenticate"] == challenge + b", max_age=43200"
