"""The one door to data: opens sessions, each an actor with a purpose.

    async with record.open(actor, purpose="TREAT") as session:
        patient = await session.read("Patient", id)

Every method of a session keeps one order: gate, store, ledger, in one unit of work. What is
refused or fails is in the ledger before the caller hears of it.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from zoneinfo import ZoneInfo

from egide.actor import PURPOSES, Actor
from egide.clock import Clock
from egide.db import Database
from egide.errors import Incorrect
from egide.ledger import Ledger, Reading
from egide.opening import OpeningHours
from egide.record import deriving, loading, represented
from egide.record.cursor import CursorSeal
from egide.record.oracles import Oracles
from egide.record.parts import Parts
from egide.record.policies import Policies
from egide.record.represented import Represented
from egide.record.session import Session
from egide.seal import KeyRing
from egide.settings import ORACLE_LIMIT, ORACLE_LIMIT_APPLICATION
from egide.store import Eraser, Finder, Keys, Lookups, Population, Reader, Reindexer, Writer


class Record:
    """All health data, behind one door. One for the process."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        ledger: Ledger,
        *,
        clock: Clock,
        zone: ZoneInfo,
        base_url: str | None = None,
        care_grace: timedelta = timedelta(days=30),
        oracle_limit: int = ORACLE_LIMIT,
        oracle_limit_application: int = ORACLE_LIMIT_APPLICATION,
        opening: OpeningHours | None = None,
    ) -> None:
        """`care_grace`: how long care goes on after an encounter has ended; the limits: questions
        an hour that could tell of what is hidden, see `egide.record.oracles`; `opening`: when the
        establishment's desks are open (None: day and night).
        """
        keys = Keys(ring)
        population = Population()
        reader = Reader(ring, keys)
        bases = frozenset({f"{base_url}/fhir/"} if base_url else ())
        self._parts = Parts(
            database=database,
            blind=ring.blind,
            ledger=ledger,
            reading=Reading(ring),
            clock=clock,
            zone=zone,
            bases=bases,
            keys=keys,
            reader=reader,
            lookups=Lookups(database),
            finder=Finder(),
            writer=Writer(ring, keys, population, bases),
            population=population,
            reindexer=Reindexer(ring, keys, bases),
            eraser=Eraser(ring, keys),
            cursors=CursorSeal(ring.derive("cursor")),
            reasons=CursorSeal(ring.derive("glass")),
            policies=Policies(reader, zone, bases),
            oracles=Oracles(oracle_limit, oracle_limit_application),
            care_grace=care_grace,
            opening=opening,
        )

    async def start(self) -> None:
        """Find or make the establishment's own key, and hear of what others erase or change."""
        parts = self._parts
        async with parts.database.transaction() as connection:
            await parts.keys.open(connection)
        await deriving.start(parts)
        await parts.database.listen("egide_erased", parts.keys.heard)
        await parts.database.listen("egide_index", parts.population.heard)

    def open(self, actor: Actor, purpose: str = "TREAT") -> AbstractAsyncContextManager[Session]:
        """A session of `actor` for `purpose` (v3 PurposeOfUse). Incorrect for an unknown one."""
        if purpose not in PURPOSES:
            raise Incorrect("the purpose of use is not one this server knows")
        return nullcontext(Session(self._parts, actor, purpose))

    async def represented(self, relatives: Sequence[str]) -> list[Represented]:
        """For whom these RelatedPersons (ids) may act now; it opens nothing of anybody."""
        return await represented.by(self._parts, relatives)

    async def represents(self, relative: str, patient: str) -> bool:
        """Whether a RelatedPerson may act for a Patient now; both by id."""
        return await represented.holds(self._parts, relative, patient)

    async def finish_load(self, digests: Collection[bytes]) -> None:
        """Make the parts with these digests, all that this process loaded, durable.

        Raises Unavailable when some were lost in a crash of the engine.
        """
        await loading.finish(self._parts, digests)
