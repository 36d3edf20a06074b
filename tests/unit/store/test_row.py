"""A row and its envelope are bound to each other."""

import struct
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from egide.seal import DataKey, SealBroken
from egide.store.row import NO_DAY, NO_END, Row, array_bytes, columns_digest, sealed_row

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY = b'{"resourceType":"Patient","id":"a","name":[{"family":"Essai"}]}' * 5


def row(key: DataKey) -> Row:
    columns = columns_digest(NOW, NO_DAY, NO_END, False, None, array_bytes([1, 2]))
    return sealed_row(
        key,
        7,
        BODY,
        id=b"i" * 16,
        type=1,
        type_name="Patient",
        version=1,
        updated=NOW,
        deleted=False,
        columns=columns,
    )


def test_a_row_opens_to_what_was_sealed() -> None:
    key = DataKey(DataKey.generate())
    assert row(key).open(key) == BODY


def test_two_rows_of_the_same_text_share_no_run_of_bytes() -> None:
    key = DataKey(DataKey.generate())
    first, second = row(key).sealed, row(key).sealed
    runs = {first[at : at + 4] for at in range(2, len(first) - 4)}
    shared = [at for at in range(2, len(second) - 4) if second[at : at + 4] in runs]
    assert len(shared) <= 1, "one run of four bytes in common is chance, two are not"


@pytest.mark.parametrize(
    "change",
    [
        {"id": b"j" * 16},
        {"type": 2},
        {"version": 2},
        {"key": 8},
        {"columns": b"x" * 16},
        {"sealed": b""},
    ],
    ids=str,
)
def test_a_changed_row_does_not_open(change: dict[str, object]) -> None:
    key = DataKey(DataKey.generate())
    changed = replace(row(key), **change)  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        changed.open(key)
    assert changed.digest() != row(key).digest()


def test_every_index_column_is_in_the_digest() -> None:
    terms = array_bytes([1, 2])
    usual = columns_digest(NOW, NO_DAY, NO_END, False, None, terms)
    others = [
        columns_digest(NOW + timedelta(milliseconds=1), NO_DAY, NO_END, False, None, terms),
        columns_digest(NOW, date(2026, 1, 1), NO_END, False, None, terms),
        columns_digest(NOW, NO_DAY, date(2026, 1, 1), False, None, terms),
        columns_digest(NOW, NO_DAY, NO_END, True, None, terms),
        columns_digest(NOW, NO_DAY, NO_END, False, 0, terms),
        columns_digest(NOW, NO_DAY, NO_END, False, -5, terms),
        columns_digest(NOW, NO_DAY, NO_END, False, None, array_bytes([1])),
        columns_digest(NOW, NO_DAY, NO_END, False, None, array_bytes([2, 1])),
    ]
    assert len({usual, *others}) == 9


def test_terms_have_postgresqls_binary_form() -> None:
    assert array_bytes([]) == struct.pack(">iii", 0, 0, 20)
    assert array_bytes([5, -1]) == struct.pack(">iiiiiiqiq", 1, 0, 20, 2, 1, 8, 5, 8, -1)
