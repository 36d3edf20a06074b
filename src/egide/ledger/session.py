"""Sessions: what is said once of who is connected, and how, for all entries of the session.

The row is sealed; the entry that begins the session holds its digest, so neither can be changed or
removed unseen (tests/integration/ledger/test_tampering.py).
"""

import hashlib
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from egide.seal import DataKey, SealBroken

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BINDING = struct.Struct(">15sqqq")


class SessionRow(NamedTuple):
    """The columns of `ledger_session`, in their order."""

    session: int
    at: datetime
    actor: int
    sealed: bytes

    def digest(self) -> bytes:
        """What the entry that begins the session remembers: 32 bytes."""
        return hashlib.sha256(_binding(self.session, self.at, self.actor) + self.sealed).digest()

    def open(self, key: DataKey) -> Mapping[str, Any]:
        """The facts of the session. Raises SealBroken when it or a column was touched."""
        plain = key.open(self.sealed, _binding(self.session, self.at, self.actor))
        try:
            return msgspec.msgpack.decode(plain, type=dict[str, Any])
        except msgspec.DecodeError:
            raise SealBroken("a session opened but is none we write") from None


def sealed_session(
    key: DataKey, session: int, at: datetime, actor: int, facts: Mapping[str, Any]
) -> SessionRow:
    """The row that holds `facts`, sealed with the key of the month of `at`."""
    sealed = key.seal(msgspec.msgpack.encode(facts), _binding(session, at, actor))
    return SessionRow(session, at, actor, sealed)


def _binding(session: int, at: datetime, actor: int) -> bytes:
    microseconds = round((at - _EPOCH).total_seconds() * 1_000_000)
    return _BINDING.pack(b"egide/1/session", session, microseconds, actor)
