"""Reading long results piece by piece, several in step, through server-side cursors."""

from collections.abc import AsyncIterator
from typing import Any

from egide.db import Connection

PIECE = 2000
"""Records fetched at once."""


async def pieces(
    connection: Connection, query: str, *arguments: Any, size: int = PIECE
) -> AsyncIterator[list[Any]]:
    """The records of `query`, `size` at a time; needs a transaction."""
    cursor = await connection.cursor(query, *arguments)
    while records := await cursor.fetch(size):
        yield records


class Follower:
    """A result in the order of its first column, followed by another that leads."""

    def __init__(self, connection: Connection, query: str) -> None:
        self._pieces = pieces(connection, query)
        self._ahead: list[Any] = []
        self._ended = False

    async def up_to(self, last: int | None) -> list[Any]:
        """The records not given yet whose first column is at most `last`; all for None."""
        given: list[Any] = []
        while True:
            if self._ahead and last is not None and self._ahead[-1][0] > last:
                cut = next(at for at, each in enumerate(self._ahead) if each[0] > last)
                given += self._ahead[:cut]
                del self._ahead[:cut]
                return given
            given += self._ahead
            self._ahead = [] if self._ended else await anext(self._pieces, [])
            if not self._ahead:
                self._ended = True
                return given
