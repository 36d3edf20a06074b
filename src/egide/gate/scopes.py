"""Scopes: what an application may ask for in a person's or its own name, as SMART writes it.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html. A scope narrows what
the roles allow and never widens it. Criteria in a scope are checked on each opened resource by
`egide.record`; here they are only read.
"""

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl, quote

import msgspec

from egide.errors import Incorrect
from egide.gate.types import ALL

Level = Literal["patient", "user", "system"]

CONTEXT = frozenset(
    {
        "openid",
        "fhirUser",
        "profile",
        "launch",
        "launch/patient",
        "launch/encounter",
        "offline_access",
        "online_access",
    }
)
"""Scopes that ask for context or for a longer session, and for no data."""

_SCOPE = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\."
    r"(?P<letters>c?r?u?d?s?|read|write|\*)(?:\?(?P<criteria>[^?\s]+))?\Z"
)
_PLAIN = re.compile(r"(?:[a-z][A-Za-z0-9-]*|_security|_tag|_profile)(?::[a-z-]+)?\Z")
"""A search parameter, perhaps with a modifier; no chain and nothing that shapes an answer."""
_FIRST_VERSION = {"read": "rs", "write": "cud", "*": "cruds"}
_MOST = 4_096
"""Characters of a list of scopes."""


class Scope(msgspec.Struct, frozen=True, cache_hash=True):
    """One scope: whose data (`level`), a resource type or `*`, letters of `cruds` in that order.

    `criteria` are search parameters and values a resource must match.
    """

    level: Level
    type: str
    interactions: str
    criteria: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As SMART 2.2 writes it."""
        text = f"{self.level}/{self.type}.{self.interactions}"
        if not self.criteria:
            return text
        pairs = (f"{quote(name, safe=':')}={quote(value, safe='/:|,')}" for name, value in
                 self.criteria)  # fmt: skip
        return f"{text}?{'&'.join(pairs)}"


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Scope, ...]:
    """The scopes of data in a space-separated list, in its order; those of `CONTEXT` are passed
    over.

    SMART 1's `read`, `write` and `*` come out as letters. Raises Incorrect for anything else.
    """
    if len(text) > _MOST:
        raise Incorrect("the list of scopes is too long")
    found = [_scope(word) for word in text.split(" ") if word and word not in CONTEXT]
    return tuple(dict.fromkeys(found))


def _scope(word: str) -> Scope:
    parts = _SCOPE.match(word)
    if parts is None or not parts["letters"]:
        raise Incorrect("a scope is not one this server knows")
    type, letters = parts["type"], parts["letters"]
    if type != "*" and type not in ALL:
        raise Incorrect("a scope names no resource type of FHIR R4")
    level: Level = parts["level"]  # type: ignore[assignment]
    return Scope(level, type, _FIRST_VERSION.get(letters, letters), _criteria(parts["criteria"]))


def _criteria(text: str | None) -> tuple[tuple[str, str], ...]:
    if text is None:
        return ()
    try:
        pairs = parse_qsl(text, strict_parsing=True, errors="strict", max_num_fields=8)
    except ValueError:
        raise Incorrect("the criteria of a scope are not name=value pairs") from None
    if not all(_PLAIN.match(name) for name, _ in pairs):
        raise Incorrect("the criteria of a scope are plain search parameters of its type")
    return tuple(sorted(pairs))
