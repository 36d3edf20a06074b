"""Asking: pages followed to the end."""

from collections.abc import Sequence

from egide.actor import Actor
from egide.record import Page, Record


async def pages(
    record: Record, actor: Actor, type: str | None, pairs: Sequence[tuple[str, str]]
) -> list[Page]:
    """Every page of a search."""
    async with record.open(actor) as session:
        page = await session.search(type, pairs)
        found = [page]
        while page.next is not None:
            assert page.entries, "an empty page with a next one"
            page = await session.next_page(page.next)
            found.append(page)
    return found


def names(found: Sequence[Page]) -> list[str]:
    """`Type/id` of the matches of all pages, in order."""
    return [f"{each.type}/{each.id}" for page in found for each in page.entries]


def brought(found: Sequence[Page]) -> list[str]:
    return [f"{each.type}/{each.id}" for page in found for each in page.included]


async def ask(
    record: Record, actor: Actor, type: str | None, pairs: Sequence[tuple[str, str]]
) -> list[str]:
    """The matches of all pages, in order."""
    return names(await pages(record, actor, type, pairs))
