"""The one function through which a resource leaves asks the gate each time."""

from datetime import UTC, datetime

import pytest

from egide.fhir.definitions import number
from egide.gate import Exceptions, Facts, decide, grants_of
from egide.gate.labels import HIDDEN_FROM_PROFESSIONALS
from egide.record.emission import emit
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
    return decide(Facts(interaction, "Observation", "TREAT", grants, **more))  # type: ignore[arg-type]


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
    assert emit(decision("clinician"), given, "o", reached=reached) is None


def test_a_denied_patient_closes_what_the_role_would_open() -> None:
    denied = decision("system", exceptions=Exceptions(denied=frozenset({MINE})))
    assert emit(denied, opened(PLAIN, MINE), "o") is None
    assert emit(denied, opened(PLAIN, OTHER), "o") is not None


def test_what_would_have_to_be_masked_does_not_leave_whole() -> None:
    masked = decision("system", exceptions=Exceptions(masked=frozenset({MINE})))
    assert emit(masked, opened(PLAIN, MINE), "o") is None


def test_what_is_permitted_leaves_as_it_is() -> None:
    given = opened(PLAIN, MINE)
    emitted = emit(decision("clinician"), given, "o", reached=frozenset({MINE}))
    assert emitted is not None
    assert (emitted.type, emitted.id, emitted.version) == ("Observation", "o", 3)
    assert emitted.body == PLAIN
    assert emitted.patients == {MINE}
