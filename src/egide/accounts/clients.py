"""Client applications: made, listed, given new secrets, disabled, and made to prove themselves."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from egide.accounts.binding import Bindings
from egide.accounts.entries import (
    Client,
    ClientRefused,
    NewClient,
    TooManyAttempts,
    checked,
)
from egide.accounts.events import AccountEvent, Append, Kind, recorded
from egide.accounts.failures import FAILURES_PER_ADDRESS, FAILURES_PER_CLIENT, Failures
from egide.accounts.secrets import CLIENT_ID, NEVER, digest, new_client_id, new_client_secret, same
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import EgideError, Incorrect, NotFound
from egide.ids import internal_number

_SQL = queries("egide.accounts", "accounts.sql")

NO_OVERLAP = timedelta()
LONGEST_OVERLAP = timedelta(days=30)
"""How long a secret or keys may be good beside those that replace them."""


class Clients:
    """The client applications of one installation; reached as `Accounts.clients`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        bindings: Bindings,
        forget: Callable[[int | None], None],
    ) -> None:
        """`forget` is told whose access tokens have just ended; None: those of many accounts."""
        self._database = database
        self._clock = clock
        self._append = append
        self._bindings = bindings
        self._forget = forget
        self._failures = Failures()

    async def create(
        self, label: str, roles: Collection[str], *, patient: str | None = None, by: int = 0
    ) -> NewClient:
        """A new client application named `label`; `patient`: the id of the Patient it acts for.

        Raises Incorrect.
        """
        named = checked(label, roles)
        account, client_id, secret = internal_number(), new_client_id(), new_client_secret()
        now = self._clock()
        event = AccountEvent(
            "client-created", now, account=account, by=by, client=client_id, roles=tuple(named)
        )
        bound = None if patient is None else self._bindings.seal(patient, account)
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(
                _SQL["add_account"], account, "client", label, named, bound, now
            )
            await connection.execute(_SQL["add_client"], client_id, account, digest(secret), now)
        return NewClient(client_id, secret, account)

    async def disable(self, client_id: str, *, by: int = 0) -> None:
        """It cannot log in any more, and its access tokens end now. Raises NotFound."""
        row = await self._row(client_id)
        changes = {"disable": (self._clock(),)}
        await self._change("client-disabled", client_id, row, by, changes)

    async def rotate(
        self, client_id: str, *, overlap: timedelta = NO_OVERLAP, by: int = 0
    ) -> NewClient:
        """A new secret. The old one is good for `overlap` more; without, it and all it brought end
        now. Raises NotFound, Incorrect when the application has no secret.
        """
        row = await self._row(client_id)
        if row["proof"] not in (None, "secret"):
            raise Incorrect("This application does not prove itself by a secret")
        secret = new_client_secret()
        until = self._until(overlap)
        changes = {"rotate": (self._clock(), digest(secret), until)}
        await self._change("client-secret-rotated", client_id, row, by, changes, until)
        return NewClient(client_id, secret, row["account"])

    async def set_keys(
        self,
        client_id: str,
        *,
        jwks: str | None = None,
        jwks_uri: str | None = None,
        overlap: timedelta = NO_OVERLAP,
        by: int = 0,
    ) -> None:
        """New public keys, given or published; whoever calls has checked them.

        Those given before are good for `overlap` more; without, they and all they brought end now.
        Raises NotFound, Incorrect when the application does not prove itself by keys, or has
        published them, where those of before and after can stand side by side.
        """
        row = await self._row(client_id)
        if row["proof"] != "key":
            raise Incorrect("This application does not prove itself by keys")
        until = self._until(overlap)
        if until is not None and row["jwks_uri"] is not None:
            raise Incorrect("Keys that an application publishes overlap where it publishes them")
        changes = {
            "rotate": (self._clock(), digest(new_client_secret()), until),
            "set_keys": (jwks, jwks_uri, until is not None),
        }
        await self._change("client-keys-changed", client_id, row, by, changes, until)

    def _until(self, overlap: timedelta) -> datetime | None:
        """Until when what is replaced is good; None: it is not."""
        if not NO_OVERLAP <= overlap <= LONGEST_OVERLAP:
            raise Incorrect(f"An overlap is at most {LONGEST_OVERLAP.days} days")
        return self._clock() + overlap if overlap else None

    async def _row(self, client_id: str) -> Any:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["client"], client_id)
        if row is None:
            raise NotFound("There is no such client application")
        return row

    async def _change(
        self,
        kind: Kind,
        client_id: str,
        row: Any,
        by: int,
        changes: Mapping[str, tuple[object, ...]],
        until: datetime | None = None,
    ) -> None:
        """Does `changes` (statements and their arguments after the account) to an application.

        All it has ends now, unless what it had it by is good until later.
        """
        account, now = int(row["account"]), self._clock()
        event = AccountEvent(kind, now, account=account, by=by, client=client_id, expires=until)
        async with recorded(self._append, event), self._database.transaction() as connection:
            for change, arguments in changes.items():
                await connection.execute(_SQL[change], account, *arguments)
            if until is None:
                await connection.execute(_SQL["revoke_account"], account, now)
                await connection.execute(_SQL["end_application"], account, now)
                await connection.execute(_SQL["notify"], "everything")
        if until is None:
            self._forget(None)

    async def authenticate(self, client_id: str, secret: str, *, address: str = "") -> Client:
        """The client application whose secret this is.

        Raises ClientRefused, or TooManyAttempts (with `retry_after`) when that happened too often
        under this name or from this address; a right secret is never refused for it.
        """
        row = None
        if CLIENT_ID.fullmatch(client_id):
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_SQL["client"], client_id)
        right = same(secret, NEVER if row is None else row["secret_hash"])
        former = same(secret, NEVER if row is None else row["former_hash"] or NEVER)
        if row is not None and row["former_until"] is not None:
            right = right or (former and self._clock() < row["former_until"])
        takes = row is not None and row["proof"] in (None, "secret")
        if row is not None and takes and right and row["disabled"] is None:
            return Client(client_id, row["account"], frozenset(row["roles"]), digest(secret))
        if row is None:
            reason = "unknown-client"
        else:
            reason = "disabled" if takes and right else "wrong-secret"
        raise await self.refused(reason, client_id, address=address)

    async def refused(self, reason: str, client_id: str, *, address: str = "") -> EgideError:
        """What to raise when a client failed to prove itself, or its right to a grant, by `reason`.

        ClientRefused, or TooManyAttempts (with `retry_after`) when that happened too often under
        this name or from this address. The ledger knows when it returns.
        """
        named = client_id if CLIENT_ID.fullmatch(client_id) else ""
        limits = [(f"address {address}", FAILURES_PER_ADDRESS)]
        if named:
            limits.append((f"client {named}", FAILURES_PER_CLIENT))
        standing = self._failures.note(address, *limits)
        if standing.report:
            await self._refused(standing.report, reason, address, named)
        if standing.excess:
            return TooManyAttempts(standing.retry_after)
        return ClientRefused("The client is not known or its secret is wrong")

    async def settle(self) -> None:
        """Writes the refusals that came too fast to be written one by one."""
        for address, count in self._failures.settle():
            await self._refused(count, "too-many", address, "")

    async def _refused(self, count: int, reason: str, address: str, client: str) -> None:
        await self._append(
            AccountEvent(
                "client-refused",
                self._clock(),
                outcome="refused",
                client=client,
                address=address,
                reason=reason,
                count=count,
            )
        )
