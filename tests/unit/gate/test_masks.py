"""What masks show is data: it names elements that are there, and none that could hold words."""

import json
from typing import Any

import pytest

from egide.fhir.definitions import Element, type_definition
from egide.fhir.masking import SHOWABLE, masked
from egide.gate import ROLES, Facts, ResourceFacts, decide, grants_of
from egide.gate.labels import RESTRICTED
from egide.gate.masks import MASKS, shown
from egide.gate.types import ALL

NAMED = sorted(
    (mask, type, path) for mask in MASKS for type in ALL for path in MASKS[mask].shows(type)
)


def element_at(type: str, path: str) -> Element | None:
    """The element a path leads to; None when the type has none there."""
    found: Element | None = None
    for name in path.partition(":")[0].split("."):
        found = next((each for each in type_definition(type).elements if each.name == name), None)
        if found is None:
            return None
        type = found.types[0]
    return found


@pytest.mark.parametrize("mask", MASKS)
def test_no_mask_names_what_could_hold_free_text_or_another_s_content(mask: str) -> None:
    never = {"text", "contained", "extension", "note", "identifier", "code", "reasonCode", "value"}
    for type in ALL:
        names = {path.partition(".")[0] for path in MASKS[mask].shows(type)}
        assert names.isdisjoint(never)
        for path in MASKS[mask].shows(type):
            found = element_at(type, path)
            assert found is None or SHOWABLE.intersection(found.types), (type, path)


@pytest.mark.parametrize("mask", MASKS)
def test_what_a_mask_says_of_one_type_is_an_element_of_it(mask: str) -> None:
    for type, paths in MASKS[mask].of.items():
        assert [path for path in paths if element_at(type, path) is None] == []


def test_what_a_mask_shows_everywhere_is_somewhere() -> None:
    for mask in MASKS.values():
        for path in mask.everywhere:
            assert any(element_at(type, path) for type in ALL), path


def test_every_grant_names_a_mask_there_is_and_every_mask_is_named() -> None:
    grants = [grant for role in ROLES.values() for grant in role.grants]
    assert {grant.mask for grant in grants} == set(MASKS)
    assert all(grant.masked for grant in grants if grant.mask != "envelope")


@pytest.mark.parametrize(
    ("role", "purpose", "type", "expected"),
    [
        ("registrar", "HOPERAT", "Encounter", {"class", "period"}),
        ("registrar", "HOPERAT", "Patient", set()),
        ("clinician", "BTG", "Observation", {"category", "encounter", "effective", "issued"}),
    ],
)
def test_what_is_shown_follows_from_role_and_label(
    role: str, purpose: str, type: str, expected: set[str]
) -> None:
    grants = grants_of(frozenset({role}))
    decision = decide(Facts("read", type, purpose, grants, assurance=2, emergency=True))
    resource = ResourceFacts(type, (1,), frozenset({1}), frozenset({RESTRICTED}))
    assert decision.permits(resource) == "masked"
    names = {each.name for each in type_definition(type).elements}
    assert decision.shown(resource) & names == expected


def test_two_masks_show_what_either_does() -> None:
    for type in ALL:
        both = shown(frozenset(MASKS), type)
        assert both == frozenset().union(*(mask.shows(type) for mask in MASKS.values()))


def filled(type: str, word: str, depth: int = 0) -> dict[str, Any]:
    """A resource with `word` wherever a text could be, whatever the standard thinks of it."""
    reference = {"reference": "Practitioner/1", "display": word, "identifier": {"value": word}}
    coding = {"system": "urn:x", "code": "c", "display": word, "extension": [{"url": word}]}
    values = {
        "Reference": reference,
        "Coding": coding,
        "CodeableConcept": {"coding": [coding], "text": word},
        "Period": {"start": "2026-01-01", "extension": [{"url": word}], "_end": {"id": word}},
    }
    found: dict[str, Any] = {}
    for element in type_definition(type).elements:
        for name, of in element.keys().items():
            if name in ("id", "meta", "status", "intent") and "." not in type:
                continue
            if of.startswith("System."):
                continue
            if "." in of:
                value: Any = filled(of, word, depth + 1) if depth < 3 else {}
            elif of in ("date", "dateTime", "instant"):
                value = "2026-01-01T10:00:00Z"
            elif of in ("boolean", "positiveInt", "unsignedInt", "code"):
                value = True if of == "boolean" else 1 if of != "code" else "a-code"
            else:
                value = values.get(of, word)
            found[name] = [value] if element.many else value
            found[f"_{name}"] = {"extension": [{"url": "urn:x", "valueString": word}]}
    return found


@pytest.mark.parametrize("mask", MASKS)
def test_no_word_passes_any_mask_in_any_type(mask: str) -> None:
    for type in sorted(ALL):
        body = {"resourceType": type, "id": "i", "meta": {}} | filled(type, "secret")
        out = masked(type, json.dumps(body).encode(), MASKS[mask].shows(type))
        assert b"secret" not in out, type
        assert b"SUBSETTED" in out
