"""Holding: for which establishment an account holds its roles, of a person or an application alike.

Invariants, tested in tests/integration/accounts/test_holding.py:
- it holds on the next request of this process, and of every other one as soon as the notice
  arrives, for access tokens and sessions that are open already;
- each change is in the ledger before it takes effect.
"""

from collections.abc import Callable

from egide.accounts.events import AccountEvent, Append, Kind, recorded
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Incorrect, NotFound
from egide.ids import RESOURCE_ID

_SQL = queries("egide.accounts", "accounts.sql")


class Holding:
    """Reached as `Accounts.holding`."""

    def __init__(
        self, database: Database, clock: Clock, append: Append, forget: Callable[[int], None]
    ) -> None:
        """`forget` is told whose access tokens mean something else now."""
        self._database = database
        self._clock = clock
        self._append = append
        self._forget = forget

    async def hold(self, account: int, establishment: str, *, by: int = 0) -> None:
        """All roles of an account are held for an Organization (an id) alone from now on.

        Raises NotFound, Incorrect for what is no id, and for the account of the machine's operator,
        who works on the whole installation.
        """
        if not RESOURCE_ID.fullmatch(establishment):
            raise Incorrect("an establishment is an Organization, named by its id")
        await self._change("roles-held", account, establishment, by)

    async def release(self, account: int, *, by: int = 0) -> None:
        """All roles of an account are held for the whole house from now on. Raises NotFound."""
        await self._change("roles-released", account, None, by)

    async def of(self, account: int) -> str | None:
        """The Organization (an id) an account's roles are held for; None: for the whole house."""
        async with self._database.connection() as connection:
            held: str | None = await connection.fetchval(_SQL["held"], account)
        return held

    async def _change(self, kind: Kind, account: int, held: str | None, by: int) -> None:
        async with self._database.connection() as connection:
            what = await connection.fetchval(_SQL["kind"], account)
        if what is None:
            raise NotFound("there is no such account")
        if what == "operator":
            raise Incorrect("the operator of the machine holds its roles for the whole house")
        event = AccountEvent(kind, self._clock(), account=account, by=by, establishment=held or "")
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["hold"], account, held)
            await connection.execute(_SQL["notify"], f"account {account}")
        self._forget(account)
