"""Patients to choose from: searched and named through the one door, for the person at the page."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from egide.actor import Actor
from egide.errors import EgideError
from egide.record import Emitted, Record

_MOST = 20
_PURPOSES = (
    ("system", "TREAT"),
    ("clinician", "TREAT"),
    ("patient", "PATRQT"),
    ("relative", "FAMRQT"),
    ("registrar", "HOPERAT"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A patient as a list shows him: enough to tell two apart, no more."""

    id: str
    name: str = field(repr=False)
    born: str = field(repr=False)
    sex: str = field(repr=False)


async def matching(record: Record, actor: Actor, name: str, born: str) -> tuple[Found, ...]:
    """Those of a name and a birth date that the person may see, at most 20."""
    query = [("name", _value(name)), ("birthdate", _value(born)), ("_count", str(_MOST))]
    async with record.open(actor, purpose_of(actor)) as session:
        page = await session.search("Patient", query)
    return tuple(_found(each) for each in page.entries)


async def named(record: Record, actor: Actor, id: str) -> Found | None:
    """One patient; None when the person may not see him: what is shown then names nobody."""
    async with record.open(actor, purpose_of(actor)) as session:
        try:
            return _found(await session.read("Patient", id))
        except EgideError as error:
            if error.category in ("forbidden", "not_found", "gone", "incorrect"):
                return None
            raise


def purpose_of(actor: Actor) -> str:
    """Why the person at the page looks at a record: the usual purpose of who he is there."""
    if actor.behalf is not None:
        return "FAMRQT"
    return next((purpose for role, purpose in _PURPOSES if role in actor.roles), "TREAT")


def _value(text: str) -> str:
    """A value in a search, as it stands: https://hl7.org/fhir/R4/search.html#escaping."""
    for special in "\\,$|":
        text = text.replace(special, "\\" + special)
    return text


def _found(emitted: Emitted) -> Found:
    body: dict[str, Any] = msgspec.json.decode(emitted.body)
    names = body.get("name") or [{}]
    name = next((each for each in names if each.get("use") == "official"), names[0])
    shown = name.get("text") or " ".join([name.get("family", ""), *name.get("given", ())]).strip()
    return Found(emitted.id, shown, body.get("birthDate", ""), body.get("gender", ""))
