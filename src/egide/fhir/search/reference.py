"""Reference parameters. https://hl7.org/fhir/R4/search.html#reference"""

from collections.abc import Collection
from typing import NamedTuple

from egide.fhir.search.escape import plain
from egide.fhir.search.expression import Json
from egide.fhir.search.literal import local_target
from egide.fhir.search.parameter import Parameter, Test
from egide.fhir.search.refusal import wrong
from egide.fhir.search.token import TokenValue
from egide.fhir.search.uri import below_canonical, same_canonical
from egide.ids import RESOURCE_ID


class ReferenceValue(NamedTuple):
    """A reference searched for: one of a local resource (`id`, its `type` if it was given), of a
    version of it (`url` as written), or of an address elsewhere (`url`)."""

    type: str | None
    id: str | None
    url: str | None


def parse_reference(
    name: str, text: str, modifier: str | None, bases: Collection[str]
) -> ReferenceValue:
    """The reference in `text`; `modifier` may be a type. Raises Incorrect, naming `name`."""
    value = plain(text, name)
    local = local_target(value, bases)
    if local is None:
        if RESOURCE_ID.match(value):
            return ReferenceValue(modifier, value, None)
        if ":" not in value and not value.startswith("#"):
            raise wrong(name, "a reference is id, Type/id or an address")
        return ReferenceValue(None, None, value)
    type_, _, id_ = local.partition("/")
    if modifier and modifier != type_:
        raise wrong(name, f"{modifier} was asked for, and the value is of another type")
    version = value if "/_history/" in value else None
    return ReferenceValue(type_, id_, version)


def reference_test(
    parameter: Parameter, values: tuple[ReferenceValue, ...], bases: Collection[str]
) -> Test:
    """Does the resource refer to any of `values`?"""
    locals_ = frozenset(f"{v.type}/{v.id}" for v in values if v.type and v.id and not v.url)
    ids = frozenset(v.id for v in values if v.id and not v.type)
    urls = frozenset(v.url for v in values if v.url)
    allowed = frozenset(parameter.targets)

    def points(literal: str) -> bool:
        target = local_target(literal, bases)
        if target is None:
            return literal in urls
        type_, _, id_ = target.partition("/")
        if target in locals_ or (id_ in ids and (not allowed or type_ in allowed)):
            return True
        return literal in urls

    def test(focus: Json, resource: Json) -> bool:
        for source, value in parameter.values(focus, resource):
            if source.path.type == "Reference":
                literal = value.get("reference")
                if literal and points(literal):
                    return True
            elif source.path.type == "Resource":
                if points(f"{value.get('resourceType')}/{value.get('id')}"):
                    return True
            elif any(same_canonical(value, url) for url in urls):
                return True
        return False

    return test


def identifier_test(parameter: Parameter, values: tuple[TokenValue, ...]) -> Test:
    """`:identifier`: does a reference of the resource carry one of these identifiers?"""

    def test(focus: Json, resource: Json) -> bool:
        for source, value in parameter.values(focus, resource):
            said = value.get("identifier") if source.path.type == "Reference" else None
            if said and any(_carries(said, wanted) for wanted in values):
                return True
        return False

    return test


def canonical_below_test(parameter: Parameter, values: tuple[str, ...]) -> Test:
    """`:below` on canonical references: the address, in any version under the one given."""

    def test(focus: Json, resource: Json) -> bool:
        return any(
            below_canonical(value, wanted)
            for source, value in parameter.values(focus, resource)
            if source.path.type in ("canonical", "uri")
            for wanted in values
        )

    return test


def _carries(identifier: Json, wanted: TokenValue) -> bool:
    if wanted.code is not None and identifier.get("value") != wanted.code:
        return False
    return wanted.system is None or (identifier.get("system") or "") == wanted.system
