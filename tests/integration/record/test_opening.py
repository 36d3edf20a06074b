"""The admission desk opens records in opening hours, by the establishment's clock."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.integration.record.conftest import Put

from egide.actor import Actor
from egide.db import Database
from egide.errors import Forbidden
from egide.ledger import Ledger
from egide.opening import opening_hours
from egide.record import Asked, Record
from egide.seal import KeyRing

DESK = Actor(13, "desk", frozenset({"registrar"}), 14)
ADMINISTRATOR = Actor(17, "admin", frozenset({"administrator"}), 18, assurance=2)
NIGHT = [
    datetime(2026, 6, 1, 4, 59, tzinfo=UTC),  # Monday, 06:59 in Paris
    datetime(2026, 6, 1, 18, tzinfo=UTC),  # Monday, 20:00 in Paris
    datetime(2026, 6, 7, 10, tzinfo=UTC),  # Sunday
]
DAY = [
    datetime(2026, 6, 1, 5, tzinfo=UTC),
    datetime(2026, 6, 1, 17, 59, tzinfo=UTC),
    datetime(2026, 12, 1, 6, 30, tzinfo=UTC),
]


class Clock:
    """A clock that tests move."""

    now = DAY[0]

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def record(database: Database, ring: KeyRing, ledger: Ledger, clock: Clock) -> Record:
    door = Record(
        database,
        ring,
        ledger,
        clock=clock,
        zone=ZoneInfo("Europe/Paris"),
        opening=opening_hours("mon-sat 07:00-20:00", "EGIDE_OPENING"),
    )
    await door.start()
    return door


async def test_the_desk_opens_nothing_at_night_and_everybody_else_does(
    record: Record, clock: Clock, put: Put, system: Actor
) -> None:
    await put("Patient", "p")
    body = json.dumps({"resourceType": "Patient"}).encode()
    for clock.now in NIGHT:
        async with record.open(DESK, "HOPERAT") as session:
            for ask in (
                session.read("Patient", "p"),
                session.search("Patient", []),
                session.history("Patient", "p"),
                session.create("Patient", body),
            ):
                with pytest.raises(Forbidden, match="hours"):
                    await ask
            assert (await session.search("Practitioner", [])).entries == ()
        async with record.open(system) as session:
            assert (await session.read("Patient", "p")).id == "p"
    for clock.now in DAY:
        async with record.open(DESK, "HOPERAT") as session:
            assert (await session.read("Patient", "p")).id == "p"


async def test_the_refusal_is_explained(record: Record, clock: Clock, put: Put) -> None:
    await put("Patient", "p")
    clock.now = NIGHT[0]
    async with record.open(ADMINISTRATOR, "HSYSADMIN") as session:
        found = await session.explain(DESK, "HOPERAT", Asked(("read",), "Patient", "p"))
    assert (found.outcome, found.rule) == ("deny", "hours")
    (line,) = [each for each in found.lines if each.grant == "registrar/admission"]
    assert (line.answer, line.reason) == ("no", "hours")
    assert "opening hours" in line.change
