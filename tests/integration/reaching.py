"""Gives an account reach of patients, as a grant does."""

from egide.db import Connection
from egide.seal import KeyRing

_GIVE = """
insert into reach (member, patient_key, source, kind, since, until)
select $1, unnest($2::bigint[]), $1, 2, '-infinity', 'infinity'
"""


async def reaches(connection: Connection, ring: KeyRing, account: int, *patients: int) -> None:
    """From now on `account` reaches these patients (key numbers), and no others by a grant."""
    member = ring.blind.ident("account", str(account))
    await connection.execute("delete from reach where source = $1", member)
    await connection.execute(_GIVE, member, list(patients))
