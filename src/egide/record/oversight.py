"""Oversight: what a session tells who looks after rights, without opening a record to him.

Each method is one interaction, decided and logged as one.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from egide.actor import Actor
from egide.gate.explaining import Explanation
from egide.record import behind, explaining, glass, rights
from egide.record.behind import Behind
from egide.record.explaining import Asked
from egide.record.glass import Glass
from egide.record.interaction import interaction
from egide.record.parts import Parts
from egide.record.rights import Right

NOBODY: Final[Mapping[int, Sequence[str]]] = MappingProxyType({})


class Oversight:
    """The part of a session that explains and reviews."""

    def __init__(self, parts: Parts, actor: Actor, purpose: str) -> None:
        self._parts = parts
        self._actor = actor
        self._purpose = purpose

    async def explain(
        self, actor: Actor, purpose: str, asked: Asked, *, relatives: Sequence[str] = ()
    ) -> Explanation:
        """What the gate would say to `actor` about a request, rule by rule. Raises Incorrect,
        Forbidden.

        `relatives`: the RelatedPersons (ids) of his account, where he acts for somebody.
        """
        async with interaction(*self._who(), "$explain", None) as here:
            return await explaining.explained(here, actor, purpose, asked, relatives)

    async def rights(
        self,
        actors: Sequence[Actor],
        *,
        days: int,
        relatives: Mapping[int, Sequence[str]] = NOBODY,
    ) -> list[Right]:
        """What `actors` may reach and what they did in the last `days`, the dormant first.

        `relatives`: account → the RelatedPersons (ids) it stands for. Raises Forbidden.
        """
        async with interaction(*self._who(), "review", None) as here:
            return await rights.rights(here, actors, days=days, relatives=relatives)

    async def glasses(self, *, waiting: bool = True) -> list[Glass]:
        """Broken glasses; `waiting`: those nobody reviewed yet. Raises Forbidden."""
        async with interaction(*self._who(), "review", "Patient") as here:
            return await glass.glasses(here, waiting=waiting)

    async def behind_glass(self, number: int) -> Behind:
        """What was done behind a broken glass, entry by entry. Raises NotFound, Forbidden, also for
        one's own."""
        async with interaction(*self._who(), "review", "Patient") as here:
            return await behind.behind(here, number)

    async def review_glass(self, number: int, outcome: str) -> None:
        """Say what a review of a broken glass found: justified, unjustified or unclear.

        Raises Incorrect, NotFound, Conflict when it was reviewed, Forbidden.
        """
        async with interaction(*self._who(), "review", "Patient") as here:
            await glass.review(here, number, outcome)

    def _who(self) -> tuple[Parts, Actor, str]:
        return self._parts, self._actor, self._purpose
