"""Which identity opens which account: a keyed hash on one side, a number on the other.

Invariants: an identity opens one account, and an account has one identity of each issuer
(test_an_identity_opens_one_account, test_an_account_has_one_identity_of_an_issuer).
"""

from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.federation.identity import Identity, Link
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Conflict, NotFound

_SQL = queries("egide.accounts.federation", "federation.sql")


class Links:
    """The links of one installation; reached through `Federation`."""

    def __init__(self, database: Database, clock: Clock, append: Append) -> None:
        self._database = database
        self._clock = clock
        self._append = append

    async def account_of(self, subject: bytes) -> int | None:
        """The account `subject` opens, disabled or not; None: no account yet."""
        async with self._database.connection() as connection:
            account: int | None = await connection.fetchval(_SQL["account_of"], subject)
        return account

    async def link(self, identity: Identity, account: int, proof: str, by: int) -> None:
        """Raises Conflict when the identity or the account has another link already."""
        if await self.account_of(identity.subject) == account:
            return
        now = self._clock()
        event = AccountEvent(
            "identity-linked",
            now,
            account=account,
            by=by,
            reason=proof,
            issuer=identity.issuer,
            acr=identity.evidence.acr,
        )
        async with recorded(self._append, event), self._database.connection() as connection:
            done = await connection.execute(
                _SQL["link"], identity.subject, account, identity.issuer, now
            )
            if done != "INSERT 0 1":
                raise Conflict("This identity or this account is linked to another already")

    async def unlink(self, account: int, issuer: str, by: int) -> None:
        """Raises NotFound when there is no such link."""
        event = AccountEvent(
            "identity-unlinked", self._clock(), account=account, by=by, issuer=issuer
        )
        async with recorded(self._append, event), self._database.connection() as connection:
            if await connection.execute(_SQL["unlink"], account, issuer) != "DELETE 1":
                raise NotFound("The account has no identity of this issuer")

    async def of(self, account: int) -> list[Link]:
        """The issuers whose identities open `account`, oldest link first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["links"], account)
        return [Link(row["issuer"], row["linked"]) for row in rows]
