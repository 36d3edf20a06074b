"""Erasing: a patient's or a person's key, rows, versions, edges and terms go for good.

An erasure is *requested* here, in one transaction, and *effective in backups* when the epoch that
wrapped the key has been destroyed (`egide.ops.rekey`). Its certificate says what remains.

Invariants
- After the epoch is destroyed no backup opens the erased record, and all others open
  (tests/acceptance/test_erasure.py).
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from egide.db import Connection, Fetched, queries
from egide.errors import NotFound
from egide.ids import internal_number
from egide.seal import KeyRing
from egide.store.keys import Keys

_SQL = queries("egide.store", "sql/erasure.sql")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was erased, when, and what remains; names nobody.

    `key` is the number of the destroyed key, `owner` the keyed hash of the identity in hex.
    `shared` are the idents (hex) of resources that others share and that still name the erased.
    """

    number: int
    key: int
    owner: str
    epoch: int
    requested: datetime
    effective: datetime | None
    resources: int
    versions: int
    edges: int
    shared: tuple[str, ...]


class Eraser:
    """Erases owners of keys. One for the process; the connection is the caller's."""

    def __init__(self, ring: KeyRing, keys: Keys) -> None:
        self._blind = ring.blind
        self._keys = keys

    async def erase(
        self, connection: Connection, type: str, id: str, *, now: datetime
    ) -> tuple[Certificate, list[tuple[bytes, int, None]]]:
        """Erase the Patient, Practitioner or Person `type`/`id`. NotFound when it has no key.

        Returns the certificate, and id and version of each row that is gone, for the ledger.
        """
        owner = self._blind.ident(type, id)
        taken = await connection.fetchrow(_SQL["take"], owner)
        if taken is None:
            raise NotFound("there is no key under this identity: nothing to erase")
        key = taken["number"]
        shared = tuple(
            sorted(record["id"].hex() for record in await connection.fetch(_SQL["shared"], key))
        )
        (rows,) = await connection.fetch(_SQL["rows"], key)
        versions = await connection.fetchval(_SQL["versions"], key)
        await connection.execute(_SQL["key"], key)
        await connection.execute(_SQL["tell"], str(key))
        self._keys.forget(key)
        certificate = Certificate(
            internal_number(),
            key,
            owner.hex(),
            taken["epoch"],
            now,
            None,
            len(rows["ids"]),
            versions,
            rows["edges"],
            shared,
        )
        remains = msgspec.json.encode(
            {
                "key": key,
                "resources": certificate.resources,
                "versions": versions,
                "edges": certificate.edges,
                "shared": shared,
            }
        ).decode()
        await connection.execute(
            _SQL["record"], certificate.number, certificate.epoch, now, owner, remains
        )
        gone = zip(rows["ids"], rows["versions"], strict=True)
        return certificate, [(id, version, None) for id, version in gone]


async def take_effect(connection: Connection, epoch: int, now: datetime) -> int:
    """Mark the erasures up to a destroyed epoch as effective in backups; how many."""
    return len(await connection.fetch(_SQL["effective"], epoch, now))


async def certificates(connection: Connection) -> list[Certificate]:
    """Every erasure, newest first."""
    return [_certificate(record) for record in await connection.fetch(_SQL["all"])]


def _certificate(record: Fetched) -> Certificate:
    remains = msgspec.json.decode(record["remains"])
    return Certificate(
        record["number"],
        remains["key"],
        record["owner"].hex(),
        record["epoch"],
        record["requested"],
        record["effective"],
        remains["resources"],
        remains["versions"],
        remains["edges"],
        tuple(remains["shared"]),
    )
