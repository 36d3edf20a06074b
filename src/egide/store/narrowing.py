"""Narrowing: what the index can hold a search to, and the order its rows come in."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec

from egide.store.standing import Within


class Order(NamedTuple):
    """By which column, and which way; the place of insertion breaks ties."""

    column: Literal["day", "updated"] = "day"
    descending: bool = True


BY_DAY = Order()
"""Newest main day first: the order when none is asked for."""


class Place(NamedTuple):
    """Where a batch ended: the last row's value in the order, and its place of insertion."""

    value: date | datetime
    pk: int


class Refers(msgspec.Struct, frozen=True):
    """It refers to one of `targets` (idents) along the edge numbered `parameter`, or one of
    `beside`.

    `patients`: targets that are Patients; a row of one of their records refers there too. `ids`:
    or it is one of these.
    """

    parameter: int
    targets: tuple[bytes, ...]
    patients: tuple[bytes, ...] = ()
    beside: tuple[int, ...] = ()
    ids: tuple[bytes, ...] = ()


class Led(NamedTuple):
    """A clause on the leading code: the row's lead is one of `leads`, or one of `terms` is among
    its other terms."""

    leads: tuple[int, ...]
    terms: tuple[int, ...]


def leads_of(led: Iterable[Led]) -> list[int]:
    """The leads each of which fulfils all the clauses: a row has only one."""
    first, *others = (set(each.leads) for each in led)
    return sorted(first.intersection(*others))


class Narrowing(msgspec.Struct, frozen=True):
    """What the index can hold a search to. All that is given must hold.

    `ids`: idents, one of which it must be. `owners`: idents of patients, in the record of one of
    which it must be. `terms`: for each clause the blind terms of which it must have one. `led`:
    clauses on its leading code. `refers`: edges it must have. `first`, `last`: its main day,
    inclusive; `until`: its end is not before; `lasting`: it goes on after its main day.
    `reach`: whose reach it must be in; `unbound`: or it may concern no patient.
    `facing`: whose ties to the patient of each row come along with it.
    `after`: the place to go on from.
    """

    type: str
    ids: tuple[bytes, ...] | None = None
    owners: tuple[tuple[bytes, ...], ...] = ()
    terms: tuple[tuple[int, ...], ...] = ()
    led: tuple[Led, ...] = ()
    refers: tuple[Refers, ...] = ()
    first: date | None = None
    last: date | None = None
    until: date | None = None
    lasting: bool = False
    reach: Within | None = None
    unbound: bool = True
    facing: Within | None = None
    order: Order = BY_DAY
    after: Place | None = None

    @property
    def selective(self) -> bool:
        """Whether it is held to some ids, patients or edges: few rows, whatever the terms."""
        return self.confined or bool(self.refers)

    @property
    def confined(self) -> bool:
        """Whether it is held to some ids or to the records of some patients."""
        return self.ids is not None or bool(self.owners)
