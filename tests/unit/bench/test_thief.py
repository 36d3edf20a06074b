"""The thief's means, on rows small enough to see what he must find."""

import random
from datetime import date

from egide.bench.thief import Known, Row, Thief, Value

CODE: Value = ("code", "a")
RARE: Value = ("code", "b")
FINAL: Value = ("status", "final")


def row(key: int, day: int, *terms: int) -> Row:
    return Row(day, key, "Observation", date(2024, 1, day), frozenset(terms))


def known(day: int, *values: Value) -> Known:
    return Known("Observation", date(2024, 1, day), frozenset(values))


def thief(rows: list[Row], elsewhere: list[Known]) -> Thief:
    return Thief(rows, elsewhere, random.Random(1))


def test_the_most_frequent_term_is_taken_for_the_most_frequent_value() -> None:
    rows = [row(1, 1, 10, 30), row(1, 2, 10), row(2, 3, 10, 30), row(2, 4, 20)]
    elsewhere = [known(9, FINAL, CODE), known(9, FINAL), known(9, FINAL, CODE), known(9, RARE)]
    guess = thief(rows, elsewhere).by_frequency()
    assert guess == {
        ("Observation", 10): FINAL,
        ("Observation", 30): CODE,
        ("Observation", 20): RARE,
    }


def test_what_is_sure_is_not_guessed_again() -> None:
    rows = [row(1, 1, 10), row(1, 2, 10), row(2, 3, 20)]
    elsewhere = [known(9, FINAL), known(9, FINAL), known(9, RARE)]
    guess = thief(rows, elsewhere).by_frequency({("Observation", 10): RARE})
    assert guess == {("Observation", 10): RARE, ("Observation", 20): FINAL}


def test_a_record_is_recognised_by_its_days() -> None:
    rows = [row(1, 1, 10, 20), row(1, 5, 10), row(2, 1, 10, 20), row(2, 6, 10)]
    record = [known(1, CODE, FINAL), known(6, FINAL)]
    assert thief(rows, []).recognise(record) == 2


def test_a_value_and_a_term_in_the_same_places_are_the_same() -> None:
    rows = [row(1, 1, 10, 20), row(1, 2, 20, 30), row(2, 9, 20)]
    record = [known(1, CODE, FINAL), known(2, FINAL, RARE)]
    taken = thief(rows, [])
    assert taken.by_records([(taken.of(1), record)]) == {
        ("Observation", 10): CODE,
        ("Observation", 20): FINAL,
        ("Observation", 30): RARE,
    }


def test_values_that_always_come_together_are_told_by_frequency_elsewhere() -> None:
    rows = [row(1, 1, 10, 20), row(2, 9, 20)]
    taken = thief(rows, [known(3, FINAL), known(4, FINAL), known(4, CODE)])
    guess = taken.by_records([(taken.of(1), [known(1, CODE, FINAL)])])
    assert guess == {("Observation", 20): FINAL, ("Observation", 10): CODE}
