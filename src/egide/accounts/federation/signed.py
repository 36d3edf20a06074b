"""Signed JWTs of an issuer: algorithm by our list, key by the issuer's set, and then the claims.

RFC 7515: https://www.rfc-editor.org/rfc/rfc7515, RFC 8725: https://www.rfc-editor.org/rfc/rfc8725.

Invariants: nothing in a header chooses the key but its `kid`, and no algorithm is tried that the
configuration does not list (test_a_public_key_used_as_a_shared_secret_is_refused).
"""

import warnings
from collections.abc import Sequence
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from egide.accounts.federation.refusal import FederationRefused, IssuerUnavailable

MOST_BYTES = 64 * 1024
MOST_KEYS = 50
_KEY_TYPES = {"R": "RSA", "P": "RSA", "E": "EC"}

Key = ECKey | RSAKey


class _Set(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class Signed:
    """A JWS in compact form (`text`), taken apart and not yet believed."""

    __slots__ = ("_parts", "algorithm", "key_id", "text")

    def __init__(self, text: str, algorithms: Sequence[str]) -> None:
        """Raises FederationRefused: `form` when it is none, `algorithm` when that is not listed."""
        if not text.isascii() or len(text) > MOST_BYTES:
            raise FederationRefused("form")
        try:
            self._parts = jws.extract_compact(text.encode(), registry=_registry(algorithms))
        except (JoseError, ValueError, TypeError):
            raise FederationRefused("form") from None
        header = self._parts.headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in algorithms:
            raise FederationRefused("algorithm")
        if "crit" in header or not (key_id is None or isinstance(key_id, str)):
            raise FederationRefused("form")
        self.text = text
        self.algorithm = algorithm
        self.key_id = key_id

    def key(self, keys: Sequence[Key]) -> Key | None:
        """The key of `keys` that `kid` names; without one, the only key that could have signed."""
        fitting = [
            key
            for key in keys
            if key.key_type == _KEY_TYPES[self.algorithm[0]]
            and key.get("alg", self.algorithm) == self.algorithm
            and (self.key_id is None or key.get("kid") == self.key_id)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def claims(self, key: Key) -> dict[str, Any]:
        """What is said, once the signature holds. Raises FederationRefused."""
        try:
            if not jws.validate_compact(self._parts, key, registry=_registry([self.algorithm])):
                raise FederationRefused("signature")
            return msgspec.json.decode(self._parts.payload, type=dict[str, Any])
        except msgspec.DecodeError:
            raise FederationRefused("form") from None
        except (JoseError, ValueError, TypeError):
            raise FederationRefused("signature") from None


def key_set(body: bytes) -> tuple[Key, ...]:
    """The keys of a JWK set that may verify: RSA of 2048 bits or more, EC; others are passed over.

    Raises IssuerUnavailable when it is no such set, or has too many keys.
    """
    try:
        found = msgspec.json.decode(body, type=_Set).keys
    except msgspec.DecodeError:
        raise IssuerUnavailable("its key set does not read") from None
    if len(found) > MOST_KEYS:
        raise IssuerUnavailable("its key set has too many keys")
    keys = (_key(each) for each in found if each.get("use", "sig") == "sig")
    return tuple(key for key in keys if key is not None)


def _key(given: dict[str, Any]) -> Key | None:
    public = {name: value for name, value in given.items() if name in _PUBLIC}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a key the library thinks weak is no key
            key = import_key(public)
    except (JoseError, ValueError, TypeError, KeyError, Warning):
        return None
    return key if isinstance(key, ECKey | RSAKey) else None


_PUBLIC = frozenset({"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"})


def _registry(algorithms: Sequence[str]) -> jws.JWSRegistry:
    """Takes headers it does not know, as RFC 7515 §4 asks, and no other algorithm."""
    registry = jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    registry.max_header_length = 8 * 1024
    return registry
