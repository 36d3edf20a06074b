"""The nine prefixes between two ranges, for every way they can lie to each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.fhir.search.prefix import HOLDS, PREFIXES, Bounds, take_prefix

SEARCH = Bounds(low=10, end=20, below=10, above=19, near_low=8, near_high=21)
"""10 to 19, both included; approximately 8 to 21."""

WHERE = {
    "ends well before": (0, 5),
    "ends just before": (0, 9),
    "straddles the start": (5, 10),
    "straddles the start and reaches the end": (5, 19),
    "is the first moment": (10, 10),
    "lies inside": (12, 15),
    "is the same": (10, 19),
    "is the last moment": (19, 19),
    "straddles the end": (19, 25),
    "contains it": (5, 25),
    "begins with it and goes on": (10, 25),
    "begins just after": (20, 25),
    "begins well after": (30, 35),
}

TABLE = {
    #                                          eq ne gt lt ge le sa eb ap
    "ends well before": "                       0  1  0  1  0  1  0  1  0",
    "ends just before": "                       0  1  0  1  0  1  0  1  1",
    "straddles the start": "                    0  1  0  1  1  1  0  0  1",
    "straddles the start and reaches the end": "0  1  0  1  1  1  0  0  1",
    "is the first moment": "                    1  0  0  0  1  1  0  0  1",
    "lies inside": "                            1  0  0  0  1  1  0  0  1",
    "is the same": "                            1  0  0  0  1  1  0  0  1",
    "is the last moment": "                     1  0  0  0  1  1  0  0  1",
    "straddles the end": "                      0  1  1  0  1  1  0  0  1",
    "contains it": "                            0  1  1  1  1  1  0  0  1",
    "begins with it and goes on": "             0  1  1  0  1  1  0  0  1",
    "begins just after": "                      0  1  1  0  1  0  1  0  1",
    "begins well after": "                      0  1  1  0  1  0  1  0  0",
}


@pytest.mark.parametrize("where", WHERE)
def test_a_target_satisfies_the_prefixes_of_the_table(where: str) -> None:
    low, high = WHERE[where]
    found = [HOLDS[prefix](low, high, SEARCH) for prefix in PREFIXES]
    assert found == [cell == "1" for cell in TABLE[where].split()]


ranges = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)


@given(ranges)
def test_the_prefixes_agree_with_the_words_of_the_standard(target: list[int]) -> None:
    low, high = target
    contains = SEARCH.low <= low and high < SEARCH.end
    overlaps = low <= SEARCH.above and high >= SEARCH.below
    holds = {prefix: HOLDS[prefix](low, high, SEARCH) for prefix in PREFIXES}
    assert holds["eq"] is contains
    assert holds["ne"] is not contains
    assert holds["sa"] is (not overlaps and low > SEARCH.above)
    assert holds["eb"] is (not overlaps and high < SEARCH.below)
    assert holds["gt"] is (high > SEARCH.above)
    assert holds["lt"] is (low < SEARCH.below)
    assert holds["ge"] is (holds["gt"] or overlaps)
    assert holds["le"] is (holds["lt"] or overlaps)
    assert holds["eq"] <= holds["ap"]


@pytest.mark.parametrize(
    ("text", "prefix", "rest"),
    [("2024", "eq", "2024"), ("ge2024", "ge", "2024"), ("apple", "ap", "ple"), ("", "eq", "")],
)
def test_a_prefix_is_two_letters_before_the_value(text: str, prefix: str, rest: str) -> None:
    assert take_prefix(text) == (prefix, rest)
