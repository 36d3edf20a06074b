"""Verification: the ledger recomputed, and every stored row held against it."""

from egide.db import Database
from egide.ledger import Report, verify
from egide.seal import KeyRing
from egide.store import Keys, Reader


async def verify_all(database: Database, ring: KeyRing, *, rows: bool) -> Report:
    """The ledger's own report; with `rows`, every current row is compared with it too."""
    reader = Reader(ring, Keys(ring))
    return await verify(database, ring, rows=reader.marks if rows else None)
