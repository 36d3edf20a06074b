"""The one function through which a resource leaves asks the gate each time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from egide.fhir.definitions import number
from egide.gate import Facts, decide, grants_of
from egide.gate.choices import Choices, choice
from egide.gate.labels import HIDDEN_FROM_PROFESSIONALS, RESTRICTED
from egide.record.emission import emit
from egide.record.facts import Standing
from egide.store import Opened, Row

MINE, OTHER = 11, 12
PLAIN = b'{"resourceType":"Observation","id":"o"}'
HIDDEN = (
    b'{"resourceType":"Observation","id":"o","meta":{"security":[{"system":"%s","code":"%s"}]}}'
    % tuple(part.encode() for part in HIDDEN_FROM_PROFESSIONALS.split("|"))
)


def opened(body: bytes = PLAIN, *patients: int, type: str = "Observation") -> Opened:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    row = Row(b"i" * 16, number(type), 3, MINE, now, not body, b"c" * 16, b"s")
    return Opened(row, body, frozenset(patients))


def decision(role: str, interaction: str = "read", **more: object):  # type: ignore[no-untyped-def]
    grants = grants_of(frozenset({role}))
    return decide(Facts(interaction, "Observation", "TREAT", grants, assurance=2, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        (opened(PLAIN, OTHER), frozenset({MINE})),
        (opened(PLAIN, MINE, OTHER), frozenset({MINE})),
        (opened(HIDDEN, MINE), frozenset({MINE})),
        (opened(PLAIN, MINE, type="Subscription"), frozenset({MINE})),
    ],
    ids=["out of reach", "shared with somebody out of reach", "labelled", "a type not granted"],
)
def test_what_is_not_permitted_does_not_leave(given: Opened, reached: frozenset[int]) -> None:
    assert emit(decision("clinician"), given, "o", standing=Standing(reached)) is None


def test_a_patient_who_opposes_closes_what_the_role_would_open() -> None:
    opposed = choice({"status": "active", "provision": {"type": "deny"}}, ZoneInfo("UTC"))
    assert opposed is not None
    standing = Standing(frozenset({MINE, OTHER}), choices={MINE: Choices((opposed,))})
    assert emit(decision("clinician"), opened(PLAIN, MINE), "o", standing=standing) is None
    assert emit(decision("clinician"), opened(PLAIN, OTHER), "o", standing=standing) is not None


def test_what_is_masked_leaves_as_a_part_that_says_so() -> None:
    restricted = (
        b'{"resourceType":"Appointment","id":"o","meta":{"security":[{"system":"%s","code":"%s"}]},'
        b'"status":"booked","description":"secret"}'
        % tuple(part.encode() for part in RESTRICTED.split("|"))
    )
    grants = grants_of(frozenset({"registrar"}))
    registrar = decide(Facts("read", "Appointment", "HOPERAT", grants))
    emitted = emit(registrar, opened(restricted, MINE, type="Appointment"), "o")
    assert emitted is not None
    assert b"SUBSETTED" in emitted.body and b"booked" in emitted.body
    assert b"secret" not in emitted.body


def test_what_is_permitted_leaves_as_it_is() -> None:
    given = opened(PLAIN, MINE)
    emitted = emit(decision("clinician"), given, "o", standing=Standing(frozenset({MINE})))
    assert emitted is not None
    assert (emitted.type, emitted.id, emitted.version) == ("Observation", "o", 3)
    assert emitted.body == PLAIN
    assert emitted.patients == {MINE}
