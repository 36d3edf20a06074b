"""Browsers an account has signed in with, by a long-lived cookie.

Such a cookie opens nothing. It is what tells an owner at his own device from a stranger, so that
a stranger's failures do not slow him; see `attempts`.
"""

from datetime import datetime
from ipaddress import IPv6Address, ip_address

from egide.accounts.people.entries import Visitor
from egide.accounts.people.sealing import Sealing
from egide.accounts.secrets import COOKIE, digest, new_cookie
from egide.db import Connection, Database, queries

_SQL = queries("egide.accounts.people", "people.sql")


class Devices:
    """`value` arguments are what a browser sent as its device cookie, or ""."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    async def knows(self, account: int, value: str) -> bool:
        """Whether `account` has signed in with this browser; asks, whatever `value` is."""
        async with self._database.connection() as connection:
            return bool(await connection.fetchval(_SQL["knows"], account, digest(value)))

    async def place(self, use: str, who: str, account: int, visitor: Visitor) -> tuple[bytes, bool]:
        """What failures of one `use` under `who` are counted by, and whether the place is known.

        An IPv6 address counts by its first 64 bits: the rest is its user's to choose.
        """
        known = await self.knows(account, visitor.device)
        where = f"device {visitor.device}" if known else f"address {_network(visitor.address)}"
        return self._sealing.hash("attempt", use, who, where), known

    async def value(self, value: str) -> str:
        """The cookie to give a browser: its own if it is one of ours, else a new one."""
        if not COOKIE.fullmatch(value):
            return new_cookie()
        async with self._database.connection() as connection:
            ours = await connection.fetchval(_SQL["known_at_all"], digest(value))
        return value if ours else new_cookie()

    async def know(self, connection: Connection, account: int, value: str, now: datetime) -> None:
        """`account` has signed in with this browser."""
        await connection.execute(_SQL["know"], account, digest(value), now)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else address
