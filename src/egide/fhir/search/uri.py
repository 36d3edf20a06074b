"""URI parameters, and canonical addresses with their `|version`.

https://hl7.org/fhir/R4/search.html#uri, https://hl7.org/fhir/R4/search.html#versions
"""

from collections.abc import Callable

from egide.fhir.search.escape import plain
from egide.fhir.search.expression import Json
from egide.fhir.search.parameter import Parameter, Test
from egide.fhir.search.refusal import wrong


def parse_uri(name: str, text: str) -> str:
    """The address to look for, its `|version` with it."""
    return plain(text, name)


def uri_test(parameter: Parameter, modifier: str | None, values: tuple[str, ...]) -> Test:
    """Is any address of the resource one of `values`, or (`:below`, `:above`) under or over one?"""
    judge = _JUDGES[modifier]

    def test(focus: Json, resource: Json) -> bool:
        for _, value in parameter.values(focus, resource):
            if any(judge(value, wanted) for wanted in values):
                return True
            # `url=http://…|1.0` on the resource that carries both.
            own = f"{value}|{resource.get('version')}" if parameter.code == "url" else None
            if modifier is None and own in values:
                return True
        return False

    return test


def same_canonical(value: str, wanted: str) -> bool:
    """Without a version, any version will do."""
    return value == wanted or ("|" not in wanted and value.partition("|")[0] == wanted)


def below_canonical(value: str, wanted: str) -> bool:
    """`wanted|1` takes in `wanted|1.0` and `wanted|1.1`; without a version, any."""
    url, _, version = wanted.partition("|")
    found, _, said = value.partition("|")
    return found == url and (not version or said == version or said.startswith(f"{version}."))


def _below(value: str, wanted: str) -> bool:
    return value.startswith(wanted)


def _above(value: str, wanted: str) -> bool:
    return wanted == value or wanted.startswith(value if value.endswith("/") else f"{value}/")


_JUDGES: dict[str | None, Callable[[str, str], bool]] = {
    None: same_canonical,
    "below": _below,
    "above": _above,
}


def check_uri(name: str, modifier: str | None, values: tuple[str, ...]) -> None:
    """Raises Incorrect for `:above` and `:below` on what has no hierarchy."""
    if modifier and any(value.startswith("urn:") for value in values):
        raise wrong(name, f"{modifier} is for addresses, not for urns")
