"""Names fit for a log line or a label: written by us in the code, never taken from a request.

A name is a constant; anything that does not look like one becomes `other`. Names once accepted are
remembered, and only so many are: neither a log nor a registry of metrics can be made to grow or to
carry a value through them.
"""

import re

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"


class Names:
    """The names of one kind: those of `shape`, at most `limit` of them."""

    def __init__(self, shape: str, limit: int = 1000) -> None:
        self._shape = re.compile(shape)
        self._limit = limit
        self._known: set[str] = set()

    def checked(self, name: str) -> str:
        """`name`, or `other` when it is not a name of this kind."""
        if name in self._known:
            return name
        if len(self._known) >= self._limit or not self._shape.fullmatch(name):
            return OTHER
        self._known.add(name)
        return name


ROUTES = Names(r"/[a-z_.\-/$]{0,80}(\{[a-z_]{1,20}\}[a-z_.\-/$]{0,80}){0,6}")
"""Route templates: `/fhir/{type}/{id}`; lower case and no digits, so that no id passes."""
EVENTS = Names(r"[a-z][a-z-]{0,39}(\.[a-z][a-z-]{0,39}){0,2}")
"""Events: `request`, `ledger.verified`."""
WORDS = Names(r"[A-Za-z_][A-Za-z_.\-]{0,79}")
"""Categories, classes of errors, loggers of libraries, labels."""


def method(name: str) -> str:
    """One of `METHODS`, or `other`."""
    return name if name in METHODS else OTHER
