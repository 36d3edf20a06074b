"""Parameters that are given once, of interactions that are no search."""

from collections.abc import Sequence

from egide.fhir.search.refusal import wrong


def once(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Name → value. Raises Incorrect for a name that is there twice."""
    given: dict[str, str] = {}
    for name, value in query:
        if name in given:
            raise wrong(name, "was given twice")
        given[name] = value
    return given
