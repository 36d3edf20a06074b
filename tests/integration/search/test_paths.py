"""The access path changes what a search costs, never what it finds.

Costs are asserted on what the engine says it did: nodes and rows visited, not time.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from hashlib import md5
from typing import Any

import pytest
from msgspec.structs import replace
from tests.conftest import named
from tests.integration.search.asking import ask
from tests.integration.search.conftest import LIBRARY, administer
from tests.integration.search.library import CLINICIAN, SYSTEM, Library
from tests.integration.search.naive import Naive
from tests.integration.search.questions import Questions
from tests.integration.search.test_gate import numbers, permitted

from egide.db import Connection, Database
from egide.fhir.definitions import number
from egide.record import Record
from egide.seal import KeyRing
from egide.store import Candidate, Finder, Led, Narrowing, Order, Refers, Within, finding

Give = Callable[..., Awaitable[None]]

SETTINGS = {
    "always in order": {"_POSTING": 10**9, "_SHORTEST": 3, "_LONGEST": 10**6},
    "never in order": {"_POSTING": 0.0, "_SHORTEST": 0, "_LONGEST": 0},
    "switching at once": {"_POSTING": 10**9, "_SHORTEST": 1, "_LONGEST": 5},
    "all is many": {"_FEW_PATIENTS": 0, "_MANY_SOURCES": 0, "_LONGEST": 60, "_SHORTEST": 7},
    "nothing lasts for few": {"_FEW_LASTING": 0},
}


@pytest.mark.parametrize("how", SETTINGS)
async def test_every_path_finds_the_same(
    record: Record, library: Library, reach: Give, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    for name, value in SETTINGS[how].items():
        monkeypatch.setattr(finding, name, value)
    mine = frozenset(numbers(library)[::2])
    await reach(*mine)
    whole, part = Naive(library), Naive(library, permitted(library, CLINICIAN, mine).__contains__)
    questions, chance = Questions(library), random.Random(how)
    wrong = []
    for _ in range(60):
        actor, naive = chance.choice([(SYSTEM, whole), (CLINICIAN, part)])
        type = chance.choice(["Observation", "Encounter", "Condition", "Patient", "Claim"])
        pairs = questions.some(chance, type, chance.choice((0, 1, 2)))
        if chance.random() < 0.3 and (chain := questions.chain(chance, type, 1)):
            pairs = [chain]
        sort = chance.choice([[], [("_sort", "-_lastUpdated")], [("_sort", "_lastUpdated")]])
        expected = naive.answer(type, pairs)
        count = max(len(expected) // 6, 3)
        answered = await ask(record, actor, type, [*pairs, *sort, ("_count", str(count))])
        if sorted(answered) != sorted(expected):
            wrong.append((actor.client, type, pairs, sort, len(expected), len(answered)))
    assert wrong == []


LARGE = "egide_large"
PATIENTS = 1_500
ROWS = 120_000
OBSERVATION, ENCOUNTER, PATIENT = (number(t) for t in ("Observation", "Encounter", "Patient"))
COMMON, OTHER, SOME, RARE, WITHHELD = 11, 12, 13, 14, 15
LEAD, LED = 16, 17
"""Leads of a quarter of the observations, and of one in 400; a tenth of those have both codes."""

FILL = """
insert into data_key (number, epoch, kind, owner, wrapped)
select n, 1, 1, lpad(to_hex(n), 32, '0')::uuid, '' from generate_series(1, {patients}) n;
insert into resource (key, updated, version, day, until, id, type, deleted, lead, terms, sealed)
select 1 + (n * 7919) % {patients}, '2020-01-01'::timestamptz + n * interval '1 second', 1,
       '2010-01-01'::date + (n * 31) % 5000, '2010-01-01'::date + (n * 31) % 5000,
       md5('o' || n)::uuid, {observation}, false,
       case when n % 4 = 2 then {lead} when n % 400 = 1 then {led} end,
       array[1000 + (n % 37)::bigint, 20 + (n % 5000)]
       || case when n % 4 = 0 then {common}::bigint when n % 4 = 1 then {other}
               else 9 end
       || case when n % 200 = 3 then array[{some}::bigint] else '{{}}' end
       || case when n % 4000 = 1 then array[{lead}::bigint] else '{{}}' end
       || case when n = {rows} / 2 then array[{rare}::bigint] else '{{}}' end, '\\x00'
from generate_series(1, {rows}) n;
insert into resource (key, updated, version, day, until, id, type, deleted, terms, sealed)
select n, '2020-01-01', 1, '-infinity', 'infinity', md5('p' || n)::uuid, {patient}, false,
       array[30000 + n % 40, 40000 + n % 700]::bigint[], '\\x00'
from generate_series(1, {patients}) n;
insert into resource (key, updated, version, day, until, id, type, deleted, terms, sealed)
select 1 + n % {patients}, '2020-01-01', 1, '2010-01-01'::date + (n * 31) % 5000,
       case when n % 1000 = 0 then 'infinity'::date
            else '2010-01-01'::date + (n * 31) % 5000 + case when n % 50 = 0 then 30 else 0 end end,
       md5('v' || n)::uuid, {encounter}, false, '{{}}', '\\x00'
from generate_series(1, 30000) n;
insert into ref (source, target, parameter)
select md5('o' || n)::uuid, md5('e' || n / 6)::uuid, 7 from generate_series(1, {rows}) n;
analyze;
"""


class Watched:
    """A connection that also asks how each statement on `resource` was done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: list[dict[str, Any]] = []

    async def fetchval(self, text: str, *values: object) -> Any:
        await self._explain(text, *values)
        return await self._connection.fetchval(text, *values)

    async def execute(self, text: str) -> Any:
        return await self._connection.execute(text)

    async def fetchrow(self, text: str, *values: object) -> Any:
        return await self._connection.fetchrow(text, *values)

    async def fetch(self, text: str, *values: object) -> Any:
        await self._explain(text, *values)
        return await self._connection.fetch(text, *values)

    async def _explain(self, text: str, *values: object) -> None:
        explained = await self._connection.fetchval(
            f"explain (analyze, format json) {text}", *values
        )
        self.plans.append(json.loads(explained)[0]["Plan"])

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = list(self.plans)
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", ())

    @property
    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes() if "Index Name" in node}

    @property
    def scanned(self) -> set[str]:
        """Tables that were read from end to end."""
        return {n["Relation Name"] for n in self.nodes() if n["Node Type"] == "Seq Scan"}

    @property
    def visited(self) -> float:
        """Rows of `resource` that were looked at."""
        return self.rows_of("resource")

    def rows_of(self, table: str) -> float:
        """Rows of a table that were looked at."""
        return sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in self.nodes()
            if node.get("Relation Name") == table
        )


@pytest.fixture(scope="module")
def large(engine_dsn: str, library: Library) -> str:
    """The name of a database with a large table of made-up terms."""
    asyncio.run(fill(engine_dsn))
    return LARGE


async def fill(dsn: str) -> None:
    await administer(dsn, f"CREATE DATABASE {LARGE} TEMPLATE {LIBRARY} STRATEGY FILE_COPY")
    database = await Database.connect(named(dsn, LARGE), max_size=1)
    async with database.connection() as connection:
        await connection.execute("truncate resource, ref, shared_key, data_key cascade")
        await connection.execute(
            FILL.format(
                patients=PATIENTS,
                rows=ROWS,
                observation=OBSERVATION,
                encounter=ENCOUNTER,
                patient=PATIENT,
                common=COMMON,
                other=OTHER,
                some=SOME,
                rare=RARE,
                lead=LEAD,
                led=LED,
            )
        )
    await database.close()


@pytest.fixture
def origin(request: pytest.FixtureRequest) -> str:
    """The large table for a test that watches it, else the library."""
    if "watched" in request.fixturenames:
        return str(request.getfixturevalue("large"))
    request.getfixturevalue("library")
    return LIBRARY


@pytest.fixture
async def watched(database: Database) -> AsyncIterator[Watched]:
    """A large table of made-up terms."""
    async with database.connection() as connection:
        yield Watched(connection)


def owner(n: int) -> bytes:
    return n.to_bytes(16, "big")


ALL = Narrowing("Observation")
FEW = 500
NOBODY = Within((), datetime(2026, 1, 1, tzinfo=UTC))
BY_LEAD, BY_LED = Led((LEAD, WITHHELD), (LEAD,)), Led((LED, WITHHELD), (LED,))
DAY, ASCENDING = date(2020, 3, 3), Order("day", False)
SHAPES: dict[str, tuple[Narrowing, str, int]] = {
    "patient": (replace(ALL, owners=((owner(5),),)), "resource_key", 200),
    "patient and date": (
        replace(ALL, owners=((owner(5),),), first=date(2020, 1, 1)),
        "resource_key",
        200,
    ),
    "patient and code": (
        replace(ALL, owners=((owner(5),),), terms=((COMMON, WITHHELD),)),
        "resource_key",
        200,
    ),
    "common code": (replace(ALL, terms=((COMMON, WITHHELD),)), "resource_day", 600),
    "common code, oldest first": (
        replace(ALL, terms=((COMMON, WITHHELD),), order=ASCENDING),
        "resource_day",
        600,
    ),
    "common code, last written": (
        replace(ALL, terms=((COMMON, WITHHELD),), order=Order("updated", True)),
        "resource_updated",
        600,
    ),
    "code of one in 200": (replace(ALL, terms=((SOME, WITHHELD),)), "", 12_000),
    "code and a day": (
        replace(ALL, terms=((SOME, WITHHELD),), first=DAY, last=DAY),
        "resource_day",
        600,
    ),
    "rare identifier": (replace(ALL, terms=((RARE,),)), "resource_terms", 10),
    "name and birth date": (
        Narrowing("Patient", terms=((30_001,), (40_001,))),
        "resource_terms",
        150,
    ),
    "two that never meet": (
        replace(ALL, terms=((COMMON, WITHHELD), (OTHER, WITHHELD))),
        "resource_terms",
        31_000,
    ),
    "leading code": (replace(ALL, led=(BY_LEAD,)), "resource_lead", 150),
    "leading code, oldest first": (
        replace(ALL, led=(BY_LEAD,), order=ASCENDING),
        "resource_lead",
        150,
    ),
    "leading code, last written": (
        replace(ALL, led=(BY_LEAD,), order=Order("updated", True)),
        "resource_updated",
        600,
    ),
    "leading code and a day": (
        replace(ALL, led=(BY_LEAD,), first=DAY, last=DAY),
        "resource_lead",
        150,
    ),
    "leading codes that hardly meet": (
        replace(ALL, led=(BY_LEAD, BY_LED)),
        "resource_lead",
        300,
    ),
    "leading code and a rare term": (
        replace(ALL, led=(BY_LEAD,), terms=((RARE,),)),
        "resource_terms",
        10,
    ),
    "everything": (ALL, "resource_day", 100),
    "after the last day of all": (replace(ALL, until=date(2030, 1, 1)), "resource_lasting", 5),
    "what is open": (
        Narrowing("Encounter", until=date(2030, 1, 1)),
        "resource_lasting",
        100,
    ),
    "what is open, oldest first": (
        Narrowing("Encounter", until=date(2030, 1, 1), order=ASCENDING),
        "resource_lasting",
        100,
    ),
    "what is open, of those in reach": (
        Narrowing(
            "Encounter", until=date(2030, 1, 1), reach=Within((owner(1),), datetime.now(UTC))
        ),
        "resource_lasting",
        100,
    ),
    "after a day of many": (replace(ALL, until=date(2015, 1, 1)), "resource_day", 100),
    "one edge": (
        replace(ALL, refers=(Refers(7, (md5(b"e7").digest(),)),)),
        "ref_target",
        50,
    ),
}


def reached(ring: KeyRing) -> Within:
    return Within((ring.blind.ident("account", str(CLINICIAN.account)),), datetime.now(UTC))


async def first_page(watched: Watched, narrowing: Narrowing) -> int:
    """How many candidates the first page of 20 had."""
    found = 0
    candidates = Finder().candidates(watched, narrowing, 21)  # type: ignore[arg-type]
    async for batch in candidates:
        found += len(batch)
        if found > 20:
            break
    return found


async def test_each_shape_has_its_path(watched: Watched) -> None:
    wrong = []
    for name, (narrowing, index, most) in SHAPES.items():
        watched.plans = []
        found = await first_page(watched, narrowing)
        right = (not index or index in watched.indexes) and "resource" not in watched.scanned
        if not right or watched.visited > most:
            wrong.append((name, found, watched.indexes, watched.scanned, watched.visited))
    assert wrong == []


@pytest.mark.parametrize("order", [Order("day", True), ASCENDING, Order("updated", True)])
@pytest.mark.parametrize("until", [date(2022, 6, 1), date(2023, 9, 12), date(2030, 1, 1)])
async def test_what_ends_after_a_date_is_found_once_and_in_order(
    watched: Watched, database: Database, order: Order, until: date
) -> None:
    asked = Narrowing("Encounter", until=until, order=order)
    rows = await watched.fetch(
        "select pk, day from resource where type = $1 and until >= $2", ENCOUNTER, until
    )
    sign = -1 if order.descending else 1
    want = sorted((sign * row["day"].toordinal(), -sign * row["pk"]) for row in rows)
    for page in (7, 400):
        found: list[Candidate] = []
        for stop in (True, True, False):  # goes on after some batches, as the next page does
            after = found[-1].place if found else None
            here = replace(asked, after=after)
            async for batch in Finder().candidates(watched, here, page):  # type: ignore[arg-type]
                found += batch
                if stop:
                    break
        got = [(sign * each.day.toordinal(), -sign * each.place.pk) for each in found]
        assert len(got) == len(set(got))
        assert got == want if order.column == "day" else sorted(got) == want


LED_BY: dict[str, Narrowing] = {
    "one": replace(ALL, led=(BY_LEAD,)),
    "one of two": replace(ALL, led=(Led((LED, LEAD, WITHHELD), (LED, LEAD)),)),
    "both of two": replace(ALL, led=(BY_LEAD, BY_LED)),
    "one, some days": replace(ALL, led=(BY_LED,), first=date(2015, 1, 1), last=date(2019, 1, 1)),
    "one, till a day": replace(ALL, led=(BY_LED,), until=date(2019, 1, 1)),
    "one, with a term": replace(ALL, led=(BY_LEAD,), terms=((SOME, 20 + 102),)),
    "one, of some patients": replace(ALL, led=(BY_LEAD,), reach=NOBODY, unbound=False),
    "two, of some patients": replace(ALL, led=(BY_LEAD, BY_LED), reach=NOBODY, unbound=False),
}


async def test_a_leading_code_is_found_wherever_it_stands_once_and_in_order(
    watched: Watched, reach: Give, ring: KeyRing
) -> None:
    rows = await watched.fetch(
        "select pk, day, until, lead, terms, key from resource where type = $1 and"
        " (lead is not null or terms && array[$2::bigint, $3])",
        OBSERVATION,
        LEAD,
        LED,
    )
    await reach(*range(1, FEW + 1))
    for name, asked in LED_BY.items():
        theirs = [row for row in rows if asked.reach is None or row["key"] <= FEW]
        want = [(row["day"].toordinal(), -row["pk"]) for row in theirs if answers(asked, row)]
        assert want, name
        if asked.reach is not None:
            asked = replace(asked, reach=reached(ring))
        for order in (Order("day", True), ASCENDING, Order("updated", True)):
            here = replace(asked, order=order)
            found = [(each.day.toordinal(), -each.place.pk) for each in await some(watched, here)]
            assert len(found) == len(set(found)), (name, order)
            if order.column == "updated":
                assert set(found) <= set(want), (name, order)
            else:
                want.sort(reverse=order.descending)
                assert found == want[: len(found)], (name, order)
            assert len(found) >= min(len(want), 60), (name, order)


def answers(asked: Narrowing, row: Any) -> bool:
    terms = set(row["terms"])
    return (
        (asked.first or date.min) <= row["day"] <= (asked.last or date.max)
        and row["until"] >= (asked.until or date.min)
        and all(row["lead"] in led.leads or terms & set(led.terms) for led in asked.led)
        and all(terms & set(each) for each in asked.terms)
    )


async def some(watched: Watched, asked: Narrowing) -> list[Candidate]:
    """The first 60 or more, begun anew after each of the first batches, as the next page does."""
    found: list[Candidate] = []
    while len(found) < 60:
        here = replace(asked, after=found[-1].place if found else None)
        batches = Finder().candidates(watched, here, 7)  # type: ignore[arg-type]
        more = [each for number in range(2) for each in await anext(batches, [])]
        if not more:
            break
        found += more
    return found


async def test_the_types_there_are_are_told_without_reading_their_rows(watched: Watched) -> None:
    there = await Finder().present(watched)  # type: ignore[arg-type]
    assert there == {OBSERVATION, ENCOUNTER, PATIENT}
    assert "resource" not in watched.scanned
    assert watched.visited < 20


async def test_edges_and_records_of_patients_are_found_together(watched: Watched) -> None:
    """What `_has` and `_revinclude` ask of a page of patients."""
    people = tuple(owner(n) for n in range(1, 21))
    asked = replace(ALL, refers=(Refers(3, people, people),))
    async for _ in Finder().candidates(watched, asked, 200):  # type: ignore[arg-type]
        pass
    assert "resource" not in watched.scanned
    batches = 4  # of 200, 400, 800, …: each finds all anew and puts it in order
    assert watched.visited < batches * 20 * (ROWS / PATIENTS) * 1.1


@pytest.mark.parametrize("many", [30, 1_000])
@pytest.mark.parametrize("terms", [(), ((COMMON, WITHHELD),), ((RARE,),)])
async def test_a_care_team_reads_its_own(
    watched: Watched, reach: Give, ring: KeyRing, many: int, terms: tuple[tuple[int, ...], ...]
) -> None:
    await reach(*range(1, many + 1))
    asked = replace(ALL, reach=reached(ring), unbound=False, terms=terms)
    await first_page(watched, asked)
    assert "resource" not in watched.scanned
    assert watched.visited < 3_000
    if many == 30:
        assert "resource_terms" not in watched.indexes
    elif terms == ((RARE,),):
        assert watched.rows_of("reach") < many + 100, "counted once; each row is asked"


@pytest.mark.parametrize("many", [120, 400])
async def test_a_care_team_finds_a_code_among_its_own(
    watched: Watched, reach: Give, ring: KeyRing, many: int
) -> None:
    """Rows with the code are visited in order, and nothing else of the patients is read."""
    await reach(*range(1, many + 1))
    asked = replace(ALL, reach=reached(ring), unbound=False, led=(BY_LEAD,))
    await first_page(watched, asked)
    assert "resource_lead" in watched.indexes
    assert "resource_key" not in watched.indexes
    assert "resource" not in watched.scanned
    assert watched.visited < 600
