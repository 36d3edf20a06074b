"""Client applications and access tokens, as the code hands them around."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from egide.errors import Busy, Incorrect, Unauthenticated

_LABEL = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_ROLE = re.compile(r"[a-z][a-z-]{1,30}")


class ClientRefused(Unauthenticated):
    """The client is not known, or its secret is wrong: the two look the same."""


class TooManyAttempts(Busy):
    """Too many failed attempts under this name or from this address."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many failed attempts; wait before the next one")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client application just made, or given a new secret, which is told here only."""

    client_id: str
    secret: str = field(repr=False)
    account: int


@dataclass(frozen=True, slots=True)
class Client:
    """A client application that has proved itself; `proof` is the digest of the secret it had."""

    client_id: str
    account: int
    roles: frozenset[str]
    proof: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class About:
    """What an access token is: whose account, which session, application and scope, until when."""

    account: int
    session: int
    client_id: str
    scope: str
    issued: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token just issued; `seconds` is its lifetime. It is told here only."""

    access_token: str = field(repr=False)
    session: int
    account: int
    scope: str
    seconds: int
    expires: datetime


def checked(label: str, roles: Collection[str]) -> list[str]:
    """`roles` in order, once they and `label` look right. Raises Incorrect.

    Whether a role exists is the gate's knowledge: the composition root checks it.
    """
    if not _LABEL.fullmatch(label):
        raise Incorrect("A label has 1 to 100 characters, none of them a control character")
    if not roles or not all(_ROLE.fullmatch(role) for role in roles):
        raise Incorrect("An account needs at least one role, by its name")
    return sorted(set(roles))
