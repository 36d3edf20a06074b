"""What a row carries besides the sealed body: references, patients, blind terms, day.

The hot path of every write. A resource's keys are looked up, one by one, in a trie of actions
compiled for its type, so that elements which are absent or not indexed cost nothing.

Invariants:
- whatever `match` finds, the terms, targets and days of `narrow` find too
  (`test_narrow.py::test_what_matches_has_what_its_clauses_need`);
- a reference left out of `references` because the row's patient key stands for it is in `about`
  (`test_index.py::test_references_to_the_only_patient_are_kept_apart`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import starmap
from typing import Any, NamedTuple

import msgspec

from egide.fhir.inline_labels import MARK, inline_labels
from egide.fhir.search.allowlist import (
    PREFIX_LENGTHS,
    SENSITIVE_LABELS,
    STANDARD,
    WITHHELD,
    AllowList,
    Rule,
    Term,
)
from egide.fhir.search.edge import KEYED_APART, edge_sources, patient_edges
from egide.fhir.search.expression import Exists, Extended, Is, Key, Path, Refers, Step
from egide.fhir.search.literal import RESOURCE_TYPES, local_target
from egide.fhir.search.main_date import DateReaders, date_readers, read_dates
from egide.fhir.search.parameter import parameter
from egide.fhir.search.string import texts
from egide.fhir.search.text import starts
from egide.fhir.search.token import pairs_of
from egide.fhir.security_labels import CONFIDENTIALITY, canonical


class Index(msgspec.Struct, frozen=True):
    """What is kept readable or hashed about one version of a resource.

    `references`: (edge parameter, `Type/id`), to resources of this server. `about`: those to the
    one Patient whose compartment the resource is in, which the row's patient key stands for.
    `patients`: ids of all Patients whose compartment it is in. `terms`: (parameter, value), to be
    keyed and hashed. `day` to `until`: its main date (see `main_date`).
    """

    references: list[tuple[str, str]]
    about: list[tuple[str, str]]
    patients: set[str]
    terms: list[Term]
    day: date | None
    until: date | None


Refs = list[tuple[str, str]]
Action = Callable[[Any, Refs, Refs, list[Term]], None]
"""(value, references found, those to Patients, terms found)."""

_Entry = tuple[tuple[Step, ...], Action]


class _Plan(NamedTuple):
    """What is done for one type: an action for each top-level key, the edges whose Patients have
    the resource in their compartment, and how the main date is found."""

    actions: Mapping[str, Action]
    edges: frozenset[str]
    dates: DateReaders


class Indexer:
    """Makes index values. `bases`: own base addresses, each ending with `/`; absolute references
    under them are local. `allowed`: the population allow-list in force."""

    def __init__(
        self, *, bases: frozenset[str] = frozenset(), allowed: AllowList = STANDARD
    ) -> None:
        self.bases = bases
        self.allowed = allowed
        self._plans: dict[str, _Plan] = {}

    def index(self, type_: str, resource: Mapping[str, Any]) -> Index:
        """The index values of a valid resource, its `id` included. Raises KeyError for a type that
        R4 does not have."""
        plan = self._plans.get(type_) or self._plan(type_)
        references: Refs = []
        people: Refs = []
        terms: list[Term] = []
        find = plan.actions.get
        for key, value in resource.items():
            action = find(key)
            if action is not None:
                action(value, references, people, terms)
        about: Refs = []
        patients: set[str] = set()
        if type_ == "Patient":
            patients.add(resource["id"])
            references += people
        elif people:
            edges = plan.edges
            patients = {target[8:] for code, target in people if code in edges}
            if len(patients) == 1 and type_ not in KEYED_APART:
                (own,) = patients
                for pair in people:
                    (about if pair[1][8:] == own else references).append(pair)
            else:
                references += people
        if type_ in _LABELLED or "security" in resource.get("meta", ()) or "contained" in resource:
            terms = self._without_withheld(type_, resource, terms)
        day, until = read_dates(plan.dates, resource)
        return Index(_once(references), _once(about), patients, _once(terms), day, until)

    def _plan(self, type_: str) -> _Plan:
        actions = _actions(type_, self.bases, self.allowed)
        return self._plans.setdefault(
            type_, _Plan(actions, patient_edges(type_), date_readers(type_))
        )

    def _without_withheld(
        self, type_: str, resource: Mapping[str, Any], terms: list[Term]
    ) -> list[Term]:
        """`terms` as they may be kept under the resource's labels."""
        if not any(code in SENSITIVE_LABELS.get(system, ()) for system, code in _labels(resource)):
            return terms
        rules = self.allowed.rules(type_)
        return [*(term for term in terms if not rules[term[0]].sensitive), WITHHELD]


_LABELLED = frozenset({"Bundle", "Composition", "DocumentReference", "Parameters"})
"""Types that carry confidentiality elsewhere than in `meta.security`: in an element of their own,
or in a resource they hold."""


def _labels(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(system, code) of each security label of a resource, and of those it holds."""
    codings = list(resource.get("meta", {}).get("security", ()))
    for concept in resource.get("securityLabel", ()):
        codings += concept.get("coding", ())
    for coding in codings:
        yield canonical(coding.get("system", ""), coding.get("code", ""))
        if coding.get("code") == MARK:
            yield from starmap(canonical, inline_labels(resource))
    if "confidentiality" in resource:
        yield canonical(CONFIDENTIALITY, resource["confidentiality"])
    for inner in _held(resource):
        yield from _labels(inner)


def _held(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources contained, and those in the entries of a Bundle or in Parameters."""
    yield from node.get("contained", ())
    for each in (*node.get("entry", ()), *node.get("parameter", ()), *node.get("part", ())):
        if "resource" in each:
            yield each["resource"]
        yield from _held(each)


index = Indexer().index
"""(type, resource) → Index, with the standard allow-list; only relative references are local."""


def _once(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(pairs)) if len(pairs) > 1 else pairs


def _actions(type_: str, bases: frozenset[str], allowed: AllowList) -> Mapping[str, Action]:
    """Top-level key → what to do with its value."""
    entries: list[_Entry] = []
    for kept, sources in edge_sources(type_):
        emit = _reference_action(kept.parameter, kept.target, bases)
        entries += [(source.path.steps, emit) for source in sources]
    for rule in allowed.rules(type_).values():
        known = parameter(type_, rule.parameter)
        for source in known.sources if known else ():
            entries.append((source.path.steps, _term_action(rule, source.path)))
    plain = [
        (tuple(step for step in steps if not isinstance(step, Refers)), action)
        for steps, action in entries
        if not any(isinstance(step, Exists) for step in steps)
    ]
    return {
        first.name: _through(first, _merged(rest))
        for first, rest in _grouped(plain).items()
        if isinstance(first, Key)
    }


def _grouped(entries: Iterable[_Entry]) -> dict[Step, list[_Entry]]:
    groups: dict[Step, list[_Entry]] = {}
    for steps, action in entries:
        groups.setdefault(steps[0], []).append((steps[1:], action))
    return groups


def _merged(entries: list[_Entry]) -> Action:
    """One action for all that begins at the same value."""
    actions = [action for steps, action in entries if not steps]
    for step, rest in _grouped(entry for entry in entries if entry[0]).items():
        actions.append(_step(step, _merged(rest)))
    if len(actions) == 1:
        return actions[0]

    def several(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
        for action in actions:
            action(value, references, people, terms)

    return several


def _step(step: Step, then: Action) -> Action:
    """An action on a value that goes on with what `step` finds in it."""
    match step:
        case Key(name):
            through = _through(step, then)

            def go(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
                held = value.get(name)
                if held is not None:
                    through(held, references, people, terms)

            return go
        case Is(name, wanted):

            def keep(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
                if value.get(name) == wanted:
                    then(value, references, people, terms)

            return keep
        case Extended(url):

            def keep_extended(
                value: Any, references: Refs, people: Refs, terms: list[Term]
            ) -> None:
                if any(extension.get("url") == url for extension in value.get("extension", ())):
                    then(value, references, people, terms)

            return keep_extended
    raise NotImplementedError(step)


def _through(step: Key, then: Action) -> Action:
    """`then` on each item when the property holds a list."""
    if not step.many:
        return then

    def each(items: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
        for item in items:
            if item is not None:
                then(item, references, people, terms)

    return each


def _reference_action(code: str, only: str | None, bases: frozenset[str]) -> Action:
    def refer(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
        target = value.get("reference")
        if target is None:
            return
        type_, _, id_ = target.partition("/")
        if type_ not in RESOURCE_TYPES or not id_ or "/" in id_:
            target = local_target(target, bases)
            if target is None:
                return
            type_ = target.partition("/")[0]
        if only is not None and type_ != only:
            return
        if type_ == "Patient":
            people.append((code, target))
        else:
            references.append((code, target))

    return refer


def _term_action(rule: Rule, path: Path) -> Action:
    code, type_ = rule.parameter, path.type
    if rule.kind == "name":
        return _name_action(code, path)
    if rule.kind == "birthdate":
        return lambda value, references, people, terms: terms.extend(
            (code, value[:length]) for length in (4, 7, 10) if len(value) >= length
        )
    if rule.kind == "uri":
        return lambda value, references, people, terms: terms.append(
            (code, value.partition("|")[0])
        )
    if type_ == "CodeableConcept":
        return _concept_action(code)
    if type_ == "Identifier":
        return _identifier_action(code)
    if type_ in ("code", "string"):
        return lambda value, references, people, terms: terms.append((code, value.casefold()))
    pairs = pairs_of(path)
    return lambda value, references, people, terms: terms.extend(
        (code, text) for _, text in pairs(value) if text
    )


def _concept_action(code: str) -> Action:
    def concept(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
        for coding in value.get("coding", ()):
            text = coding.get("code")
            if text is not None:
                terms.append((code, text.casefold()))

    return concept


def _identifier_action(code: str) -> Action:
    def identifier(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
        text = value.get("value")
        if text is not None:
            terms.append((code, text))

    return identifier


def _name_action(code: str, path: Path) -> Action:
    def name(value: Any, references: Refs, people: Refs, terms: list[Term]) -> None:
        for text in texts(path, value):
            for start in starts(text):
                size = len(start)
                terms.extend((code, start[:length]) for length in PREFIX_LENGTHS if length <= size)

    return name
