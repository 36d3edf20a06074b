"""Batches: many interactions in one request, each by itself; a bad one has its own error.

https://hl7.org/fhir/R4/http.html#transaction
"""

from egide.errors import EgideError
from egide.record.bundle import Asked, Bundle, Result
from egide.record.session import Session


async def batch(session: Session, bundle: Bundle, *, lenient: bool = False) -> list[Result]:
    """Every entry's result, in the bundle's order; `lenient` as in a search.

    Raises Forbidden when no batch may be sent.
    """
    await session.admit("batch")
    return [await _alone(session, asked, lenient) for asked in bundle.entries]


async def _alone(session: Session, asked: Asked | EgideError, lenient: bool) -> Result:
    if isinstance(asked, EgideError):
        return Result("", error=asked)
    try:
        return await _do(session, asked, lenient)
    except EgideError as error:
        return Result(asked.method, error=error)


async def _do(session: Session, asked: Asked, lenient: bool) -> Result:
    type, id, resource = asked.type, asked.id, asked.resource
    if resource is not None and asked.method == "POST":
        made = await session.create(type, resource, unless=asked.criterion)
        return Result("POST", emitted=made)
    if resource is not None and asked.criterion is not None:
        written = await session.update_matching(
            type, asked.criterion, resource, expected=asked.expected
        )
        return Result("PUT", emitted=written)
    if resource is not None and id is not None:
        written = await session.update(
            type, id, resource, expected=asked.expected, absent=asked.absent
        )
        return Result("PUT", emitted=written)
    if asked.method == "GET":
        return await session.get(asked, lenient=lenient)
    if asked.criterion is not None:
        matched = await session.delete_matching(type, asked.criterion, expected=asked.expected)
        return Result("DELETE", emitted=matched)
    assert id is not None
    gone = await session.delete(type, id, expected=asked.expected)
    return Result("DELETE", emitted=gone)
