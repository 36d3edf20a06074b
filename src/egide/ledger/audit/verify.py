"""The verification of a ledger, in one snapshot, while others write.

Invariants (tests/integration/ledger/test_tampering.py): an altered column, body, MAC, patient,
session, leaf, tile or checkpoint and a removed entry are each found, at their place and nowhere
else.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import TypeAlias

from egide.db import Connection, Database
from egide.ledger.audit.entries import EntryAudit
from egide.ledger.audit.report import Report
from egide.ledger.audit.rows import RowAudit, RowFact
from egide.ledger.audit.tree import TreeAudit
from egide.ledger.checkpoint import signer
from egide.seal import KeyRing

Rows: TypeAlias = Callable[[Connection], AsyncIterator[RowFact]]
"""Gives the store's current rows, read on the snapshot it is given."""


async def verify(
    database: Database, ring: KeyRing, *, rows: Rows | None = None, origin: str | None = None
) -> Report:
    """Recomputes everything from the entries and reports what does not fit.

    With `rows`, also compares the store's current rows with what was last written. Memory stays
    small whatever the size; about 30 µs an entry. Raises Unavailable.
    """
    report = Report()
    with ExitStack() as stack:
        compared = stack.enter_context(RowAudit()) if rows else None
        async with database.snapshot() as connection:
            entries = EntryAudit(connection, ring, report)
            async for bodies in entries.bodies():
                if compared:
                    for body in bodies:
                        compared.logged(body.facts.get("rows", ()))
            key = signer(ring, origin).verifier
            await TreeAudit(connection, key, entries.authentic, report).run()
            if rows and compared:
                async for ident, version, digest in rows(connection):
                    compared.there(ident, version, digest)
        if compared:
            compared.compare(report)
    return report
