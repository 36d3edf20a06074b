"""Keys that sign what applications are told about people: made, published, replaced, forgotten.

https://www.rfc-editor.org/rfc/rfc7517. Invariants, each with its test in
tests/integration/accounts/test_signing.py: every process signs with the same key; a replaced key
stays published until nothing it signed is valid; no private key is readable in the database.
"""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwk

from egide.accounts.events import AccountEvent, Append, recorded
from egide.clock import Clock
from egide.db import Connection, Database, queries
from egide.errors import Fault

_SQL = queries("egide.accounts", "signing.sql")

ALGORITHM = "ES256"
SIGNS_FOR = timedelta(days=30)
"""After which a new key signs."""
SIGNED_LASTS = timedelta(hours=1)
"""Nothing is signed for longer than this; a replaced key is published that long."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now: its id, and its private JWK as JSON."""

    kid: str
    private: bytes = field(repr=False)


class Signing:
    """The signing keys of one installation; reached as `Accounts.signing`."""

    def __init__(self, database: Database, clock: Clock, append: Append, key: bytes) -> None:
        """`key`: 32 bytes for the accounts."""
        self._database = database
        self._clock = clock
        self._append = append
        self._cipher = AESGCM(key)
        self._key = key

    def subject(self, account: int, client_id: str) -> str:
        """The name of a person for one application: another one for each, so that two of them
        cannot compare, and nothing can be told from it.
        """
        said = account.to_bytes(8, "big") + client_id.encode()
        return blake2b(said, key=self._key, digest_size=16, person=b"egide-subject").hexdigest()

    async def current(self) -> SigningKey:
        """The key that signs now, made when there is none or it has signed long enough."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["current"], self._clock() - SIGNS_FOR)
        if row is None:
            await self.turn()
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_SQL["current"], self._clock() - SIGNS_FOR)
        if row is None:
            raise Fault("There is no key to sign with")
        return SigningKey(row["kid"], self._open(row["private"], row["kid"]))

    async def public(self) -> list[str]:
        """The public JWKs everybody may check signatures with, as JSON, newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(_SQL["public"], self._clock())
        return [row["public"] for row in rows]

    async def turn(self, *, at_once: bool = False) -> bool:
        """Makes a new key when none signs, the present one has signed long enough, or `at_once`.

        Whether it made one.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["hold"])
            row = await connection.fetchrow(_SQL["current"], now - SIGNS_FOR)
            if row is not None and not at_once:
                return False
            await self._make(connection)
        return True

    async def sweep(self) -> None:
        """Replaces a key that has signed long enough, and forgets those nobody needs any more."""
        now = self._clock()
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_keys"], now)
            due = await connection.fetchval(_SQL["due"], now - SIGNS_FOR)
        if due:
            await self.turn()

    async def _make(self, connection: Connection) -> None:
        now = self._clock()
        made = jwk.generate_key("EC", "P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        kid = str(made.kid)
        nonce = os.urandom(12)
        private = msgspec.json.encode(made.as_dict(private=True))
        sealed = nonce + self._cipher.encrypt(nonce, private, _row(kid))
        public = msgspec.json.encode(made.as_dict(private=False)).decode()
        event = AccountEvent("signing-key-made", now)
        async with recorded(self._append, event):
            await connection.execute(_SQL["replace"], now + SIGNED_LASTS)
            await connection.execute(_SQL["add_key"], kid, public, sealed, now)

    def _open(self, sealed: bytes, kid: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], _row(kid))
        except InvalidTag:
            raise Fault("A signing key does not open") from None


def _row(kid: str) -> bytes:
    return b"signing-key" + kid.encode()
