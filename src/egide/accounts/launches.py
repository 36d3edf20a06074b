"""Launches: an application opened from the record on somebody's screen (SMART's EHR launch).

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch. Invariant: a
launch is good once, for minutes, in the hands of the person who made it
(tests/integration/smart/test_authorization.py).
"""

from datetime import timedelta

from egide.accounts.approvals import Context, Contexts
from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.secrets import digest, new_launch
from egide.actor import Actor
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Incorrect
from egide.ids import RESOURCE_ID

_SQL = queries("egide.accounts", "launches.sql")

LAUNCH_LIFETIME = timedelta(minutes=5)


class Launches:
    """The launches of one installation; reached as `Accounts.launches`."""

    def __init__(
        self, database: Database, clock: Clock, append: Append, contexts: Contexts
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._contexts = contexts

    async def launch(
        self,
        patient: str,
        encounter: str | None,
        by: Actor,
        *,
        application: int | None = None,
        banner: bool = True,
    ) -> str:
        """The `launch` parameter to open an application with, for `patient` and `encounter` (ids).

        Good once, for five minutes, for the account of `by`; for `application` (its account) only
        when given. `banner`: whether the application itself has to show whose record it is. Raises
        Incorrect.
        """
        for id in (patient, encounter):
            if id is not None and not RESOURCE_ID.match(id):
                raise Incorrect("a launch is for a patient and a stay, by their ids")
        now = self._clock()
        launch = new_launch()
        event = AccountEvent("launch-made", now, account=by.account, session=by.session)
        context = Context(launched=patient, encounter=encounter, banner=banner)
        sealed = self._contexts.seal(context, _row(digest(launch)))
        async with recorded(self._append, event), self._database.connection() as connection:
            await connection.execute(
                _SQL["add_launch"],
                digest(launch),
                by.account,
                application,
                sealed,
                now + LAUNCH_LIFETIME,
            )
        return launch

    async def look(self, launch: str, by: Actor, application: int) -> Context | None:
        """What a launch stands for, if it is good for this person and application; it stays so."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _SQL["launch"], digest(launch), by.account, application, self._clock()
            )
        return None if row is None else self._contexts.open(row["context"], _row(digest(launch)))

    async def take(self, launch: str, by: Actor, application: int) -> Context | None:
        """The same, and from now on it is used."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _SQL["take_launch"], digest(launch), by.account, application, self._clock()
            )
        return None if row is None else self._contexts.open(row["context"], _row(digest(launch)))

    async def sweep(self) -> None:
        """Forgets launches nobody used."""
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_launches"], self._clock())


def _row(hash: bytes) -> bytes:
    return b"launch" + hash
