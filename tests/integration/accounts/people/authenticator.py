"""An authenticator and the browser around it, in software: real CBOR, COSE and signatures.

https://www.w3.org/TR/webauthn-3/#sctn-authenticator-model. Each lie it can be told to tell is one
a server has to notice.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from egide.accounts.people import Begun

ORIGIN = "https://egide.example"
RP = "egide.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass(frozen=True)
class Lie:
    """What an answer says instead of the truth."""

    origin: str = ORIGIN
    rp: str = RP
    flags: int = PRESENT | VERIFIED
    challenge: bytes | None = None
    type: str | None = None
    cross_origin: bool = False
    counter: int | None = None
    handle: bytes | None = None
    no_handle: bool = False
    break_signature: bool = False
    attestation: str = "none"


@dataclass
class Authenticator:
    """Holds one passkey of each account, and counts unless `counts` is false."""

    algorithm: str = "ES256"
    counts: bool = True
    counter: int = 0
    handle: bytes = b""
    credential: bytes = field(default_factory=lambda: os.urandom(32))

    def __post_init__(self) -> None:
        self.key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if self.algorithm == "ES256"
            else ed25519.Ed25519PrivateKey.generate()
        )

    def create(self, begun: Begun, lie: Lie = Lie()) -> str:
        """What a browser gives back after `navigator.credentials.create()`."""
        options: Mapping[str, Any] = begun.options
        self.handle = unpacked(options["user"]["id"])
        attested = (
            bytes(16)
            + len(self.credential).to_bytes(2, "big")
            + self.credential
            + cbor2.dumps(self.cose())
        )
        data = self._data(lie, lie.flags | ATTESTED) + attested
        statement = {"fmt": lie.attestation, "attStmt": {}, "authData": data}
        return json.dumps(
            {
                "id": packed(self.credential),
                "rawId": packed(self.credential),
                "type": "public-key",
                "response": {
                    "clientDataJSON": packed(self._client(begun, lie, "webauthn.create")),
                    "attestationObject": packed(cbor2.dumps(statement)),
                },
                "clientExtensionResults": {},
            }
        )

    def get(self, begun: Begun, lie: Lie = Lie()) -> str:
        """What a browser gives back after `navigator.credentials.get()`."""
        client = self._client(begun, lie, "webauthn.get")
        data = self._data(lie, lie.flags)
        signature = self.sign(data + hashlib.sha256(client).digest())
        if lie.break_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        handle = self.handle if lie.handle is None else lie.handle
        return json.dumps(
            {
                "id": packed(self.credential),
                "rawId": packed(self.credential),
                "type": "public-key",
                "response": {
                    "clientDataJSON": packed(client),
                    "authenticatorData": packed(data),
                    "signature": packed(signature),
                    "userHandle": None if lie.no_handle else packed(handle),
                },
                "clientExtensionResults": {},
            }
        )

    def cose(self) -> dict[int, Any]:
        """The public key, as https://www.rfc-editor.org/rfc/rfc9052 writes it."""
        public = self.key.public_key()
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            point = (numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
            return {1: 2, 3: -7, -1: 1, -2: point[0], -3: point[1]}
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == "ES256":
            return bytes(self.key.sign(data, ec.ECDSA(SHA256())))
        return bytes(self.key.sign(data))

    def _data(self, lie: Lie, flags: int) -> bytes:
        if self.counts:
            self.counter += 1
        counter = self.counter if lie.counter is None else lie.counter
        return hashlib.sha256(lie.rp.encode()).digest() + bytes([flags]) + counter.to_bytes(4)

    def _client(self, begun: Begun, lie: Lie, kind: str) -> bytes:
        challenge = begun.options["challenge"] if lie.challenge is None else packed(lie.challenge)
        return json.dumps(
            {
                "type": lie.type or kind,
                "challenge": challenge,
                "origin": lie.origin,
                "crossOrigin": lie.cross_origin,
            }
        ).encode()


def packed(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
