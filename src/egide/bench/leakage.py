"""How much a thief without keys decodes: measured, so that no change worsens it unseen.

Half of the patients are stored; the other half is what the thief knows of the world. The judge has
the keys and only counts: of all terms in the stored rows, how many did the thief take for what they
are. A known record is everything one patient has; an injected one is a resource of the other half,
stored through the one door while the thief watches the rows come.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import msgspec

from egide.actor import Actor
from egide.app.installation import Installation
from egide.bench.corpus import SEED, corpus, synthea
from egide.bench.site import Site, site
from egide.bench.thief import Guess, Known, Row, Thief, Value
from egide.db import Database
from egide.errors import Fault
from egide.fhir import Invalid
from egide.fhir.definitions import type_name
from egide.fhir.search.allowlist import STANDARD, leading
from egide.fhir.search.index import index
from egide.ids import internal_number
from egide.seal import KeyRing

CLASSES = {
    "code": "codes",
    "status": "statuses",
    "name": "name prefixes",
    "birthdate": "birth dates",
    "identifier": "identifiers",
    "label": "labels",
    "url": "addresses",
}
"""Classes of terms, as `egide.fhir.search.allowlist` says what each reveals, in the plural."""

_START, _END = "<!-- egide bench leakage: begin -->", "<!-- egide bench leakage: end -->"


class Plan(NamedTuple):
    """How much: patients when there are no samples, draws of known records, injected records."""

    synthetic: int = 200
    draws: int = 20
    known: tuple[int, ...] = (1, 3)
    injected: tuple[int, ...] = (100, 500)


class Attack(NamedTuple):
    """One attack: the share of terms decoded, by class, and a remark."""

    name: str
    shares: Mapping[str, float]
    note: str = ""


class Leakage(NamedTuple):
    """What a run came to: where the data came from, rows and terms by class, the attacks."""

    data: str
    rows: int
    terms: Mapping[str, int]
    attacks: tuple[Attack, ...]
    seconds: float


class _Judge:
    """Knows the keys, and tells nothing but shares."""

    def __init__(self, ring: KeyRing, rows: Sequence[Row], stored: Sequence[Known]) -> None:
        self._occurs: Counter[tuple[str, int]] = Counter()
        for row in rows:
            self._occurs.update((row.type, term) for term in row.terms)
        self._truth = {
            (known.type, ring.blind.term(known.type, *value)): value
            for known in stored
            for value in known.values
        }
        unknown = self._occurs.keys() - self._truth.keys()
        if unknown:
            raise Fault(f"{len(unknown)} terms of the rows are none of the stored records'")
        self.terms: Counter[str] = Counter()
        for at, times in self._occurs.items():
            self.terms[_class(at[0], self._truth[at])] += times

    def shares(self, guess: Guess) -> dict[str, float]:
        """By class, the share of all terms in rows that were taken for what they are."""
        right: Counter[str] = Counter()
        for at, times in self._occurs.items():
            if guess.get(at) == self._truth[at]:
                right[_class(at[0], self._truth[at])] += times
        return {name: right[name] / self.terms[name] for name in CLASSES if self.terms[name]}


async def leakage(plan: Plan, say: Callable[[str], None] = lambda words: None) -> Leakage:
    """Load, steal, guess, judge. Raises Fault when the bench itself went wrong."""
    started = time.perf_counter()
    chance = random.Random(SEED)  # noqa: S311  (the same draws every time)
    everything = corpus(synthea(), patients=plan.synthetic)
    stored, elsewhere = everything.bundles[::2], everything.bundles[1::2]
    victims = [list(_known(raw)) for raw in stored]
    others = [each for raw in elsewhere for each in _known(raw)]
    with site() as here:
        say("storing")
        await _store(here, stored)
        async with here.opened() as parts:
            rows = await _rows(parts.database)
            thief = Thief(rows, others, chance)
            judge = _Judge(parts.ring, rows, [each for record in victims for each in record])
            guesses = [judge.shares(thief.by_frequency()) for _ in range(plan.draws)]
            attacks = [Attack("frequencies", _mean(guesses))]
            for known in plan.known:
                say(f"{known} known")
                attacks.append(_known_attack(plan, thief, judge, victims, known, chance))
            say("injecting")
            watched: list[tuple[Sequence[Row], Sequence[Known]]] = []
            chosen = _chosen(elsewhere)
            for number in plan.injected:
                await _inject(parts, chosen, number, watched)
                guess = thief.by_frequency(thief.by_records(watched))
                attacks.append(Attack(f"{len(watched)} injected records", judge.shares(guess)))
    data = f"{everything.name}, half of them stored"
    return Leakage(data, len(rows), judge.terms, tuple(attacks), time.perf_counter() - started)


def _known_attack(
    plan: Plan,
    thief: Thief,
    judge: _Judge,
    victims: Sequence[Sequence[Known]],
    known: int,
    chance: random.Random,
) -> Attack:
    """The mean over several draws of known patients."""
    found: list[Mapping[str, float]] = []
    recognised = 0
    for _ in range(plan.draws):
        pairs = []
        for record in chance.sample(victims, known):
            key = thief.recognise(record)
            if key is not None:
                rows = thief.of(key)
                recognised += Counter((r.type, r.day) for r in rows) <= Counter(
                    (each.type, each.day) for each in record
                )
                pairs.append((rows, record))
        found.append(judge.shares(thief.by_frequency(thief.by_records(pairs))))
    share = recognised / (plan.draws * known)
    name = f"{known} known record{'s' if known > 1 else ''}"
    return Attack(name, _mean(found), f"{share:.0%} of known patients recognised")


def _mean(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: mean(each[name] for each in found) for name in found[0]}


async def _store(here: Site, bundles: Sequence[bytes]) -> None:
    folder = here.folder / "stored"
    folder.mkdir()
    for place, raw in enumerate(bundles):
        (folder / f"{place:05}.json").write_bytes(raw)
    await here.load(folder)


async def _rows(database: Database, beyond: int = 0) -> list[Row]:
    """What the thief sees: no body, no key, the columns as they lie."""
    async with database.connection() as connection:
        records = await connection.fetch(
            "select pk, key, type, day, lead, terms from resource where pk > $1 order by pk", beyond
        )
    return [
        Row(pk, key, type_name(type), day, frozenset(terms) | ({lead} - {None}), lead)
        for pk, key, type, day, lead, terms in records
    ]


async def _inject(
    parts: Installation,
    chosen: Iterator[dict[str, Any]],
    number: int,
    watched: list[tuple[Sequence[Row], Sequence[Known]]],
) -> None:
    """Store resources one by one until `number` were taken, and watch the rows come."""
    actor = Actor(internal_number(), "egide-bench", frozenset({"system"}), internal_number())
    last = (await _rows(parts.database))[-1].pk
    async with parts.record.open(actor) as session:
        while len(watched) < number and (resource := next(chosen, None)) is not None:
            body = msgspec.json.encode({k: v for k, v in resource.items() if k != "id"})
            with suppress(Invalid):
                await session.create(resource["resourceType"], body)
                new = await _rows(parts.database, last)
                last = new[-1].pk
                watched.append((new, [_as_known(resource)]))


def _chosen(bundles: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """A resource for each value, the most frequent first, then the same less one element.

    What an element's terms are shows by leaving it out; some variants are not valid FHIR.
    """
    times: Counter[tuple[str, Value]] = Counter()
    holders: dict[tuple[str, Value], dict[str, Any]] = {}
    for raw in bundles:
        for resource in _resources(raw):
            type = resource["resourceType"]
            for value in _as_known(resource).values:
                times[type, value] += 1
                holders.setdefault((type, value), resource)
    given: set[int] = set()
    for at, _ in times.most_common():
        resource = holders[at]
        if id(resource) in given:
            continue
        given.add(id(resource))
        yield resource
        values = _as_known(resource).values
        for name in sorted(resource.keys() - {"resourceType", "id"}):
            less = {key: value for key, value in resource.items() if key != name}
            if _as_known(less).values != values:
                yield less


def _known(raw: bytes) -> Iterator[Known]:
    return map(_as_known, _resources(raw))


def _as_known(resource: Mapping[str, Any]) -> Known:
    found = index(resource["resourceType"], resource)
    type = resource["resourceType"]
    return Known(type, found.day or date.min, frozenset(found.terms), leading(type, found.terms))


def _resources(raw: bytes) -> Iterator[dict[str, Any]]:
    """The resources of a bundle; their references lead to somebody there is not."""
    entries = msgspec.json.decode(raw)["entry"]
    types = {each.get("fullUrl"): each["resource"]["resourceType"] for each in entries}
    for each in entries:
        yield _astray(each["resource"], types)


def _astray(node: Any, types: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_astray(each, types) for each in node]
    if not isinstance(node, dict):
        return node
    led = {name: _astray(value, types) for name, value in node.items()}
    reference = node.get("reference")
    if isinstance(reference, str) and not reference.startswith("#"):
        type = types.get(reference) or reference.partition("?")[0].partition("/")[0]
        led["reference"] = f"{type}/astray"
    return led


def _class(type: str, value: Value) -> str:
    rule = STANDARD.rules(type).get(value[0])
    return rule.of if rule else "label"


def block(found: Leakage) -> str:
    """The figures as the documentation holds them."""
    shown = [name for name in CLASSES if found.terms.get(name)]
    lines = [
        _START,
        "",
        f"`egide bench leakage`: {found.data}; {found.rows:,} rows. Of all terms in the rows, how "
        "many the thief took for what they are:",
        "",
        "| The thief has | " + " | ".join(CLASSES[name] for name in shown) + " | |",
        "|---|" + "---:|" * len(shown) + "---|",
    ]
    for attack in found.attacks:
        cells = " | ".join(f"{attack.shares[name]:.1%}" for name in shown)
        lines.append(f"| {attack.name} | {cells} | {attack.note} |")
    cells = " | ".join(f"{found.terms[name]:,}" for name in shown)
    lines += [f"| *terms in rows* | {cells} | |", "", _END]
    return "\n".join(lines)


def write_block(page: Path, found: Leakage) -> None:
    """Put the figures where the page has room for them. Raises Fault when it has none."""
    text = page.read_text("utf-8")
    before, start, rest = text.partition(_START)
    _, end, after = rest.partition(_END)
    if not start or not end:
        raise Fault(f"{page} has no place for these figures")
    page.write_text(before + block(found) + after, "utf-8")
