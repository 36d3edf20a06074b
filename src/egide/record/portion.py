"""How much of a resource a read asks for: `_summary` and `_elements`.

https://hl7.org/fhir/R4/http.html#read and https://hl7.org/fhir/R4/search.html#summary
"""

from collections.abc import Sequence
from typing import NamedTuple

from egide.fhir.search.query import parse
from egide.fhir.search.refusal import unknown, wrong
from egide.record.emission import Emitted, part_of
from egide.record.interaction import Interaction
from egide.record.wanted import OF_HTTP

Pairs = Sequence[tuple[str, str]]

_TAKEN = frozenset({"_summary", "_elements"})


class Portion(NamedTuple):
    """What is kept of a resource; of `elements` none means all."""

    summary: str | None = None
    elements: tuple[str, ...] = ()

    def of(self, emitted: Emitted) -> Emitted:
        """What is kept of what already leaves, marked as a part."""
        return part_of(emitted, self.summary, self.elements)


WHOLE = Portion()


def portion(here: Interaction, type: str, asked: Pairs, *, lenient: bool = False) -> Portion:
    """What `asked`, the query of a read, wants of a `type`; `lenient` leaves out what it does not
    know. Raises Incorrect."""
    if not asked:
        return WHOLE
    wanted = []
    for name, value in asked:
        if name in _TAKEN:
            wanted.append((name, value))
        elif not lenient and name not in OF_HTTP:
            raise unknown(name, "a read takes _summary and _elements, nothing else")
    query = parse(type, wanted, here.context())
    if query.summary == "count":
        raise wrong("_summary", "a read has nothing to count")
    return Portion(query.summary, query.elements)
