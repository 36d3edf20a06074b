"""The one map from what went wrong to HTTP: a status, an OperationOutcome, a few headers.

https://hl7.org/fhir/R4/http.html and https://hl7.org/fhir/R4/operationoutcome.html. What FHIR
leaves open is chosen here: a body that cannot be parsed or breaks R4's own structure is 400; one
that is well formed and breaks a profile's invariant or a rule of the house is 422; an exact answer
that would cost too much is 400 with `too-costly`; an interaction nobody has built is 501, a method
an address does not answer 405. No stack trace, no class name and no value leaves.
"""

from collections.abc import Mapping, Sequence

import msgspec

from egide.errors import Category, EgideError, Issue
from egide.http.levels import LEVELS
from egide.http.messages import MESSAGES, Language
from egide.http.negotiation import FHIR_JSON, language
from egide.http.refusals import Refusal
from egide.http.request import Request
from egide.http.response import Header, Response

STATUS: Mapping[Category, int] = {
    "incorrect": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "gone": 410,
    "conflict": 409,
    "precondition": 412,
    "unsupported": 501,
    "too_large": 413,
    "too_costly": 400,
    "busy": 429,
    "unavailable": 503,
    "fault": 500,
}
UNPROCESSABLE = frozenset({"business-rule", "invariant"})
"""Issue codes of a well-formed body that may not be: alone, they make a 422."""
MOST_ISSUES = 100
"""Findings told in one answer; the rest is counted."""

_encode = msgspec.json.Encoder().encode
_ANYONE: Header = (b"www-authenticate", b'Bearer realm="egide"')


def status(error: EgideError) -> int:
    """The HTTP status of `error`."""
    if isinstance(error, Refusal):
        return error.status
    if error.category == "incorrect":
        grave = {issue.code for issue in error.issues if issue.severity in ("fatal", "error")}
        if grave and grave <= UNPROCESSABLE:
            return 422
    return STATUS[error.category]


def answer(error: EgideError, request: Request) -> Response:
    """The whole answer to `request` when `error` stopped it."""
    spoken = language(request.headers.get(b"accept-language"))
    body = operation_outcome(error, spoken, request.id)
    headers: list[Header] = [(b"content-language", spoken.encode("ascii"))]
    code = status(error)
    if isinstance(error, Refusal):
        headers += error.headers
    elif error.category == "unauthenticated":
        usual = _challenge(getattr(error, "needs", 0), getattr(error, "within", 0))
        headers.append(getattr(error, "challenge", usual))
    elif error.category in ("busy", "unavailable"):
        headers.append((b"retry-after", b"%d" % max(1, round(getattr(error, "retry_after", 1)))))
    return Response(code, body, headers, FHIR_JSON)


def _challenge(needs: int, within: int) -> Header:
    """What is asked of who is not known, or not well enough for `needs` (an assurance, 0: any),
    shown `within` so many seconds (0: whenever).

    https://www.rfc-editor.org/rfc/rfc9470#section-3
    """
    if not needs:
        return _ANYONE
    said = b'Bearer realm="egide", error="insufficient_user_authentication", acr_values="%s"'
    said %= LEVELS[needs].encode("ascii")
    return b"www-authenticate", said + (b", max_age=%d" % within if within else b"")


def operation_outcome(error: EgideError, spoken: Language, request: str) -> bytes:
    """`error` as an OperationOutcome in JSON; `request` is the id to quote for a fault."""
    return _encode(outcome(error.issues, error.category, spoken, request))


def outcome(
    issues: Sequence[Issue], category: Category, spoken: Language, request: str
) -> dict[str, object]:
    """The same as a mapping, for an entry of a batch response."""
    text = MESSAGES[category][spoken]
    told: list[dict[str, object]] = []
    for issue in issues[:MOST_ISSUES]:
        diagnostics = issue.diagnostics
        if category == "fault":
            diagnostics = f"Request {request}"
        told.append(
            {
                "severity": issue.severity,
                "code": issue.code,
                "details": {"text": text},
                "diagnostics": diagnostics,
                **({"expression": [issue.expression]} if issue.expression else {}),
            }
        )
    if len(issues) > MOST_ISSUES:
        told.append(
            {
                "severity": "information",
                "code": "informational",
                "diagnostics": f"{len(issues) - MOST_ISSUES} more findings are not shown",
            }
        )
    return {"resourceType": "OperationOutcome", "issue": told}
