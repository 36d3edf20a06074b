"""Loading: one part of an import, stored whole, once, with the ids it came with.

The part's journal row is written in the same transaction as its resources, so that an import that
was stopped, however, goes on where it was.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from egide import fhir
from egide.db import queries
from egide.errors import EgideError, Issue, Unavailable
from egide.ids import resource_id
from egide.record import writes
from egide.record.interaction import Interaction, Mark
from egide.record.parts import Parts
from egide.store import Draft

_SQL = queries("egide.record", "sql/loading.sql")


IMPORT_ACCOUNT = 1
"""The account imports run under: the installation's own."""


class Item(NamedTuple):
    """One resource of a part: its place there, its fullUrl if it had one, its JSON."""

    place: int
    full_url: str | None
    raw: bytes


class Refusal(NamedTuple):
    """Why the item at a place was not stored."""

    place: int
    issues: tuple[Issue, ...]


class Loaded(NamedTuple):
    """What became of a part."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    skipped: bool = False


def part_digest(key: bytes, data: bytes) -> bytes:
    """The name the journal knows a part by: 16 bytes, keyed, over its bytes."""
    return blake2b(data, digest_size=16, key=key[:64]).digest()


async def load(
    here: Interaction, digest: bytes, items: Sequence[Item], *, whole: bool, again: bool
) -> Loaded:
    """Store `items` in one transaction, unless the journal has `digest` (and not `again`).

    `whole`: one bad item refuses all (a bundle); else the good ones are stored (NDJSON).
    """
    drafts, references, refused = _drafts(items)
    if refused and whole:
        return Loaded(refused=tuple(refused))
    parts = here.parts
    created = updated = unchanged = 0
    rows: list[Mark] = []
    async with parts.database.transaction() as connection:
        await connection.execute(_SQL["relax"])
        if await connection.fetchval(_SQL["mark"], digest) is None and not again:
            return Loaded(skipped=True)
        for group in _groups(drafts):
            for done in await writes.write_in(here, connection, group, references):
                if not done.unchanged:
                    rows.append(done.row.mark())
                if done.emitted.created:
                    created += 1
                elif done.unchanged:
                    unchanged += 1
                else:
                    updated += 1
        await here.log_rows(connection, rows)
    here.committed(durable=False)
    return Loaded(created, updated, unchanged, tuple(refused))


def _drafts(
    items: Sequence[Item],
) -> tuple[list[Draft], Mapping[str, str], list[Refusal]]:
    drafts: list[Draft] = []
    references: dict[str, str] = {}
    refused: list[Refusal] = []
    for item in items:
        try:
            resource = fhir.decode(item.raw, conditional=True)
        except EgideError as error:
            refused.append(Refusal(item.place, error.issues))
            continue
        type, given = resource.type, resource.id
        id = given or resource_id()
        drafts.append(Draft(type, id, resource, fresh=given is None))
        if item.full_url is not None and item.full_url.startswith("urn:"):
            references[item.full_url] = f"{type}/{id}"
    return drafts, references, refused


def _groups(drafts: Sequence[Draft]) -> list[list[Draft]]:
    """`drafts` in order, cut so that no identity is twice in a group."""
    groups: list[list[Draft]] = [[]]
    seen: set[tuple[str, str]] = set()
    for draft in drafts:
        identity = (draft.type, draft.id)
        if identity in seen:
            groups.append([])
            seen = set()
        seen.add(identity)
        groups[-1].append(draft)
    return groups


async def finish(parts: Parts, digests: Collection[bytes]) -> None:
    """Make all that was loaded durable, the parts with these digests among it.

    Raises Unavailable when the journal lacks one: what did not wait for disk is lost in a crash of
    the engine, and whoever loads may have noticed nothing.
    """
    async with parts.database.transaction() as connection:
        await connection.execute(_SQL["settle"])
        kept = await connection.fetchval(_SQL["kept"], list(set(digests)))
    if kept < len(set(digests)):
        raise Unavailable("the database lost parts that had been loaded")
    parts.ledger.settle_deferred()
