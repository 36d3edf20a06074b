"""Members: what the Lists a search names hold, as far as the actor may see those Lists.

https://hl7.org/fhir/R4/search.html#list. A List that is not there, or not there for him, has no
members; an entry marked as deleted is none.
"""

from collections.abc import Sequence

from egide.fhir.search.literal import local_target
from egide.record.opening import Opening


async def members(opening: Opening, lists: Sequence[str]) -> frozenset[str]:
    """`Type/id` of every member of any of `lists` (ids)."""
    if not opening.here.decide("search", "List").allowed:
        return frozenset()
    found = await opening.targets([f"List/{id}" for id in lists])
    references = [
        entry.get("item", {}).get("reference", "")
        for seen in found.values()
        for entry in seen.resource.get("entry", ())
        if not entry.get("deleted")
    ]
    bases = opening.here.parts.bases
    return frozenset(filter(None, (local_target(each, bases) for each in references)))
