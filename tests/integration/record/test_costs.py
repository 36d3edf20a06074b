"""What a search opens is counted and bounded, on data that is really there."""

import json
from collections.abc import Sequence
from typing import Any
from weakref import finalize

import pytest

from egide import fhir
from egide.actor import Actor
from egide.db import Connection, Database
from egide.errors import TooCostly, Unsupported
from egide.ledger import Outcome, Reading
from egide.record import Compartment, Item, Record, searches
from egide.record.budget import MOST, Budget
from egide.seal import KeyRing
from egide.store import Opened, Reader, Row

Json = dict[str, Any]
IMPORTER = Actor(1, "test-operator", frozenset({"administrator"}), 1000, assurance=2)
LINKS = 50


async def load(record: Record, name: str, resources: list[Json]) -> None:
    items = [Item(n, None, json.dumps(each).encode()) for n, each in enumerate(resources)]
    async with record.open(IMPORTER, "HSYSADMIN") as session:
        loaded = await session.load(name.ljust(16).encode(), items, whole=True)
    assert loaded.created == len(resources)


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[Budget]:
    """The budget of every search from here on, in order."""
    made: list[Budget] = []

    def make(type: str) -> Budget:
        made.append(Budget(type))
        return made[-1]

    monkeypatch.setattr(searches, "Budget", make)
    return made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were opened, each time that some were."""
    found: list[int] = []
    opens = Reader.open

    async def count(self: Reader, connection: Connection, rows: Sequence[Row]) -> list[Opened]:
        found.append(len(rows))
        return await opens(self, connection, rows)

    monkeypatch.setattr(Reader, "open", count)
    return found


class Held:
    """How many parsed resources there were at once, at most."""

    def __init__(self) -> None:
        self.most = self._now = 0

    def parsed(self, resource: Json) -> Json:
        """The same, noticed when it is let go."""
        self._now += 1
        self.most = max(self.most, self._now)
        noticed = _Noticed(resource)
        finalize(noticed, self._gone)
        return noticed

    def _gone(self) -> None:
        self._now -= 1


class _Noticed(dict[str, Any]):
    """A mapping one can refer to weakly."""


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    found, parse = Held(), fhir.parse
    monkeypatch.setattr(fhir, "parse", lambda body: found.parsed(parse(body)))
    return found


def link(name: str, code: str, *members: str) -> Json:
    """An Observation that has others as members."""
    found: Json = {"resourceType": "Observation", "id": name, "status": "final"}
    found["code"] = {"coding": [{"system": "urn:x", "code": code}]}
    if members:
        found["hasMember"] = [{"reference": f"Observation/{each}"} for each in members]
    return found


def ladder() -> list[Json]:
    """Two at each step, both of which have both of the next as members: 2⁵⁰ ways from end to end,
    and beside it two single ways, one of as many links that ends elsewhere, one a link short."""
    made = []
    for n in range(LINKS + 1):
        code = {0: "start", LINKS: "end"}.get(n, "between")
        below = [f"a{n + 1}", f"b{n + 1}"] if n < LINKS else []
        made += [link(f"a{n}", code, *below), link(f"b{n}", code, *below)]
        other = {0: "elsewhere", LINKS: "elsewhere"}.get(n, "between")
        made.append(link(f"c{n}", other, *([f"c{n + 1}"] if n < LINKS else [])))
        if n < LINKS:
            short = {0: "start", LINKS - 1: "end"}.get(n, "between")
            made.append(link(f"d{n}", short, *([f"d{n + 1}"] if n < LINKS - 1 else [])))
    return made


@pytest.mark.parametrize(
    ("asked", "answer", "times"),
    [
        (("has-member:Observation." * LINKS + "code", "urn:x|end"), {"a0", "b0"}, 2),
        (("_has:Observation:has-member:" * LINKS + "code", "urn:x|start"), {"a50", "b50"}, LINKS),
    ],
    ids=["chain", "_has"],
)
async def test_fifty_links_are_followed_to_their_end_and_each_opening_is_counted(
    record: Record,
    system: Actor,
    budgets: list[Budget],
    opened: list[int],
    asked: tuple[str, str],
    answer: set[str],
    times: int,
) -> None:
    resources = ladder()
    await load(record, "ladder", resources)
    async with record.open(system) as session:
        page = await session.search("Observation", [asked, ("_count", "500")])
    assert {each.id for each in page.entries} == answer
    spent = sum(each.spent for each in budgets)
    assert spent == sum(opened)
    assert len(resources) <= spent <= times * len(resources)


async def test_a_search_that_would_open_more_than_the_budget_is_refused_and_holds_little(
    record: Record,
    system: Actor,
    database: Database,
    ring: KeyRing,
    opened: list[int],
    held: Held,
) -> None:
    """Nothing tells which Locations have a word in their names but opening them all."""
    place = {"resourceType": "Location", "name": "somewhere"}
    for start in range(0, MOST, 5_000):
        some = [place | {"id": f"l{n}"} for n in range(start, start + 5_000)]
        await load(record, f"{start}", some)
    await load(record, "one more", [place | {"id": "last"}])
    connected = await backends(database)
    async with record.open(system) as session:
        with pytest.raises(TooCostly) as refused:
            await session.search("Location", [("name:contains", "absent")])
        assert (refused.value.category, refused.value.code) == ("too_costly", "too-costly")
        assert MOST - max(opened) <= sum(opened) <= MOST
        assert 0 < held.most <= 2 * max(opened)
        found = await session.search("Location", [("_id", "last")])
        assert [each.id for each in found.entries] == ["last"]
    assert connected <= await backends(database), "a connection was lost"
    async with database.connection() as connection:
        _, entry = await Reading(ring).of_actor(connection, system.account)
    assert (entry.outcome, entry.facts["error"]) == (Outcome.failed, "too_costly")


async def backends(database: Database) -> set[int]:
    """The engine's processes that serve this database's connections; all are idle but one."""
    async with database.connection() as connection:
        records = await connection.fetch(
            "select pid, state from pg_stat_activity where datname = current_database()"
            " and backend_type = 'client backend' and pid <> pg_backend_pid()"
            " union all select pg_backend_pid(), 'idle'"
        )
    assert {each["state"] for each in records} == {"idle"}
    return {each["pid"] for each in records}


async def test_the_budget_lasts_to_its_last_opening() -> None:
    budget = Budget("Location")
    budget.spend(MOST)
    with pytest.raises(TooCostly):
        budget.spend(1)


async def test_whatever_refers_here_is_asked_for_by_type_and_never_at_large(
    record: Record, system: Actor, opened: list[int]
) -> None:
    people = [{"resourceType": "Patient", "id": id} for id in "ab"]
    subject = {"subject": {"reference": "Patient/a"}}
    await load(record, "some", [*people, link("o", "x") | subject, link("p", "x", "o") | subject])
    for wanted in ("_revinclude", "_revinclude:iterate"):
        for type, within in (
            ("Patient", None),
            (None, None),
            ("Observation", Compartment("Patient", "a")),
        ):
            asked = [(wanted, "*"), *([("_type", "Patient")] if type is None else [])]
            async with record.open(system) as session:
                opened.clear()
                with pytest.raises(Unsupported) as refused:
                    await session.search(type, asked, within=within)
                assert "_revinclude" in refused.value.message
                assert opened == []
                page = await session.search(type, asked, within=within, lenient=True)
            assert page.included == ()
            assert page.notes == (refused.value.message,)
            assert (wanted, "*") not in page.used
    async with record.open(system) as session:
        page = await session.search("Patient", [("_revinclude", "Observation:*")])
    assert {each.id for each in page.included} == {"o", "p"}
