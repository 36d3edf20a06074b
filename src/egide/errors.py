"""What can go wrong: one base, a closed set of categories, no health data in any of them.

A door maps the category to its protocol once (HTTP: `egide.http.outcome`); nothing else
looks at the class. Fields are references and codes, never values read from a record.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

Category = Literal[
    "incorrect",
    "unauthenticated",
    "forbidden",
    "not_found",
    "gone",
    "conflict",
    "precondition",
    "unsupported",
    "too_large",
    "too_costly",
    "busy",
    "unavailable",
    "fault",
]


class Issue(NamedTuple):
    """One finding, in the words of FHIR's OperationOutcome.issue.

    `code` is from http://hl7.org/fhir/ValueSet/issue-type, `expression` a FHIRPath location
    such as `Patient.name[0].given[1]` (empty when the finding has no place in a resource).
    """

    code: str
    diagnostics: str
    expression: str = ""
    severity: Literal["fatal", "error", "warning", "information"] = "error"


class EgideError(Exception):
    """Something went wrong that has a name."""

    category: ClassVar[Category] = "fault"
    code: ClassVar[str] = "exception"
    """The issue-type code used when no issue says it better."""

    def __init__(self, message: str, *, issues: Sequence[Issue] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.issues = tuple(issues) or (Issue(self.code, message),)


class Incorrect(EgideError):
    """The request cannot be understood or breaks a rule of the standard."""

    category = "incorrect"
    code = "invalid"


class Unauthenticated(EgideError):
    """Nobody we know is asking."""

    category = "unauthenticated"
    code = "login"


class Forbidden(EgideError):
    """We know who asks, and the answer is no."""

    category = "forbidden"
    code = "forbidden"


class NotFound(EgideError):
    """There is nothing there, or nothing for you: the two look the same."""

    category = "not_found"
    code = "not-found"


class Gone(EgideError):
    """It was there and has been deleted."""

    category = "gone"
    code = "deleted"


class Conflict(EgideError):
    """Somebody else changed it first."""

    category = "conflict"
    code = "conflict"


class PreconditionFailed(EgideError):
    """The version you named is not the current one."""

    category = "precondition"
    code = "conflict"


class Unsupported(EgideError):
    """Understood, and not something this server does."""

    category = "unsupported"
    code = "not-supported"


class TooLarge(EgideError):
    """More bytes than this server takes at once."""

    category = "too_large"
    code = "too-long"


class TooCostly(EgideError):
    """Exact, but it would take more work than one request may cause."""

    category = "too_costly"
    code = "too-costly"


class Busy(EgideError):
    """Too much at once; try again in a moment."""

    category = "busy"
    code = "throttled"


class Unavailable(EgideError):
    """Something this server needs is not there."""

    category = "unavailable"
    code = "transient"


class Fault(EgideError):
    """We did something wrong; the details are in our log under the request's id."""

    category = "fault"
    code = "exception"
