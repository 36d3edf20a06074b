"""What happens to accounts, told to the ledger through the `append` they are given."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Kind = Literal[
    "client-created",
    "client-disabled",
    "client-secret-rotated",
    "client-keys-changed",
    "client-addresses-changed",
    "client-refused",
    "access-token-issued",
    "access-token-refused",
    "access-token-revoked",
    "access-token-asked-about",
    "application-approved",
    "application-denied",
    "approval-ended",
    "launch-made",
    "signing-key-made",
    "identity-verified",
    "identity-refused",
    "identity-linked",
    "identity-unlinked",
    "person-invited",
    "person-link-renewed",
    "person-reset",
    "person-disabled",
    "person-enabled",
    "person-roles-changed",
    "person-trained",
    "person-described",
    "enrolment-begun",
    "enrolment-completed",
    "enrolment-refused",
    "passkey-added",
    "passkey-removed",
    "password-set",
    "totp-set",
    "password-removed",
    "recovery-codes-made",
    "password-accepted",
    "sign-in-refused",
    "session-opened",
    "session-stepped-up",
    "session-ended",
    "charter-published",
    "charter-signed",
    "charter-signature-withdrawn",
    "acting-begun",
    "acting-ended",
    "roles-held",
    "roles-released",
]


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """One event about an account, appended before it takes effect.

    `account` is the account concerned (0: nobody we know), `by` the account that acted (0: the
    concerned one, or the operator at the machine), `session` the session the event opens, closes
    or was done in, `client` the public id of the application when it is one of our shape,
    `address` the network address it came from, `reason` a code, `means` how a person signed in,
    `count` how many like it this event stands for (more than one when refusals came faster than
    they are written one by one, or when many end at once). `issuer` is the name of the identity
    issuer whose word it was, `acr`, `amr` and `authenticated` how and when it says the person was
    authenticated. `behalf` is the id of the patient somebody acts for, `establishment` that of the
    Organization roles are held for. `charter` is the version published or signed, `expires` of a
    training until when it holds. `outcome` is `failed` when an event already appended did not
    take effect after all.
    """

    kind: Kind
    at: datetime
    outcome: Literal["success", "refused", "failed"] = "success"
    account: int = 0
    by: int = 0
    session: int = 0
    client: str = ""
    address: str = ""
    reason: str = ""
    roles: tuple[str, ...] = ()
    scope: str = ""
    expires: datetime | None = None
    means: tuple[str, ...] = ()
    count: int = 1
    issuer: str = ""
    acr: str = ""
    amr: tuple[str, ...] = ()
    authenticated: datetime | None = None
    behalf: str = ""
    establishment: str = ""
    charter: str = ""


Append = Callable[[AccountEvent], Awaitable[None]]
"""Makes one event durable in the ledger before it returns."""


@asynccontextmanager
async def recorded(append: Append, event: AccountEvent) -> AsyncIterator[None]:
    """Appends `event`, runs the block that makes it true, and appends that it failed if it does."""
    await append(event)
    try:
        yield
    except BaseException:
        await append(replace(event, outcome="failed"))
        raise
