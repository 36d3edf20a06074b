"""Extent: how far a patient's choices let a relative in, type by type, for who has to be told.

It promises nothing: `decide` is asked again for each resource, and what labels close stays closed.
"""

from datetime import datetime
from typing import Final

import msgspec

from egide.gate.choices import NOTHING, Access, Choices
from egide.gate.types import RECORD

PURPOSE: Final = "FAMRQT"
"""For what a relative asks."""

_TYPES = sorted(RECORD)


class Extent(msgspec.Struct, frozen=True):
    """`types`: those of which each resource is open, by name; `whole`: they are all there are.

    Neither `whole` nor any `types`: single resources at most.
    """

    whole: bool
    types: tuple[str, ...]


def extent(choices: Choices, member: str, at: datetime) -> Extent | None:
    """How far `choices` let `member` (`RelatedPerson/id`) read; None: everything is denied."""
    if closed(choices, member, at):
        return None
    types = tuple(each for each in _TYPES if _verdict(choices, member, each, at) == "permit")
    return Extent(len(types) == len(_TYPES), types)


def closed(choices: Choices, member: str, at: datetime) -> bool:
    """Whether everything is denied to `member`."""
    return all(_verdict(choices, member, type, at) == "deny" for type in _TYPES)


def _verdict(choices: Choices, member: str, type: str, at: datetime) -> str | None:
    names, none = frozenset({member}), frozenset[str]()
    return choices.verdict(Access(names, PURPOSE, "read", type, none, NOTHING, at))[0]
