"""Who did what: entries found by patient or by account, opened.

Invariant: an entry of several patients is found for each of them
(test_what_concerned_a_patient_is_found_whoever_else_it_concerned).
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from egide.db import Connection, queries
from egide.fhir.definitions import type_name
from egide.ledger.entry import Action, Outcome
from egide.ledger.keys import MonthKeys
from egide.ledger.row import Row
from egide.seal import KeyRing, SealBroken

_SQL = queries("egide.ledger", "sql/read.sql")
_STRETCH = 500


class Logged(msgspec.Struct, frozen=True):
    """One entry as it was written; `facts` is the body its author gave."""

    entry: int
    at: datetime
    session: int
    actor: int
    action: Action
    outcome: Outcome
    type: str | None
    patients: tuple[int, ...]
    facts: Mapping[str, Any]


class Reading:
    """Reads entries with the keys of `ring`."""

    def __init__(self, ring: KeyRing) -> None:
        self._keys = MonthKeys(ring)

    async def of_patient(
        self,
        connection: Connection,
        patient: int,
        *,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[Logged]:
        """What concerned the patient with this key number, the latest first.

        `before`: only what is older. Raises SealBroken for an entry that was touched.
        """
        return await self._open(
            connection, await connection.fetch(_SQL["of_patient"], patient, before, limit)
        )

    async def of_actor(
        self,
        connection: Connection,
        actor: int,
        *,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[Logged]:
        """What the account with this number did, the latest first; as `of_patient`."""
        return await self._open(
            connection, await connection.fetch(_SQL["of_actor"], actor, before, limit)
        )

    async def of_both(
        self,
        connection: Connection,
        actor: int,
        patient: int,
        since: datetime,
        until: datetime,
        *,
        limit: int,
    ) -> list[Logged]:
        """What the account did that concerned the patient, from `since` on, before `until`, the
        first of it; as `of_patient`."""
        return await self._open(
            connection,
            await connection.fetch(_SQL["of_both"], patient, actor, since, until, limit),
        )

    async def roles_used(
        self, connection: Connection, actor: int, since: datetime, roles: Collection[str]
    ) -> dict[str, datetime]:
        """Role → when it last let the account do something since then, of those of `roles` that
        did. Reads back until each was met, so one that never was costs all of it.

        The connection must be in a transaction. Raises SealBroken.
        """
        found: dict[str, datetime] = {}
        missing = set(roles)
        async for record in connection.cursor(_SQL["done_by"], actor, since, prefetch=_STRETCH):
            logged = await self._logged(connection, Row(*record))
            role = logged.facts.get("role")
            if role in missing:
                found[role] = logged.at
                missing.discard(role)
                if not missing:
                    break
        return found

    async def _open(self, connection: Connection, records: list[Any]) -> list[Logged]:
        return [await self._logged(connection, Row(*record)) for record in records]

    async def _logged(self, connection: Connection, row: Row) -> Logged:
        key = await self._keys.find(connection, row.at)
        if key is None:
            raise SealBroken("the key of a ledger entry's month is not there")
        body = row.open(key)
        return Logged(
            row.entry,
            row.at,
            row.session,
            row.actor,
            Action(row.action),
            Outcome(row.outcome),
            None if row.type is None else type_name(row.type),
            body.patients if row.patient is None else (row.patient,),
            body.facts,
        )
