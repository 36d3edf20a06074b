"""Rights: what each account may reach and what it did reach, for who reviews them.

Dormant rights come first: what nobody uses is what nobody misses until somebody steals it. A right
is a role of an account; it was used when its grant let something be done, as the ledger says.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from egide.actor import Actor
from egide.db import Connection, queries
from egide.gate import grants_of
from egide.gate.roles import READS
from egide.ledger.use import Use, use
from egide.record import represented
from egide.record.facts import who
from egide.record.interaction import Interaction
from egide.record.parts import Parts

_SQL = queries("egide.record", "sql/reach.sql")
_NOTHING = Use(0, 0, 0, 0, datetime.min, None)


class Right(NamedTuple):
    """One account: whose patients its roles let it reach (`all`, or how many are in its reach),
    and what it did in the time looked at."""

    account: int
    roles: frozenset[str]
    reaches: int | None
    """Patients in reach now, those of a broken glass too; None: everybody's."""
    entries: int
    refused: int
    patients: int
    """Patients whose records it did reach: what was refused or failed is not counted."""
    last: datetime | None
    held: str | None
    """The Organization (an id) the roles are held for; None: for the whole house."""
    used: Mapping[str, datetime]
    """Role → when it last let something be done."""

    @property
    def dormant(self) -> bool:
        """Whether none of its roles was used."""
        return not self.used

    @property
    def idle(self) -> frozenset[str]:
        """The roles that were not used."""
        return self.roles - self.used.keys()


async def rights(
    here: Interaction,
    actors: Sequence[Actor],
    *,
    days: int,
    relatives: Mapping[int, Sequence[str]],
) -> list[Right]:
    """What `actors` may reach and what they did in the last `days`, the dormant first.

    `relatives`: account → the RelatedPersons (ids) it stands for.
    """
    parts = here.parts
    since = parts.clock() - timedelta(days=days)
    here.note(count=len(actors), days=days)
    extents = [await _extent(parts, each, relatives.get(each.account, ())) for each in actors]
    async with parts.database.snapshot() as connection:
        did = await use(connection, since)
        reached = await _counts(connection, extents, parts.clock())
        found = []
        for actor, extent in zip(actors, extents, strict=True):
            own = did.get(actor.account, _NOTHING)
            found.append(
                Right(
                    actor.account,
                    actor.roles,
                    None if extent.everybody else reached.get(actor.account, 0),
                    own.entries,
                    own.refused,
                    own.patients,
                    own.last if own.entries else None,
                    actor.held,
                    await _used(parts, connection, actor, own, since),
                )
            )
    found.sort(key=lambda each: (not each.dormant, not each.idle, each.entries, each.account))
    return found


class _Extent(NamedTuple):
    """How an account reaches patients: by members (idents), as a practitioner (an ident) with the
    roles he works in, and by itself some (key numbers); by the first two only those of an
    establishment (by members), where roles are held for one."""

    account: int
    everybody: bool = False
    members: tuple[bytes, ...] = ()
    practitioner: bytes | None = None
    patients: tuple[int, ...] = ()
    establishment: tuple[bytes, ...] = ()


async def _extent(parts: Parts, actor: Actor, relatives: Sequence[str]) -> _Extent:
    spans = {grant.reach for grant in grants_of(actor.roles) if grant.interactions & READS}
    if "all" in spans and actor.held is None:
        return _Extent(actor.account, everybody=True)
    members: tuple[bytes, ...] = ()
    practitioner, patients = None, []
    asking = await who(parts, actor, "TREAT")
    if "set" in spans:
        members = (*asking.members, *(await who(parts, actor, "BTG")).members)
        practitioner = asking.practitioner
    if "self" in spans and asking.own is not None:
        patients.append(asking.own)
    if "behalf" in spans and relatives:
        ident = parts.blind.ident
        idents = {ident("Patient", each.patient) for each in await represented.by(parts, relatives)}
        patients += (await parts.keys.of_patients(parts.database, idents)).values()
    held = () if asking.held is None else asking.held.members
    if "all" in spans:
        members += held
    return _Extent(actor.account, False, members, practitioner, tuple(patients), held)


async def _counts(
    connection: Connection, extents: Sequence[_Extent], at: datetime
) -> dict[int, int]:
    """Account → how many patients it reaches, each once, whatever ties lead there."""

    def columns(pairs: Iterator[tuple[int, object]]) -> tuple[list[int], list[object]]:
        listed = list(pairs)
        return [account for account, _ in listed], [other for _, other in listed]

    records = await connection.fetch(
        _SQL["counts"],
        *columns((each.account, member) for each in extents for member in each.members),
        *columns((each.account, each.practitioner) for each in extents if each.practitioner),
        *columns((each.account, patient) for each in extents for patient in each.patients),
        at,
        *columns((each.account, member) for each in extents for member in each.establishment),
    )
    return {record["account"]: record["patients"] for record in records}


async def _used(
    parts: Parts, connection: Connection, actor: Actor, did: Use, since: datetime
) -> dict[str, datetime]:
    """Role → its last use. Entries are opened only where there is more than one role to tell."""
    if did.last_done is None:
        return {}
    if len(actor.roles) == 1:
        return dict.fromkeys(actor.roles, did.last_done)
    return await parts.reading.roles_used(connection, actor.account, since, actor.roles)
