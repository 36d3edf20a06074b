"""Encounters of one patient to choose from: through the one door, for the person at the page."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from egide.actor import Actor
from egide.errors import EgideError
from egide.record import Emitted, Record
from egide.web.patients import purpose_of

_MOST = 20


@dataclass(frozen=True, slots=True)
class Stay:
    """An encounter as a list shows it: what it was and from when to when, as the record says it."""

    id: str
    what: str = field(repr=False)
    start: str = field(repr=False)
    end: str = field(repr=False)


async def stays(record: Record, actor: Actor, patient: str) -> tuple[Stay, ...]:
    """The encounters of a patient that the person may see, the latest 20, the last one first."""
    query = [("patient", f"Patient/{patient}"), ("_sort", "-date"), ("_count", str(_MOST))]
    try:
        async with record.open(actor, purpose_of(actor)) as session:
            page = await session.search("Encounter", query)
    except EgideError as error:
        if error.category == "forbidden":
            return ()
        raise
    bodies = [(each.id, _body(each)) for each in page.entries]
    return tuple(_stay(id, body) for id, body in bodies if _is_of(body, patient))


async def stay(record: Record, actor: Actor, patient: str, id: str) -> Stay | None:
    """One encounter of a patient; None when the person may not see it, or it is somebody else's."""
    async with record.open(actor, purpose_of(actor)) as session:
        try:
            body = _body(await session.read("Encounter", id))
        except EgideError as error:
            if error.category in ("forbidden", "not_found", "gone", "incorrect"):
                return None
            raise
    return _stay(id, body) if _is_of(body, patient) else None


def _is_of(body: dict[str, Any], patient: str) -> bool:
    return bool(body.get("subject", {}).get("reference") == f"Patient/{patient}")


def _body(emitted: Emitted) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(emitted.body)
    return body


def _stay(id: str, body: dict[str, Any]) -> Stay:
    period = body.get("period", {})
    return Stay(id, _what(body), period.get("start", ""), period.get("end", ""))


def _what(body: dict[str, Any]) -> str:
    """The first words there are: of its type, then of its class."""
    for concept in body.get("type", ()):
        codings = concept.get("coding", ())
        said = concept.get("text") or next((c["display"] for c in codings if "display" in c), "")
        if said:
            return str(said)
    kind = body.get("class", {})
    return str(kind.get("display") or kind.get("code", ""))
