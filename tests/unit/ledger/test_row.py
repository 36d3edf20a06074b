"""What binds a row: no column changes without its commitment and its seal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.ledger.entry import encode_body
from egide.ledger.row import Row, columns, entry_number, sequence_of, writer_of
from egide.seal import DataKey, SealBroken

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = DataKey(bytes(32))


def row() -> Row:
    plain = encode_body(0, (), {"purpose": "TREAT"})
    values: tuple[Any, ...] = (entry_number(3, 9), AT, 11, 12, 13, 1, 1, 84)
    return Row(*values, bytes(16), KEY.seal(plain, columns(*values)))


def test_a_row_opens_with_its_key() -> None:
    assert row().open(KEY).facts == {"purpose": "TREAT"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("entry", entry_number(3, 10)),
        ("entry", entry_number(4, 9)),
        ("at", AT + timedelta(microseconds=1)),
        ("session", 10),
        ("actor", 13),
        ("patient", 14),
        ("patient", None),
        ("action", 2),
        ("outcome", 2),
        ("type", 85),
        ("type", None),
    ],
)
def test_a_changed_column_changes_the_commitment_and_closes_the_body(
    column: str, value: Any
) -> None:
    made = row()
    changed = made._replace(**{column: value})
    assert changed.commitment() != made.commitment()
    with pytest.raises(SealBroken):
        changed.open(KEY)


def test_no_patient_and_patient_zero_are_two_things() -> None:
    made = row()
    assert made._replace(patient=None).commitment() != made._replace(patient=0).commitment()
    assert made._replace(type=None).commitment() != made._replace(type=0).commitment()


def test_a_changed_body_changes_the_commitment() -> None:
    made = row()
    for at in range(len(made.sealed)):
        flipped = bytearray(made.sealed)
        flipped[at] ^= 1
        assert made._replace(sealed=bytes(flipped)).commitment() != made.commitment()


@given(st.integers(0, 2**23 - 1), st.integers(0, 2**40 - 1))
def test_an_entry_number_says_its_writer_and_its_sequence(writer: int, sequence: int) -> None:
    number = entry_number(writer, sequence)
    assert number < 2**63
    assert (writer_of(number), sequence_of(number)) == (writer, sequence)
