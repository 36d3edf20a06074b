"""Answers that an issuer encrypts to us, as FranceConnect+ may."""

from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey
from tests.integration.accounts.federation.conftest import World

from egide.accounts.federation.issuer import Encryption
from egide.accounts.federation.recipient import recipient

ELLIPTIC = ECKey.generate_key("P-256")
RSA = RSAKey.generate_key(2048)
KINDS: list[tuple[Any, Any, str]] = [
    (ELLIPTIC, "ECDH-ES", "A256GCM"),
    (ELLIPTIC, "ECDH-ES+A256KW", "A128CBC-HS256"),
    (RSA, "RSA-OAEP-256", "A256GCM"),
    (RSA, "RSA-OAEP", "A128GCM"),
]


def encrypted(text: str, key: Any, algorithm: str, content: str, **header: Any) -> str:
    names = [algorithm, content, *([header["zip"]] if "zip" in header else [])]
    full = {"alg": algorithm, "enc": content, "cty": "JWT"} | header
    return jwe.encrypt_compact(full, text, key, names)


def expects(world: World, key: Any, algorithm: Any, content: Any) -> None:
    """From here on the relying party asks for what is encrypted to `key`."""
    encryption = Encryption("unread", algorithm, content)
    world.configure(ours=recipient(encryption, key.as_pem(private=True)), encryption=encryption)


@pytest.mark.parametrize(("key", "algorithm", "content"), KINDS)
async def test_an_id_token_and_userinfo_encrypted_to_us_are_read(
    fc: World, key: Any, algorithm: str, content: str
) -> None:
    expects(fc, key, algorithm, content)
    fc.issuer.encrypt = lambda text: encrypted(text, key, algorithm, content)
    identity = await fc.log_in()
    assert identity.pivot is not None
    assert identity.pivot.birthdate == "1962-08-24"
    assert identity.id_token.count(".") == 2, "what is sent to log out is signed and not encrypted"


async def test_an_answer_that_is_not_encrypted_is_refused(fc: World) -> None:
    expects(fc, ELLIPTIC, "ECDH-ES", "A256GCM")
    assert await fc.refusal() == "encryption"
    fc.issuer.encrypt = lambda text: encrypted(text, ELLIPTIC, "ECDH-ES", "A256GCM")
    fc.issuer.sign_userinfo = lambda claims: fc.issuer.signed(claims)
    await fc.log_in()
    kept = fc.issuer.encrypt
    calls = iter([kept, lambda text: text])
    fc.issuer.encrypt = lambda text: next(calls)(text)
    assert await fc.refusal() == "encryption"


async def test_an_answer_that_is_encrypted_is_refused_where_it_is_not_expected(fc: World) -> None:
    fc.issuer.encrypt = lambda text: encrypted(text, ELLIPTIC, "ECDH-ES", "A256GCM")
    assert await fc.refusal() == "form"


@pytest.mark.parametrize(
    ("key", "algorithm", "content", "header"),
    [
        (ECKey.generate_key("P-256"), "ECDH-ES", "A256GCM", {}),
        (ELLIPTIC, "ECDH-ES+A128KW", "A256GCM", {}),
        (ELLIPTIC, "ECDH-ES", "A128GCM", {}),
        (RSA, "RSA-OAEP", "A256GCM", {}),
        (ELLIPTIC, "ECDH-ES", "A256GCM", {"zip": "DEF"}),
    ],
)
async def test_an_answer_encrypted_otherwise_is_refused(
    fc: World, key: Any, algorithm: str, content: str, header: dict[str, Any]
) -> None:
    expects(fc, ELLIPTIC, "ECDH-ES", "A256GCM")
    fc.issuer.encrypt = lambda text: encrypted(text, key, algorithm, content, **header)
    assert await fc.refusal() == "encryption"


async def test_what_is_inside_is_believed_no_more_than_what_came_open(fc: World) -> None:
    expects(fc, ELLIPTIC, "ECDH-ES", "A256GCM")
    fc.issuer.encrypt = lambda text: encrypted(text, ELLIPTIC, "ECDH-ES", "A256GCM")
    fc.issuer.sign = lambda claims: fc.issuer.signed(claims)[:-8] + "AAAAAAAA"
    assert await fc.refusal() == "signature"
    fc.issuer.sign = lambda claims: "claims without a signature"
    assert await fc.refusal() == "form"


async def test_our_public_keys_are_told_and_the_private_ones_are_not(fc: World) -> None:
    assert fc.federation.key_set("fc") == {"keys": []}
    expects(fc, ELLIPTIC, "ECDH-ES", "A256GCM")
    [key] = fc.federation.key_set("fc")["keys"]
    assert (key["use"], key["alg"], key["kty"]) == ("enc", "ECDH-ES", "EC")
    assert "d" not in key
