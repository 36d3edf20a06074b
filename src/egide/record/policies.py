"""Policies: what patients decided and what their labelled stays close, compiled once and kept until
it changes.

Invariants
- What a patient decided, and a label at a stay, holds on the very next request, in every process:
  what is kept is kept by a policy epoch that is read, each time, in the snapshot of the data
  (tests/integration/record/test_choices.py, test_episodes.py).
- What is compiled is of one instant, that of the epoch asked about (test_episodes.py).
- Deleting a labelled stay opens nothing (test_episodes.py).
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Conflict, Fault
from egide.fhir.definitions import number, type_name
from egide.gate import episodes
from egide.gate.choices import Choice, Choices, choice
from egide.gate.episodes import Episode, Episodes, episode
from egide.record.labels import labels_of
from egide.store import Reader, lasting, sealed_for

_SQL = queries("egide.record", "sql/facts.sql")
_CONSENT = number("Consent")
_EPISODES = [number(type) for type in sorted(episodes.TYPES)]
_MOST_CONSENTS = 10_000
_MOST_EPISODES = 10_000
_MOST_KEPT = 10_000


class Policy(NamedTuple):
    """What holds for the record of a patient: what he or she decided, what labelled stays close."""

    choices: Choices = Choices()
    episodes: Episodes = Episodes()


class Moved(Conflict):
    """What holds for a record was changed while it was looked up: rows have to be found anew."""

    def __init__(self) -> None:
        super().__init__("what holds for a record was changed meanwhile")


class Policies:
    """Compiled policies by patient and epoch. One for the process."""

    def __init__(self, reader: Reader, zone: ZoneInfo, bases: frozenset[str]) -> None:
        """`bases`: own base addresses, references under which are local."""
        self._reader = reader
        self._zone = zone
        self._bases = bases
        self._kept: OrderedDict[tuple[int, int], Policy] = OrderedDict()

    def at_hand(self, epochs: Mapping[int, int]) -> dict[int, Policy] | None:
        """Patient → policy, when all of them are kept."""
        found: dict[int, Policy] = {}
        for each in epochs.items():
            kept = self._kept.get(each)
            if kept is None:
                return None
            found[each[0]] = kept
        return found

    async def of(self, connection: Connection, epochs: Mapping[int, int]) -> dict[int, Policy]:
        """Patient → policy, for those in `epochs`. Raises Moved when an epoch is another by now,
        which in a snapshot it never is; Fault for a patient of too much."""
        found: dict[int, Policy] = {}
        missing: list[int] = []
        for patient, epoch in epochs.items():
            kept = self._kept.get((patient, epoch))
            if kept is None:
                missing.append(patient)
            else:
                found[patient] = kept
        if missing:
            for record in await connection.fetch(_SQL["owners"], missing):
                owner = record["owner"]
                found[record["number"]] = Policy(
                    await self._choices(connection, owner), await self._episodes(connection, owner)
                )
            now = await connection.fetch(_SQL["epochs"], missing)
            if {record["patient_key"]: record["epoch"] for record in now} != {
                patient: epochs[patient] for patient in missing
            }:
                raise Moved
            self._kept.update({(each, epochs[each]): found[each] for each in missing})
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _choices(self, connection: Connection, patient: bytes) -> Choices:
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

    async def _episodes(self, connection: Connection, patient: bytes) -> Episodes:
        rows = await lasting(connection, patient, _EPISODES, _MOST_EPISODES + 1)
        if len(rows) > _MOST_EPISODES:
            raise Fault("a patient has more stays and episodes than can be heeded")
        opened = await self._reader.open(connection, rows)
        all = (episode_of(type_name(each.row.type), each.body, self._bases) for each in opened)
        return episodes.episodes(all, self._bases)


def episode_of(type: str, body: bytes, bases: frozenset[str]) -> Episode:
    """An Encounter or an EpisodeOfCare in canonical JSON, as its labels hold for others."""
    reference = f"{type}/{fhir.identity(body)}"
    return episode(reference, labels_of(body), fhir.reference_strings(body), bases)
