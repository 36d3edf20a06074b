"""Masking: a resource of which only chosen elements remain.

What stays whatever is chosen: id, version, confidentiality, status and intent, the reference to the
patient without a name, the main date (rows show it anyway: docs/concepts/sealing.md). What is
chosen to be shown is shown bare: codes without words, references without names, no extensions,
and of an element that could hold free text nothing. What the standard requires beside that says
`masked` (http://hl7.org/fhir/StructureDefinition/data-absent-reason); the rest is left out, and the
whole is marked SUBSETTED, so that nobody stores it.
https://hl7.org/fhir/R4/security-labels.html
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from egide.fhir.definitions import Element, type_definition
from egide.fhir.search.main_date import MAIN_DATES
from egide.fhir.security_labels import CONFIDENTIALITY, canonical
from egide.fhir.summary import marked

_ABSENT: Final = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "masked",
        }
    ]
}
_KEPT = ("resourceType", "id", "status", "intent")
_KEPT_OF_META = ("versionId", "lastUpdated")
_DATES = frozenset({"date", "dateTime", "instant", "Period"})
_WORDLESS = _DATES | {"code", "boolean", "positiveInt", "unsignedInt"}
SHOWABLE: Final = _WORDLESS | {"CodeableConcept", "Coding", "Reference"}
"""Data types of which something can be shown; backbone elements are shown by their parts."""

Body = Mapping[str, Any]
_Tree = dict[str, Any]
"""Element → what is shown of it: parts of a backbone element, `:Type` the targets of a reference,
nothing for all there is to show."""


def masked(type_: str, body: bytes, shown: Collection[str] = ()) -> bytes:
    """`body` (canonical JSON of a `type_`), masked but for `shown`; a deletion stays empty.

    `shown` are elements as `egide.gate.masks` names them: `period`, `participant.actor:Patient`.
    """
    if not body:
        return body
    whole = msgspec.json.decode(body)
    part: dict[str, Any] = {name: whole[name] for name in _KEPT if name in whole}
    part["meta"] = _meta(whole.get("meta", {}))
    return marked(msgspec.json.encode(part | _part(type_, whole, _tree(frozenset(shown)))))


def _part(type_: str, whole: Body, tree: _Tree) -> dict[str, Any]:
    """What is shown of a resource or a backbone element, and `masked` for what must be there."""
    part: dict[str, Any] = {}
    dates = _main_dates(type_)
    for name, of, element in _elements(type_):
        if name not in whole and f"_{name}" not in whole:
            continue
        held, found = whole.get(name), None
        if held is not None and element.name in tree:
            found = _shown(of, held, tree[element.name])
        elif held is not None and element.name in dates and of in _DATES:
            found = _shown(of, held, {})
        elif "." not in type_:
            found = _patient(held)
        if found is not None:
            part[name] = found
        elif element.min > 0:
            part |= _instead(name, of, element)
    return part


def _shown(of: str, held: Any, tree: _Tree) -> Any:
    if isinstance(held, list):
        return [one for each in held if (one := _bare(of, each, tree)) is not None] or None
    return _bare(of, held, tree)


def _bare(of: str, held: Any, tree: _Tree) -> Any:
    """A value without words, names and extensions; None when there is nothing to show of it."""
    if of == "Period":
        return {name: held[name] for name in ("start", "end") if name in held} or None
    if of == "Coding":
        return {name: held[name] for name in ("system", "version", "code") if name in held} or None
    if of == "CodeableConcept":
        codings = _shown("Coding", held.get("coding", []), {})
        return {"coding": codings} if codings else None
    if of == "Reference":
        return _reference(held, tree)
    if "." in of:
        return _part(of, held, tree) or None if tree else None
    return held if of in _WORDLESS else None


def _reference(held: Body, tree: _Tree) -> Body | None:
    text = held.get("reference")
    if not isinstance(text, str) or text.startswith("#"):
        return None
    if tree and f":{text.partition('/')[0]}" not in tree:
        return None
    return {"reference": text}


def _patient(held: Any) -> Body | None:
    """A reference to a Patient, without the name that may stand beside it."""
    if not isinstance(held, Mapping):
        return None
    reference = held.get("reference")
    if not isinstance(reference, str) or not reference.startswith("Patient/"):
        return None
    return {"reference": reference}


def _meta(whole: Body) -> Body:
    """Meta without tags and sensitivity labels: they would say what is masked."""
    part = {name: whole[name] for name in _KEPT_OF_META if name in whole}
    known = [
        canonical(each.get("system", ""), each.get("code", ""))
        for each in whole.get("security", ())
    ]
    labels = [
        {"system": system, "code": code} for system, code in known if system == CONFIDENTIALITY
    ]
    return part | ({"security": labels} if labels else {})


@cache
def _tree(shown: frozenset[str]) -> _Tree:
    tree: _Tree = {}
    for path in shown:
        path, _, target = path.partition(":")
        here = tree
        for name in path.split("."):
            here = here.setdefault(name, {})
        if target:
            here[f":{target}"] = {}
    return tree


@cache
def _elements(type_: str) -> tuple[tuple[str, str, Element], ...]:
    """JSON name, data type and element, of what a resource or a backbone element may hold."""
    return tuple(
        (name, of, element)
        for element in type_definition(type_).elements
        if "." in type_ or element.name not in (*_KEPT, "meta")
        for name, of in element.keys().items()
        if not of.startswith("System.")
    )


@cache
def _main_dates(type_: str) -> frozenset[str]:
    known = MAIN_DATES.get(type_)
    return frozenset(name for name in (known.elements if known else ()) if "." not in name)


def _instead(name: str, of: str, element: Element) -> Body:
    """What is written instead of an element that must be there."""
    if of[0].islower():
        return {f"_{name}": [_ABSENT] if element.many else _ABSENT}
    value: Body = _ABSENT
    if "." in of:
        inner: dict[str, Any] = {}
        for each, kind, required in _elements(of):
            if required.min > 0 and not required.choice:
                inner |= _instead(each, kind, required)
        value = inner or _ABSENT
    return {name: [value] if element.many else value}
