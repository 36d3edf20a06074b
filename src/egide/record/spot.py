"""A spot: where a page of a search ended."""

import msgspec


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the last entry's values in the order (numbers as text), and its tie."""

    values: tuple[int | str | None, ...]
    tie: int | str
