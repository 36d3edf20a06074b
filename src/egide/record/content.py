"""What the gate is told of one opened resource: labels always, the rest when a decision asks."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC
from functools import partial
from typing import Any

from egide import fhir
from egide.fhir.search.main_date import main_date
from egide.fhir.search.span import EVER, Span, span
from egide.gate import Decision, ResourceFacts, custody
from egide.gate.choices import NOTHING, Content
from egide.gate.episodes import Episodes
from egide.record.facts import Standing
from egide.record.labels import labels_of
from egide.store import Opened

Meets = Callable[[str, Mapping[str, Any], tuple[tuple[str, str], ...]], bool]
"""(type, resource, criteria of a scope): whether it satisfies them."""

_CODED = ("code", "type", "category", "class", "vaccineCode", "medicationCodeableConcept")


def facts_of(
    decision: Decision,
    type: str,
    body: bytes,
    patients: Collection[int],
    standing: Standing,
    meets: Meets | None = None,
    now: Opened | None = None,
) -> ResourceFacts:
    """The facts of a resource of `type`, in canonical JSON, for one decision; what it is `now` has
    labels, and an establishment, that count too."""
    later = b"" if now is None else now.body
    labels = labels_of(body) | labels_of(later) if later else labels_of(body)
    if standing.episodes:
        labels |= _of_stays(type, body, patients, standing)
        if now is not None:
            labels |= _of_stays(type, later, now.patients, standing)
    if not (standing.choices or standing.agreed or decision.has_criteria):
        return ResourceFacts(
            type,
            tuple(patients),
            standing.reached,
            labels,
            belonging=standing.belonging,
            elsewhere=elsewhere(decision, type, body, later),
        )
    resource = fhir.parse(body) if body else {}
    more: dict[str, Any] = {}
    if decision.has_criteria and meets is not None and resource:
        more["meets"] = partial(meets, type, resource)
    return ResourceFacts(
        type,
        tuple(patients),
        standing.reached,
        labels,
        standing.agreed,
        standing.choices,
        content_of(type, resource, body) if standing.choices else NOTHING,
        belonging=standing.belonging,
        elsewhere=elsewhere(decision, type, body, later),
        **more,
    )


def inherited(
    references: Iterable[str], patients: Collection[int], episodes: Mapping[int, Episodes]
) -> frozenset[str]:
    """The labels that a resource of `patients` has from those of their stays it refers to."""
    held = [episodes[patient] for patient in patients if patient in episodes]
    return frozenset[str]().union(*(each.labels_of(references) for each in held))


def _of_stays(
    type: str, body: bytes, patients: Collection[int], standing: Standing
) -> frozenset[str]:
    """What a resource inherits; a stay that is there also what is known of itself, which is more
    than an older version says."""
    if not body:
        return frozenset()
    references = [f"{type}/{fhir.identity(body)}", *fhir.reference_strings(body)]
    return inherited(references, patients, standing.episodes)


def elsewhere(decision: Decision, type: str, *bodies: bytes) -> bool:
    """Whether a resource says, in any of its `bodies`, that it is of other establishments than the
    one the roles are held for."""
    held = decision.facts.held
    if held is None or not custody.may_name(type):
        return False
    return any(custody.elsewhere(type, fhir.parse(body), held) for body in bodies if body)


def content_of(type: str, resource: Mapping[str, Any], body: bytes) -> Content:
    """What a patient's decision may be about in a resource."""
    return Content(
        reference=f"{type}/{resource.get('id', '')}",
        refers=frozenset(map(_unversioned, fhir.reference_strings(body))),
        codes=frozenset(_codes(resource)),
        span=_dates(type, resource),
    )


def _unversioned(reference: str) -> str:
    return reference.partition("/_history/")[0]


def _codes(resource: Mapping[str, Any]) -> Iterator[str]:
    for name in _CODED:
        held = resource.get(name)
        for each in held if isinstance(held, list) else [held]:
            if not isinstance(each, Mapping):
                continue
            for coding in each.get("coding", [each]):
                yield f"{coding.get('system', '')}|{coding.get('code', '')}"


def _dates(type: str, resource: Mapping[str, Any]) -> Span | None:
    from_day, until_day = main_date(type, resource)
    if from_day is None:
        return None
    low = span(from_day.isoformat(), UTC).low
    return Span(low, EVER if until_day is None else span(until_day.isoformat(), UTC).high)
