"""Public keys of applications, as JSON Web Key Sets: which may be registered, which one is meant.

https://www.rfc-editor.org/rfc/rfc7517,
https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html. RS384 with at
least 2048 bits and ES384; each key has an id; no private part, no shared secret.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jwk
from joserfc.errors import JoseError

from egide.errors import Incorrect

KINDS: Mapping[str, str] = {"RS384": "RSA", "ES384": "EC"}
"""The algorithms taken, and the kind of key each needs: an algorithm never chooses the kind."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MOST_BYTES = 64 * 1024
_MOST_KEYS = 20
_LEAST_BITS = 2048

PublicKey = jwk.RSAKey | jwk.ECKey


def checked(text: str | bytes) -> str:
    """A key set as it is kept, once every key of it is good. Raises Incorrect."""
    keys = _keys(text)
    if not keys:
        raise Incorrect("the key set holds no key")
    ids = [each.get("kid") for each in keys]
    if len(set(ids)) != len(ids):
        raise Incorrect("two keys of the set have one kid")
    for each in keys:
        public_key(each)
    return msgspec.json.encode({"keys": keys}).decode()


def names(text: str | bytes) -> frozenset[str]:
    """The ids of the keys in a set, of whatever kind. Raises Incorrect."""
    ids = (each.get("kid") for each in _keys(text))
    return frozenset(id for id in ids if isinstance(id, str))


def find(text: str | bytes, kid: str, algorithm: str) -> PublicKey:
    """The key `kid` of a set, for `algorithm`. Raises Incorrect when there is none that fits."""
    for each in _keys(text):
        if each.get("kid") == kid and each.get("kty") == KINDS.get(algorithm):
            if each.get("alg", algorithm) != algorithm:
                break
            return public_key(each)
    raise Incorrect("no registered key has this kid and is for this algorithm")


def public_key(given: Mapping[str, Any]) -> PublicKey:
    """One key, opened. Raises Incorrect."""
    if not isinstance(given.get("kid"), str) or not 0 < len(given["kid"]) <= 200:
        raise Incorrect("a key has a kid, of 1 to 200 characters")
    if _PRIVATE & given.keys():
        raise Incorrect("a key set holds public keys only")
    if given.get("use", "sig") != "sig" or "verify" not in given.get("key_ops", ["verify"]):
        raise Incorrect("a key is for signatures")
    if given.get("alg", "RS384") not in KINDS or given.get("kty") not in KINDS.values():
        raise Incorrect("a key is an RSA key for RS384 or an EC key for ES384")
    if given["kty"] == "RSA" and len(str(given.get("n", ""))) * 6 < _LEAST_BITS:
        raise Incorrect(f"an RSA key has at least {_LEAST_BITS} bits")
    plain = {name: given[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in given}
    try:
        key = jwk.import_key(plain)
        opened = key.get_op_key("verify")
    except (JoseError, ValueError, TypeError, AttributeError):
        raise Incorrect("a key does not read") from None
    if isinstance(key, jwk.RSAKey) and isinstance(opened, RSAPublicKey):
        if opened.key_size < _LEAST_BITS or opened.public_numbers().e < 3:
            raise Incorrect(f"an RSA key has at least {_LEAST_BITS} bits")
        return key
    if isinstance(key, jwk.ECKey) and isinstance(opened, EllipticCurvePublicKey):
        if opened.curve.name != "secp384r1":
            raise Incorrect("an EC key is on the curve P-384")
        return key
    raise Incorrect("a key is an RSA key for RS384 or an EC key for ES384")


def _keys(text: str | bytes) -> list[dict[str, Any]]:
    if len(text) > _MOST_BYTES:
        raise Incorrect("the key set is too large")
    try:
        read = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Incorrect("the key set is not JSON") from None
    keys = read.get("keys")
    if not isinstance(keys, list) or not all(isinstance(each, dict) for each in keys):
        raise Incorrect('a key set is {"keys": [...]}')
    if len(keys) > _MOST_KEYS:
        raise Incorrect(f"a key set holds at most {_MOST_KEYS} keys")
    return keys
