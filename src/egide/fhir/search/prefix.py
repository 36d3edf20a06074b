"""What `eq ne gt lt ge le sa eb ap` mean between two ranges.

https://hl7.org/fhir/R4/search.html#prefix. Both sides are ranges: the target's from `low` to
`high`, both included; the search value's is a `Bounds`. Where the standard's table can be read two
ways (a target that straddles an edge of a search value with a width) `ge` and `le` take it in,
as the standard advises on doubt and as most servers do: a stay that ended at noon on the 14th is
found by `ge` the 14th.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, Literal, NamedTuple, TypeVar, get_args

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
PREFIXES: tuple[Prefix, ...] = get_args(Prefix)

N = TypeVar("N", int, Decimal)


class Bounds(NamedTuple, Generic[N]):
    """A search value. `low` to before `end`: what it means by its precision. `below` to `above`:
    what the comparing prefixes take it for. `near_low` to `near_high`: approximately it."""

    low: N
    end: N
    below: N
    above: N
    near_low: N
    near_high: N


HOLDS: Mapping[str, Callable[[Any, Any, Bounds[Any]], bool]] = MappingProxyType(
    {
        "eq": lambda low, high, s: s.low <= low and high < s.end,
        "ne": lambda low, high, s: not (s.low <= low and high < s.end),
        "gt": lambda low, high, s: high > s.above,
        "lt": lambda low, high, s: low < s.below,
        "ge": lambda low, high, s: high >= s.below,
        "le": lambda low, high, s: low <= s.above,
        "sa": lambda low, high, s: low > s.above,
        "eb": lambda low, high, s: high < s.below,
        "ap": lambda low, high, s: low <= s.near_high and high >= s.near_low,
    }
)
"""Prefix → does a target from `low` to `high` (both included) satisfy it?"""


def take_prefix(text: str) -> tuple[Prefix, str]:
    """The prefix of a value and the rest; `eq` when it has none."""
    head = text[:2]
    for prefix in PREFIXES:
        if head == prefix:
            return prefix, text[2:]
    return "eq", text
