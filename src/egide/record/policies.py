"""Policies: what patients decided, compiled once and kept until it changes.

Invariants
- What a patient decided holds on the very next request, in every process: what is kept is kept by
  a policy epoch that is read, each time, in the snapshot of the data
  (tests/integration/record/test_choices.py).
"""

from collections import OrderedDict
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Fault
from egide.fhir.definitions import number
from egide.gate.choices import Choice, Choices, choice
from egide.store import Reader, sealed_for

_SQL = queries("egide.record", "sql/facts.sql")
_CONSENT = number("Consent")
_MOST_CONSENTS = 10_000
_MOST_KEPT = 10_000


class Policies:
    """Compiled choices by patient and epoch. One for the process."""

    def __init__(self, reader: Reader, zone: ZoneInfo, bases: frozenset[str]) -> None:
        self._reader = reader
        self._zone = zone
        self._bases = bases
        self._kept: OrderedDict[tuple[int, int], Choices] = OrderedDict()

    def at_hand(self, epochs: Mapping[int, int]) -> dict[int, Choices] | None:
        """Patient → choices, when all of them are kept."""
        found: dict[int, Choices] = {}
        for each in epochs.items():
            kept = self._kept.get(each)
            if kept is None:
                return None
            found[each[0]] = kept
        return found

    async def of(self, connection: Connection, epochs: Mapping[int, int]) -> dict[int, Choices]:
        """Patient → choices, for those in `epochs`. Raises Fault for a patient of too many."""
        found: dict[int, Choices] = {}
        missing: list[int] = []
        for patient, epoch in epochs.items():
            kept = self._kept.get((patient, epoch))
            if kept is None:
                missing.append(patient)
            else:
                found[patient] = kept
        if missing:
            for record in await connection.fetch(_SQL["owners"], missing):
                patient = record["number"]
                compiled = await self._compiled(connection, record["owner"])
                found[patient] = self._kept[patient, epochs[patient]] = compiled
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _compiled(self, connection: Connection, patient: bytes) -> Choices:
        rows = await sealed_for(
            connection, patient, after=0, types=[_CONSENT], since=None, count=_MOST_CONSENTS
        )
        if len(rows) > _MOST_CONSENTS:
            raise Fault("a patient has more Consents than can be heeded")
        consents = [row for _, row in rows if row.type == _CONSENT]
        found: list[Choice] = []
        for opened in await self._reader.open(connection, consents):
            compiled = choice(fhir.parse(opened.body), self._zone, self._bases)
            if compiled is not None:
                found.append(compiled)
        return Choices(tuple(found))
