"""Compartments: what belongs to one patient, encounter, practitioner, related person or device.

https://hl7.org/fhir/R4/compartmentdefinition.html. A resource belongs to a compartment when one of
the parameters R4 names for its type refers to the compartment's own resource, which belongs to it
too. A search within one is the same search, held to what belongs there.

Invariant: what is found is what any of these parameters finds, and nothing else
(tests/integration/search/test_compartments.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from egide.errors import NotFound
from egide.fhir.definitions import compartment, definitions
from egide.fhir.search import Clause, Context, parse


class Compartment(NamedTuple):
    """The compartment `name` (a resource type) of the resource `id`."""

    name: str
    id: str

    def __str__(self) -> str:
        """The reference to its own resource."""
        return f"{self.name}/{self.id}"


@dataclass(frozen=True, slots=True)
class Membership:
    """What makes a resource of one type belong to a compartment: any of `clauses`."""

    compartment: Compartment
    clauses: tuple[Clause, ...]

    def holds(self, resource: Mapping[str, Any]) -> bool:
        """Whether an opened resource belongs."""
        return any(clause.test(resource, resource) for clause in self.clauses)


def compartments() -> tuple[str, ...]:
    """The names of R4's compartments."""
    return tuple(definitions().compartments)


def member_types(name: str) -> frozenset[str]:
    """The types of which resources can belong to a compartment. Raises NotFound for no such."""
    if name not in definitions().compartments:
        raise NotFound(f"{name} has no compartment to search in")
    return frozenset({name, *compartment(name)})


def membership(within: Compartment, type: str, context: Context) -> Membership:
    """What makes a resource of `type` belong there. Raises NotFound where none can."""
    if type not in member_types(within.name):
        raise NotFound(f"no {type} is ever in the compartment of a {within.name}")
    codes = [code for code in compartment(within.name).get(type, ()) if code != "{def}"]
    pairs = [(code, str(within)) for code in codes]
    if type == within.name:
        pairs.append(("_id", within.id))
    return Membership(within, parse(type, pairs, context).clauses)


def noted(query: Sequence[tuple[str, str]], within: Compartment | None) -> dict[str, Any]:
    """What the ledger says of a search that may be within one."""
    asked = {"query": list(query)}
    return asked if within is None else {**asked, "compartment": str(within)}
