"""Attempts to guess, slowed per login name and place, so that nobody can lock another out.

A *place* is a browser the account has signed in with, or else the network address. Failures slow
only the place they came from: what strangers do to a name never delays its owner at his own
device, and a passkey or a recovery code, which nobody guesses, is never delayed at all. Waits grow
from one second, twice as long each time, up to a bound; what comes too early is not looked at and
not counted, so waiting always ends. Invariant: an attempt is counted before it is looked at, so
many at once get no further than one after another
(test_many_attempts_at_once_are_counted_one_by_one).
"""

from datetime import datetime, timedelta

from egide.accounts.entries import TooManyAttempts
from egide.db import Database, queries

FREE = 5
"""Failures from one place in a row that cost no wait."""
LONGEST_WAIT = 300
"""Seconds before another password from the same place."""
LONGEST_WAIT_FOR_CODES = 3600
"""Seconds before another code, after a right password, from places the account does not know."""

_SQL = queries("egide.accounts.people", "people.sql")


class Attempts:
    """Counted in the database: all processes see the same."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, key: bytes, now: datetime, longest: int = LONGEST_WAIT) -> None:
        """Counts an attempt as failed until `forgive`. Raises TooManyAttempts when too early."""
        async with self._database.connection() as connection:
            if await connection.fetchval(_SQL["attempt"], key, now, FREE, longest) is not None:
                return
            row = await connection.fetchrow(_SQL["attempts"], key)
        wait = 1.0
        if row is not None:
            delay = min(longest, 2 ** min(row["failures"] - FREE, 20))
            wait = (row["last"] + timedelta(seconds=delay) - now).total_seconds()
        raise TooManyAttempts(max(1, int(wait) + 1))

    async def forgive(self, key: bytes) -> None:
        """What was right makes the failures before it forgotten."""
        async with self._database.connection() as connection:
            await connection.execute(_SQL["forgive"], key)
