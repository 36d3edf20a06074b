"""An export: what a session gives, written to a destination, whole or not at all."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from egide.actor import Actor
from egide.app.installation import open_installation
from egide.exchange.bulk import Destination
from egide.settings import Settings


@dataclass(slots=True)
class Exported:
    """How far an export is: resources by type, key numbers of patients, the files at the end."""

    counts: Counter[str] = field(default_factory=Counter)
    patients: set[int] = field(default_factory=set)
    files: list[Path] = field(default_factory=list)


async def export_to(
    settings: Settings,
    actor: Actor,
    purpose: str,
    destination: Destination,
    *,
    types: Sequence[str],
    patient: str | None,
    to: str,
    progress: Callable[[Exported], None] = lambda exported: None,
) -> Exported:
    """Export `types` (none: all there are), or one patient's record. Raises what `export` raises,
    and what the destination does; then no file is left."""
    exported = Exported()
    try:
        async with (
            open_installation(settings) as parts,
            parts.record.open(actor, purpose) as session,
            aclosing(session.export(types, patient=patient, to=to)) as batches,
        ):
            async for batch in batches:
                await asyncio.to_thread(destination.put, batch.type, batch.lines)
                exported.counts[batch.type] += batch.resources
                exported.patients |= batch.patients
                progress(exported)
            exported.files = await asyncio.to_thread(destination.complete)
    finally:
        await asyncio.to_thread(destination.discard)
    return exported
