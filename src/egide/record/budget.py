"""The budget of one search: how many resources it may open. Exact, or refused: never cut short."""

from egide.errors import TooCostly

MOST = 50_000
"""Candidates, joined resources included, that one search may open."""


class Budget:
    """Counts what is opened. Raises TooCostly when it is too much."""

    def __init__(self, type: str, most: int = MOST) -> None:
        self._type = type
        self._most = most
        self.spent = 0

    def spend(self, opened: int) -> None:
        """`opened` more resources were opened."""
        self.spent += opened
        if self.spent > self._most:
            raise TooCostly(
                f"more than {self._most:,} resources would have to be opened for an exact answer "
                f"about {self._type}; name a patient, an identifier, a code or a shorter time"
            )
