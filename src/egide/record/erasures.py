"""Erasing a person's record: GDPR art. 17, where it applies, and after retention has ended."""

from egide.errors import Incorrect
from egide.record import reach
from egide.record.interaction import Interaction
from egide.store import Certificate

_OWNERS = ("Patient", "Practitioner", "Person")


async def erase(here: Interaction, type: str, id: str) -> Certificate:
    """Destroy the key of `type`/`id` and what it sealed; in backups with the next epoch."""
    if type not in _OWNERS:
        raise Incorrect(f"only {', '.join(_OWNERS)} have keys of their own to erase")
    parts = here.parts
    async with parts.database.transaction() as connection:
        certificate, gone = await parts.eraser.erase(connection, type, id, now=parts.clock())
        await reach.forget(connection, certificate.key, bytes.fromhex(certificate.owner))
        here.concern([certificate.key])
        here.note(erasure=certificate.number, owner=certificate.owner)
        await here.log_rows(connection, gone)
    here.committed()
    return certificate
