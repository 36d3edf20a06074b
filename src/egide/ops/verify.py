"""Verification: the ledger recomputed, and every stored row held against it."""

from egide.db import Database
from egide.ledger import Report, verify
from egide.seal import KeyRing
from egide.store import Keys, Reader


async def verify_all(database: Database, ring: KeyRing, *, rows: bool) -> Report:
    """The ledger's own report; with `rows`, every current row is compared and opened too."""
    if not rows:
        return await verify(database, ring)
    reader = Reader(ring, Keys(ring))
    async with database.snapshot() as connection:
        return await verify(database, ring, rows=reader.marks(connection))
