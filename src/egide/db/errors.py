"""What the database refuses, in our words, without any value it was given.

PostgreSQL quotes rows in its messages (`DETAIL: Key (id)=(…) already exists`) and asyncpg quotes
arguments, so a driver error is emptied in place before ours is raised: even a logger that walks
`__context__` finds a code and nothing else (test_no_error_carries_a_value).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar, get_args

import asyncpg

from egide.errors import Busy, Conflict, EgideError, Fault, Incorrect, Unavailable

NO_ADDRESS = "EGIDE_DATABASE_URL is not a PostgreSQL address"

DriverError: TypeAlias = (
    asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError
)
DRIVER_ERRORS = get_args(DriverError)

_Ours = TypeVar("_Ours", bound=EgideError)


class UniqueViolation(Conflict):
    """A row with this key is already there."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"Already there ({constraint})")
        self.constraint = constraint
        """The name of the constraint or unique index in the schema."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises what happens to the database inside the block as an `EgideError`.

    Conflict: another transaction was first (deadlock, serialization, constraint between rows).
    Busy: no connection or lock in time. Unavailable: no database. Fault: our statement is wrong.
    Errors that are not the driver's pass unchanged.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error) from None


def translate(error: DriverError) -> EgideError:
    """Our name for `error`, which is emptied of every value it carries."""
    return empty(error, _name(error))


def _name(error: DriverError) -> EgideError:
    if isinstance(error, asyncpg.InternalClientError):
        # The driver loses its place when the engine dies in the middle of a message.
        return Unavailable("The connection to the database broke off")
    if isinstance(error, asyncpg.ClientConfigurationError):
        return Incorrect(NO_ADDRESS)
    if isinstance(error, asyncpg.InterfaceError):
        if "closed" in str(error) or "closing" in str(error):
            return Unavailable("The connection to the database is closed")
        return Fault(f"The database driver refused a call ({type(error).__name__})")
    code = str(error.sqlstate or "")
    match code:
        case "23505":
            return UniqueViolation(str(getattr(error, "constraint_name", None) or "unique"))
        case "23503" | "23001" | "23P01":
            constraint = getattr(error, "constraint_name", None) or "constraint"
            return Conflict(f"Rows depend on each other ({constraint})")
        case "40001" | "40P01":
            return Conflict("Another transaction changed the same rows first")
        case "55P03" | "57014" | "53200" | "53300":
            return Busy(f"The database is too busy (SQLSTATE {code})")
        case "53100":
            return Unavailable("The database's disk is full")
        case "25P03" | "25P04":
            return Unavailable("The database gave up a transaction left waiting")
        case "08P01":
            return Fault("An argument does not fit its type in the database")
    if code[:2] in {"08", "57", "58"}:
        return Unavailable(f"The database is not reachable (SQLSTATE {code})")
    if code[:2] == "28" or code == "3D000":
        return Unavailable(f"The database refuses us (SQLSTATE {code})")
    constraint = getattr(error, "constraint_name", None)
    where = f", {constraint}" if constraint else ""
    return Fault(f"The database refused a statement (SQLSTATE {code}{where})")


def empty(error: Exception, ours: _Ours) -> _Ours:
    """`ours`, after taking every value out of `error`, which it will have as its context."""
    error.args = (type(error).__name__,)
    vars(error).update(dict.fromkeys(vars(error)))
    error.__cause__ = error.__context__ = None
    return ours
