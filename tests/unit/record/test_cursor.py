"""Cursors: whole, ours, of one account; short enough for an address, or refused."""

import secrets

import pytest

from egide.errors import Incorrect, TooCostly
from egide.http.limits import Limits
from egide.record.cursor import LONGEST, CursorSeal
from egide.record.spot import Spot

SPOT = Spot((20_000, "x", None), 17)
SEAL = CursorSeal(bytes(32))


def test_what_is_written_is_read() -> None:
    for type in ("Patient", None):
        for query in ((), (("name", "Élie"),), (("code", ",".join(f"c{n}" for n in range(900))),)):
            cursor = SEAL.read(7, SEAL.write(7, type, query, SPOT))
            assert (cursor.type, cursor.query, cursor.spot) == (type, query, SPOT)


def test_anothers_cursor_is_not_read() -> None:
    text = SEAL.write(7, "Patient", (("code", "x" * 3_000),), SPOT)
    for account, seal in ((8, SEAL), (7, CursorSeal(bytes(31) + b"\x01"))):
        with pytest.raises(Incorrect):
            seal.read(account, text)


def test_a_long_query_of_few_words_makes_a_short_cursor() -> None:
    codes = ",".join(f"http://loinc.org|{n}-{n % 10}" for n in range(1_000))
    assert len(codes) > 20_000
    assert len(SEAL.write(7, "Observation", (("code", codes),), SPOT)) < LONGEST / 2


def test_every_cursor_fits_an_address() -> None:
    """What can be made at all can be followed."""
    longest = 0
    for many in range(1, 1_000, 7):
        ids = ",".join(secrets.token_hex(16) for _ in range(many))
        try:
            text = SEAL.write(7, "Patient", (("_id", ids),), SPOT)
        except TooCostly:
            break
        longest = max(longest, len(text))
    else:
        raise AssertionError("none was too long")
    before = len("/fhir/MedicinalProductUndesirableEffect?_cursor=")
    assert LONGEST - 500 < longest <= LONGEST
    assert LONGEST + before < Limits().target


def test_what_would_be_huge_once_unpacked_is_not_packed() -> None:
    with pytest.raises(TooCostly):
        SEAL.write(7, "Patient", (("code", "x" * 1_000_000),), SPOT)
