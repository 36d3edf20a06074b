"""Standing: how somebody stands to the patients whose keys seal some rows.

Found in the statement that finds the rows, so that both are of the same instant and one round trip
does; for patients alone where the rows are at hand already.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from egide.db import Connection, Fetched, queries

_SQL = queries("egide.store", "sql/read.sql")
_WITH_ROLES = (
    "({0} || array(select role from reach_role where practitioner = {1}"
    " and since <= {2} and until > {2}))"
)


class Within(msgspec.Struct, frozen=True):
    """In the reach, `at` an instant, of one of `members` (idents).

    `practitioner`, an ident, adds the roles that professional works in at that instant.
    `establishment` are the members whose patients are those of one establishment, and told apart;
    `wide`: they are all in the reach.
    """

    members: tuple[bytes, ...]
    at: datetime
    practitioner: bytes | None = None
    establishment: tuple[bytes, ...] = ()
    wide: bool = False

    @property
    def tying(self) -> list[bytes]:
        """Whom ties are looked for of."""
        return [*self.members, *self.establishment]

    def marks(self, value: Callable[[object], str]) -> tuple[str, str]:
        """The members and the instant in SQL; `value` gives the mark of a value."""
        within = self.tying if self.wide else list(self.members)
        members, at = f"{value(within)}::uuid[]", value(self.at)
        if self.practitioner is None:
            return members, at
        return _WITH_ROLES.format(members, value(self.practitioner), at), at


class Ties(NamedTuple):
    """What ties somebody to one patient: care (or a grant, or a broken glass), a consent, kinship.

    `epoch` is that of what the patient decided, None when that is nothing; `belongs`: the patient
    is one of the establishment asked about.
    """

    care: bool
    agreed: bool
    tied: bool
    epoch: int | None
    belongs: bool = False


COLUMNS = "a.care, a.agreed, a.tied, a.epoch, a.belongs"
"""What the engine's function `ties` finds, which `a` stands for."""


def ties_of(record: Fetched) -> Ties:
    """What `COLUMNS` of a record say."""
    return Ties(
        record["care"], record["agreed"], record["tied"], record["epoch"], record["belongs"]
    )


async def ties_to(
    connection: Connection, patients: Iterable[int], within: Within
) -> Mapping[int, Ties]:
    """Each of `patients` (key numbers) → how the members of `within` are tied to it."""
    records = await connection.fetch(
        _SQL["ties"], list(patients), within.tying, within.practitioner, within.at
    )
    return {record["key"]: ties_of(record) for record in records}
