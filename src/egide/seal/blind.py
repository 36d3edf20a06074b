"""The blind index: what the database may hold of ids and searched values, as keyed hashes.

BLAKE2b (RFC 7693) in its keyed mode, under keys derived by HKDF (RFC 5869) per establishment, and
for terms per type and parameter: equal values of two parameters, or of two establishments, do not
show as equal.

Invariant: two installations share no term (test_two_installations_share_no_term).
"""

import hashlib
from functools import lru_cache
from typing import NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from egide.errors import Fault

CACHED_TERMS = 65_536
CACHED_IDENTS = 16_384


class BlindIndex:
    """Idents and terms under one establishment's index key.

    Both are pure functions of their arguments and the key; the last used are remembered, so the
    process holds the values it hashed recently.
    """

    __slots__ = ("_keys", "_secret", "ident", "term")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._keys: dict[tuple[str, str], hashlib.blake2b] = {}
        identifying = hashlib.blake2b(key=_subkey(secret, b"ident"), digest_size=16)

        @lru_cache(CACHED_IDENTS)
        def ident(type: str, id: str) -> bytes:
            """The 16 bytes a resource is known by in a row; `id` is its logical id."""
            digest = identifying.copy()
            digest.update(f"{type}/{id}".encode("utf-8", "surrogatepass"))
            return digest.digest()

        @lru_cache(CACHED_TERMS)
        def term(type: str, parameter: str, value: str) -> int:
            """The signed 64-bit term of one value of one search parameter of one type."""
            keyed = self._keys.get((type, parameter)) or self._keyed(type, parameter)
            digest = keyed.copy()
            digest.update(value.encode("utf-8", "surrogatepass"))
            return int.from_bytes(digest.digest(), "big", signed=True)

        self.ident = ident
        self.term = term

    def _keyed(self, type: str, parameter: str) -> hashlib.blake2b:
        info = b"term\0" + type.encode() + b"\0" + parameter.encode()
        keyed = hashlib.blake2b(key=_subkey(self._secret, info), digest_size=8)
        self._keys[type, parameter] = keyed
        return keyed

    def __repr__(self) -> str:
        return "BlindIndex(…)"

    def __reduce__(self) -> NoReturn:
        raise Fault("a blind index is not pickled or copied: hand its key ring over")


def _subkey(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
