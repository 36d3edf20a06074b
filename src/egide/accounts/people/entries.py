"""People, their means and their sessions, as the code hands them around.

What could name a person (login name, name shown, names given to devices) is never in a `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from egide.accounts.acting import Behalf, Bound, WorkingAs, acting
from egide.actor import Actor, Clearance, Zone
from egide.errors import Forbidden, Incorrect, Unauthenticated

LINK_PATH = "/enrol/"
"""Where the door for pages takes an invitation: its token follows, and is the last segment."""


RELATIVE = "relative"
"""The role of who acts for somebody else."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
"""Characters."""

_WEAK = {
    "short": f"A password has at least {SHORTEST_PASSWORD} characters",
    "long": f"A password has at most {LONGEST_PASSWORD} characters",
    "names": "A password is not made of the login name or the name",
    "common": "This password is among the first that would be tried",
}


class SignInRefused(Unauthenticated):
    """The login name, the password, the code or the passkey is wrong: they all look the same.

    `reason` is a code for the ledger, and for nobody else.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("What was given to sign in is not right, or not any more")
        self.reason = reason


class LinkRefused(Unauthenticated):
    """The link is unknown, used, replaced or expired: they all look the same."""

    def __init__(self) -> None:
        super().__init__("This link is not good, or not any more")


class StepUpNeeded(Forbidden):
    """The session is good, and this act wants a proof of identity of a moment ago."""

    def __init__(self) -> None:
        super().__init__("Show once more who you are to do this")


class WeakPassword(Incorrect):
    """A password that is not taken; `reason` lets a page say why in the reader's language."""

    def __init__(self, reason: Literal["short", "long", "names", "common"]) -> None:
        super().__init__(_WEAK[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Person:
    """One person's account. `enrolled`: it has means enough to sign in. `held`: the Organization
    (an id) its roles are held for, None for the whole house."""

    account: int
    login: str = field(repr=False)
    name: str = field(repr=False)
    roles: frozenset[str]
    bound: Bound = field(repr=False)
    clearance: Clearance
    enrolled: bool
    created: datetime
    disabled: datetime | None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link, of which `token` is the secret part; it is told here only."""

    account: int
    token: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a door knows of the browser it speaks to.

    `address`: the network address; `agent`: the User-Agent header; `device`: the value of the
    long-lived device cookie, "" when there is none.
    """

    address: str = ""
    agent: str = ""
    device: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A link that was followed. `value` is the cookie of this pre-session until `expires`."""

    value: str = field(repr=False)
    key: bytes = field(repr=False)
    account: int
    login: str = field(repr=False)
    name: str = field(repr=False)
    expires: datetime
    means: "Means"


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey; `number` names it in forms, `synced` says that it is copied between devices."""

    number: int
    name: str = field(repr=False)
    added: datetime
    used: datetime | None
    synced: bool


@dataclass(frozen=True, slots=True)
class Means:
    """What an account can sign in with; `codes`: how many recovery codes are left."""

    passkeys: tuple[Passkey, ...] = ()
    password: bool = False
    totp: bool = False
    codes: int = 0

    @property
    def enough(self) -> bool:
        """Whether two factors can be shown: a passkey, or a password and TOTP."""
        return bool(self.passkeys) or (self.password and self.totp)


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A TOTP secret not yet confirmed: base32 to type, and the `otpauth:` URI for a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """A ceremony that waits for a browser's answer.

    `value` is the cookie it is bound to (the session's own when there is one), `options` the JSON
    for `navigator.credentials.create()` or `.get()`, as a mapping.
    """

    value: str = field(repr=False)
    options: Mapping[str, object] = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """A right password, which opens nothing: `value` is the pre-session a code completes."""

    value: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One open session of a person.

    `authenticated` is when two factors were last shown (None: an identity issuer vouched for them
    and did not say when), `means` how, in the words of RFC 8176
    (`pop`, `pwd`, `otp`, `mfa`; `fed` for a federated identity). `device` is a coarse label such
    as `Firefox, Windows`. `works_as` has narrowed `roles` and `bound` already. `behalf` is for whom
    the person acts at the moment.
    """

    session: int
    account: int
    login: str = field(repr=False)
    name: str = field(repr=False)
    roles: frozenset[str]
    bound: Bound = field(repr=False)
    clearance: Clearance
    assurance: int
    means: tuple[str, ...]
    opened: datetime
    authenticated: datetime | None
    expires: datetime
    device: str
    key: bytes = field(repr=False)
    works_as: WorkingAs | None = field(default=None, repr=False)
    behalf: Behalf | None = field(default=None, repr=False)
    held: str | None = field(default=None, repr=False)

    @property
    def may_act(self) -> bool:
        """Whether it is a relative's: there may be somebody to act for."""
        return RELATIVE in self.roles and bool(self.bound.relatives)

    def fresh(self, now: datetime, within: timedelta) -> bool:
        """Whether two factors were shown less than `within` ago."""
        return self.authenticated is not None and now - self.authenticated < within

    def actor(self, *, zone: Zone = "outside") -> Actor:
        """The caller the other floors know."""
        return acting(
            self.account,
            self.roles,
            self.bound,
            clearance=self.clearance,
            session=self.session,
            assurance=self.assurance,
            authenticated=self.authenticated,
            zone=zone,
            behalf=self.behalf,
            held=self.held,
        )


Holder = Enrolling | Session
"""Who sets up means: whoever followed a link, or a session with a fresh proof."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with the new value of its cookie, which replaces any the browser had.

    `device` is the value of the device cookie to set (long-lived; the browser's own when it is
    known already). Both are told here only.
    """

    value: str = field(repr=False)
    session: Session
    device: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What an identity issuer said of who is there: the account its identity opens (0: none), how
    many factors it saw, when (None: it does not say), and by what (`means` of a session)."""

    account: int
    assurance: int
    at: datetime | None
    means: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """A line of the list of one's sessions."""

    session: int
    device: str
    opened: datetime
    seen: datetime
    authenticated: datetime | None
    means: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things last.

    `idle` and `lifetime`: of a session since it was last used and since it was opened; `fresh`:
    how long a proof allows sensitive acts; `link`: of an invitation; `pre_session`: of a ceremony
    or a half sign-in; `enrolment`: between following a link and having means.
    """

    idle: timedelta = timedelta(minutes=30)
    lifetime: timedelta = timedelta(hours=12)
    fresh: timedelta = timedelta(minutes=10)
    link: timedelta = timedelta(hours=72)
    pre_session: timedelta = timedelta(minutes=5)
    enrolment: timedelta = timedelta(minutes=30)
