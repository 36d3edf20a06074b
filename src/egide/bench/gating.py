"""What the gate costs, and what the time of an answer tells of what is hidden.

A clinician who reaches half the patients reads and searches beside a trusted application; then
asks, over four connections, for resources that are hidden and for ids that do not exist, in pairs.
The area under the curve (AUC) is the share of pairs in which the hidden one took longer: 0.5 tells
nothing.
"""

import asyncio
import random
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from time import perf_counter

from egide.bench import targets
from egide.bench.asking import ask
from egide.bench.clinician import clinician
from egide.bench.figure import Figure, Section
from egide.bench.requests import Requests
from egide.bench.stand import Serving, Stand
from egide.errors import Fault
from egide.gate import Facts, ResourceFacts, decide, grants_of
from egide.ids import resource_id

_MANY = 2_000
_DECISIONS = 20_000
_SEARCHED = 300
_ROUNDS = 7
"""Turns of two loads that are compared."""
_ASKING = 4
"""Connections that ask for hidden and absent resources at once: they mostly wait."""


async def gating(serving: Serving) -> Section:
    """Decisions, reads and searches with reach beside those without, hidden beside absent."""
    stand = serving.stand
    asking, mine, hidden = await _clinician(stand, serving.server.port)
    patients = [each for each in mine if each.startswith("Patient/")][:_SEARCHED]
    queries = [{"patient": each.partition("/")[2], "_count": "20"} for each in patients]
    read = partial(_reads, names=mine)
    searched = partial(_searches, queries=queries)
    page = await serving.load([asking.get("Observation", {"_count": "20"})], connections=1)
    pairs = stand.plan.pairs
    told = await asyncio.to_thread(_told, asking, serving.server.port, hidden, pairs, stand.chance)
    figures = (
        Figure(
            name="decision, p99",
            value=_decision(),
            unit="ms",
            target=targets.DECISION,
            note="decide and permits, from facts",
        ),
        *await _beside(serving, "read by id", read(serving.requests), read(asking)),
        *await _beside(serving, "search by patient", searched(serving.requests), searched(asking)),
        Figure(name="first page of all in reach, p95", value=page.answered.percentile(0.95),
               unit="ms", target=targets.FIRST_PAGE,
               note="one connection; of 3,000 patients: docs/reference/long-runs.md"),
        Figure(name="hidden or absent, AUC", value=told, unit="", target=targets.TOLD,
               note=f"{pairs:,} pairs"),
    )  # fmt: skip
    how = (
        "A clinician who reaches half the patients, beside an application that reaches all; both"
        f" ask in {_ROUNDS} turns each, so that what else the machine does meets both alike."
    )
    return Section("Gate", how, figures)


def _reads(requests: Requests, *, names: Sequence[str]) -> list[bytes]:
    return [requests.get(each) for each in names]


def _searches(requests: Requests, *, queries: Sequence[dict[str, str]]) -> list[bytes]:
    return [requests.get("Observation", each) for each in queries]


async def _beside(
    serving: Serving, name: str, wide: list[bytes], narrow: list[bytes]
) -> tuple[Figure, ...]:
    """What is asked with no reach to look up, the same within one, and how much of the rate the
    latter keeps: the median of the turns. The first turn makes the plans and is not counted."""
    seconds = max(serving.stand.plan.seconds / 2, 1.0)
    turns = [
        (await serving.load(wide, seconds=seconds), await serving.load(narrow, seconds=seconds))
        for _ in range(_ROUNDS + 1)
    ][1:]
    kept = sorted(within.rate / without.rate for without, within in turns)[_ROUNDS // 2]
    asked = [
        Figure(
            name=f"{name}, {how}",
            value=(load := sorted(loads, key=lambda each: each.rate)[_ROUNDS // 2]).rate,
            unit="requests/s",
            cpu=load.cpu,
            had=load.had,
        )
        for how, loads in zip(
            ("no reach looked up", "within reach"), zip(*turns, strict=True), strict=True
        )
    ]
    share = Figure(
        name="  kept within reach", value=kept, unit="of the rate",
        target=targets.KEPT_WITHIN_REACH,
    )  # fmt: skip
    return (*asked, share)


async def _clinician(stand: Stand, port: int) -> tuple[Requests, list[str], list[str]]:
    """A clinician's requests, resources within the reach, and resources that are hidden."""
    async with stand.site.opened() as parts:
        issued = await clinician(parts)
        member = parts.ring.blind.ident("account", str(issued.account))
        async with parts.database.transaction() as connection:
            await connection.execute(
                "insert into reach (member, patient_key, source, kind, since, until)"
                " select $1, number, $1, 2, '-infinity', 'infinity' from data_key"
                " where kind = 1 and number % 2 = 0",
                member,
            )
            await connection.execute("analyze reach")
        actor = await parts.accounts.resolve(issued.access_token)
        mine, hidden = [], []
        async with parts.record.open(actor) as session:
            for type in ("Patient", "Observation", "Encounter", "Condition"):
                page = await session.search(type, [("_count", "1000")])
                mine += [f"{type}/{each.id}" for each in page.entries]
    known = set(mine)
    for type, id in stand.contents.identities:
        if type in ("Observation", "Condition", "Procedure") and f"{type}/{id}" not in known:
            hidden.append(f"{type}/{id}")
    stand.chance.shuffle(mine)
    return Requests(port, issued.access_token), mine[:_MANY], hidden


def _told(
    asking: Requests, port: int, hidden: Sequence[str], pairs: int, chance: random.Random
) -> float:
    """How well the time tells hidden from absent: the AUC, whichever way it leans."""
    with ThreadPoolExecutor(_ASKING) as threads:
        parts = threads.map(
            partial(_asked, asking, port, hidden),
            [random.Random(chance.random()) for _ in range(_ASKING)],  # noqa: S311  (of a bench)
            [range(nth, pairs, _ASKING) for nth in range(_ASKING)],
        )
        there, absent = zip(*parts, strict=True)
    return _auc([*chain(*there)], [*chain(*absent)])


def _asked(
    asking: Requests, port: int, hidden: Sequence[str], chance: random.Random, numbers: range
) -> tuple[list[float], list[float]]:
    """How long each answer took, of hidden and of absent resources, on one connection.

    Which of a pair comes first is drawn, so that what follows what tells nothing.
    """
    there: list[float] = []
    absent: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number in numbers:
            name = hidden[number % len(hidden)]
            type = name.partition("/")[0]
            pair = [(name, there), (f"{type}/{resource_id()}", absent)]
            chance.shuffle(pair)
            for path, times in pair:
                status, _, took = ask(connection, asking.get(path))
                if status == 404:
                    times.append(took)
                elif status != 200 or path != name:
                    raise Fault(f"a hidden or absent resource answered {status}")
    return there, absent


def _auc(there: Sequence[float], absent: Sequence[float]) -> float:
    """The share of pairs in which one took longer, by ranks; at least 0.5."""
    ranked = sorted([(took, 1) for took in there] + [(took, 0) for took in absent])
    ranks = sum(place for place, (_, is_there) in enumerate(ranked, 1) if is_there)
    many = len(there)
    share = (ranks - many * (many + 1) / 2) / max(many * len(absent), 1)
    return max(share, 1 - share)


def _decision() -> float:
    """Milliseconds of one decision and its question, the 99th of a hundred."""
    grants = grants_of(frozenset({"clinician"}))
    resource = ResourceFacts("Observation", (1,), frozenset({1}))
    times = []
    for number in range(_DECISIONS):
        began = perf_counter()
        facts = Facts("search", "Observation", "TREAT", grants, own=number, assurance=2)
        decide(facts).permits(resource)
        times.append(perf_counter() - began)
    times.sort()
    return times[int(_DECISIONS * 0.99)] * 1_000
