"""Hostile questions cost little and are refused by name, or answered; nothing else ever happens."""

import os
import tracemalloc
from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal

import pytest
from tests.integration.search.asking import ask, pages
from tests.integration.search.library import CLINICIAN, SYSTEM, Library

from egide.db import Database
from egide.errors import EgideError, Incorrect, TooCostly, Unsupported
from egide.record import Record

CHAIN = "subject:Patient.general-practitioner:Practitioner."
TANGLE = "".join(chr(n) for n in (0x202E, 0x200B, 0x0301, 0xFFFD, 0x1F468, 0x200D, 0x0130, 0xDF))

REFUSED: dict[str, list[tuple[str, str]]] = {
    "ten thousand alternatives": [("code", ",".join(f"c{n}" for n in range(10_000)))],
    "ten thousand ids": [("_id", ",".join(f"i{n}" for n in range(10_000)))],
    "ten thousand times the same": [("code", "x")] * 10_000,
    "ten thousand includes": [("_include", "Observation:subject")] * 10_000,
    "a hundred links": [("has-member:Observation." * 100 + "code", "x")],
    "fifty links of any type": [("focus." * 50 + "code", "x")],
    "a hundred reversed links": [("_has:Observation:has-member:" * 100 + "code", "x")],
    "fifty links through everything": [("part-of." * 50 + "code", "x")],
    "fifty keys": [("_sort", ",".join(["code", "-date", "status", "_id", "value-quantity"] * 10))],
    "everything that refers": [("_revinclude", "*")],
    "a count beyond numbers": [("_count", "9" * 5_000)],
    "a negative count": [("_count", "-1")],
    "digits that are not ours": [("_count", "\u0663\u0663")],
    "an unknown one": [("nonsense", "1")],
    "a parameter of another type": [("birthdate", "2000")],
    "an unknown modifier": [("code:nonsense", "1")],
    "a date that is none": [("date", "2024-02-30")],
    "a number with a thousand digits": [("value-quantity", "1" * 1_000)],
    "an exponent beyond reason": [("value-quantity", "1e99999999")],
    "a prefix alone": [("date", "gt")],
    "an unfinished escape": [("code", "x\\")],
    "two totals": [("_total", "none"), ("_total", "accurate")],
    "a summary unknown": [("_summary", "all")],
    "an element unknown": [("_elements", "nonsense")],
    "an include of what is not searched": [("_include", "Patient:link")],
    "an include of nothing": [("_include", "Observation:nonsense")],
    "an unsayable name": [(f"co{TANGLE}de", "x")],
    "a chain to nowhere": [("subject.", "x")],
    "a chain from nowhere": [(".code", "x")],
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_asks_too_much_is_refused_by_name(record: Record, what: str) -> None:
    with pytest.raises((Incorrect, TooCostly, Unsupported)) as refused:
        await pages(record, SYSTEM, "Observation", REFUSED[what])
    assert len(refused.value.message) < 400
    assert all(len(issue.diagnostics) < 400 for issue in refused.value.issues)


ANSWERED: dict[str, list[tuple[str, str]]] = {
    "links without types": [("subject.general-practitioner.endpoint.status", "x")],
    "a thousand alternatives": [("code", ",".join(f"c{n}" for n in range(1_000)))],
    "a thousand ids": [("_id", ",".join(f"i{n}" for n in range(1_000)))],
    "a huge page": [("_count", "999999999"), ("code", "X0")],
    "a very long value": [("code", "x" * 1_000_000)],
    "a very long text": [("code:text", "é" * 100_000)],
    "a tangle of signs": [("code:text", TANGLE * 100 + "a")],
    "a tangle as a code": [("code", TANGLE)],
    "no code at all in a system": [("code", "urn:x|")],
    "the first year": [("date", "gt0001")],
    "the last year": [("date", "lt9999-12-31")],
    "around the last year": [("date", "ap9999")],
    "an exact tiny number": [("value-quantity", "1e-30")],
    "a reference elsewhere": [("subject", "https://elsewhere.example/fhir/Patient/1")],
    "fifty links": [("has-member:Observation." * 50 + "code", "x")],
    "fifty reversed links": [("_has:Observation:has-member:" * 50 + "code", "x")],
}


@pytest.mark.parametrize("what", ANSWERED)
async def test_what_is_odd_and_allowed_is_answered(record: Record, what: str) -> None:
    tracemalloc.start()
    try:
        await pages(record, SYSTEM, "Observation", ANSWERED[what])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200 * 2**20


@pytest.mark.parametrize("type", ["Patient", "Observation", "Practitioner"])
@pytest.mark.parametrize("name", ["_id", "identifier", "name", "code", "_tag", "subject", "_sort"])
async def test_a_nul_character_harms_nothing(record: Record, type: str, name: str) -> None:
    for value in ("\x00", "a\x00b", "\x00" * 1_000):
        try:
            assert await ask(record, SYSTEM, type, [(name, value)]) == []
        except EgideError as error:
            assert error.category == "incorrect"


async def test_a_page_brings_no_more_along_than_it_may(
    record: Record, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.record.includes.MOST", 50)
    with pytest.raises(TooCostly):
        await pages(
            record, SYSTEM, "Patient", [("_count", "20"), ("_revinclude", "Observation:patient")]
        )


async def test_too_many_openings_are_refused_and_not_cut_short(
    record: Record, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egide.record.budget.Budget.__init__.__defaults__", (300,))
    asked = [("value-quantity", "gt100000000")]
    for more in ([], [("_summary", "count")], [("_sort", "code")]):
        with pytest.raises(TooCostly) as refused:
            await pages(record, SYSTEM, "Observation", [*asked, *more])
        assert refused.value.category == "too_costly"
    (page, *_) = await pages(
        record, SYSTEM, "Observation", [("code", "X0"), ("_total", "accurate"), ("_count", "3")]
    )
    assert page.total == len([e for e in library.by_type["Observation"] if _is(e, "X0")])


def _is(resource: object, code: str) -> bool:
    return f"'{code}'" in str(resource)


async def test_a_page_whose_link_would_be_too_long_is_refused_and_not_the_last(
    record: Record, library: Library
) -> None:
    mine = [each["id"] for each in library.by_type["Observation"]][:900]
    known = ",".join([*mine, *(os.urandom(20).hex() for _ in range(999 - len(mine)))])
    with pytest.raises(TooCostly, match="_count"):
        await pages(record, SYSTEM, "Observation", [("_id", known), ("_count", "5")])
    (page,) = await pages(record, SYSTEM, "Observation", [("_id", known), ("_count", "1000")])
    assert {each.id for each in page.entries} == set(mine)
    some = ",".join(mine[:300])
    found = await ask(record, SYSTEM, "Observation", [("_id", some), ("_count", "100")])
    assert {name.partition("/")[2] for name in found} == set(mine[:300])


async def test_cursors_are_ours_whole_and_our_own(record: Record, library: Library) -> None:
    async with record.open(SYSTEM) as session:
        page = await session.search("Observation", [("_count", "2")])
    assert page.next
    raw = urlsafe_b64decode(page.next + "=" * (-len(page.next) % 4))
    forged = [
        "", "A", "é" * 20, "\x00", page.next[:-1], page.next + "A", page.next * 2, "A" * 100_000,
        urlsafe_b64encode(os.urandom(200)).decode(),
        *(urlsafe_b64encode(raw[:n] + bytes([raw[n] ^ 1]) + raw[n + 1 :]).decode()
          for n in (0, 11, 12, len(raw) // 2, len(raw) - 1)),
    ]  # fmt: skip
    for text in forged:
        async with record.open(SYSTEM) as session:
            with pytest.raises(Incorrect):
                await session.next_page(text)
    async with record.open(CLINICIAN) as session:
        with pytest.raises(Incorrect):
            await session.next_page(page.next)


async def test_a_cursor_can_be_followed_again_after_everything_changed(
    record: Record, database: Database, library: Library
) -> None:
    async with record.open(SYSTEM) as session:
        for sort in ([], [("_sort", "-date")], [("_sort", "code")], [("_sort", "_lastUpdated")]):
            page = await session.search(
                "Observation", [*sort, ("code", "X0,X1,X2,X3"), ("_count", "4")]
            )
            assert page.next
            first = await session.next_page(page.next)
            again = await session.next_page(page.next)
            assert [e.id for e in first.entries] == [e.id for e in again.entries]
            for each in first.entries:
                await session.delete("Observation", each.id)
            later = await session.next_page(page.next)
            assert not {e.id for e in later.entries} & {e.id for e in first.entries}


async def test_what_is_unknown_is_left_out_only_when_asked(
    record: Record, library: Library
) -> None:
    asked = [("code", "X0"), ("nonsense", "1"), ("_filter", "x"), ("_count", "50")]
    async with record.open(SYSTEM) as session:
        with pytest.raises(EgideError):
            await session.search("Observation", asked)
        page = await session.search("Observation", asked, lenient=True)
        plain = await session.search("Observation", [asked[0], asked[3]])
        with pytest.raises(Incorrect):
            await session.search("Observation", [("date", "yesterday")], lenient=True)
    assert [e.id for e in page.entries] == [e.id for e in plain.entries]
    assert page.used == (("code", "X0"), ("_count", "50"))
    assert len(page.notes) == 2
    assert "nonsense" in page.notes[0]


async def test_numbers_compare_exactly(record: Record, library: Library) -> None:
    found = await ask(record, SYSTEM, "Observation", [("value-quantity", "5.4||mmol/L")])
    values = {library.resources[each]["valueQuantity"]["value"] for each in found}
    assert values == {Decimal("5.4"), Decimal("5.40"), Decimal("5.35")}
