"""Episodes: what a label at a stay or at an episode of care holds for besides itself.

A label on an Encounter or an EpisodeOfCare of a patient holds for every resource of that patient
that refers to it, and so on where a stay belongs to another or to an episode (`partOf`,
`episodeOfCare`). A resource with labels of its own keeps them besides.
https://hl7.org/fhir/R4/security-labels.html

Invariants (tests/unit/gate/test_episodes.py)
- what refers to something has every label that has, through however many;
- what is another patient's, or nobody's, gives nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from egide.fhir.search.literal import local_target
from egide.gate.labels import NORMAL

TYPES: Final = frozenset({"Encounter", "EpisodeOfCare"})

_PREFIXES = _STAY, _EPISODE = "Encounter/", "EpisodeOfCare/"
_SAY_NOTHING = frozenset({NORMAL})


class Episode(NamedTuple):
    """An Encounter or an EpisodeOfCare: its `Type/id`, its labels, those it refers to."""

    reference: str
    labels: frozenset[str]
    within: frozenset[str]


class Episodes(msgspec.Struct, frozen=True):
    """The labels of one patient's stays and episodes: `Type/id` → labels, of those that have any.

    `bases` are own addresses, under which references are local.
    """

    labels: Mapping[str, frozenset[str]] = {}
    bases: frozenset[str] = frozenset()

    def labels_of(self, references: Iterable[str]) -> frozenset[str]:
        """The labels of all that `references`, as a resource writes them, refer to."""
        found: frozenset[str] = frozenset()
        for each in targets(references, self.bases):
            found |= self.labels.get(each, found)
        return found


def episode(
    reference: str, labels: Collection[str], refers: Iterable[str], bases: Collection[str] = ()
) -> Episode:
    """An Encounter or an EpisodeOfCare whose `refers` are references as it writes them."""
    within = targets(refers, bases) - {reference}
    return Episode(reference, frozenset(labels) - _SAY_NOTHING, within)


def targets(references: Iterable[str], bases: Collection[str] = ()) -> frozenset[str]:
    """Those of `references` that are to a stay or an episode here, as `Type/id`."""
    found = set()
    for each in references:
        if _EPISODE in each or _STAY in each:
            local = local_target(each, bases)
            if local is not None and local.startswith(_PREFIXES):
                found.add(local)
    return frozenset(found)


def episodes(all: Iterable[Episode], bases: frozenset[str] = frozenset()) -> Episodes:
    """What the labels of `all` stays and episodes of one patient hold for."""
    holding: dict[str, list[str]] = {}
    found: dict[str, frozenset[str]] = {}
    waiting: list[tuple[str, frozenset[str]]] = []
    for each in all:
        for other in each.within:
            holding.setdefault(other, []).append(each.reference)
        if each.labels:
            waiting.append((each.reference, each.labels))
    while waiting:
        reference, labels = waiting.pop()
        before = found.get(reference, frozenset())
        if not labels <= before:
            found[reference] = before | labels
            waiting += [(other, found[reference]) for other in holding.get(reference, ())]
    return Episodes(found, bases)
