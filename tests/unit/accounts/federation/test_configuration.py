"""The file of issuers: what it may say, and how it is refused."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from egide.accounts.federation import Registration, registrations
from egide.accounts.federation.credential import credential
from egide.accounts.federation.issuer import Authentication, is_secure
from egide.errors import Fault, Incorrect

ROLES = frozenset({"clinician", "registrar"})
ONE = """
[[issuer]]
name = "psc"
title = "Pro Santé Connect"
kind = "professional"
issuer = "https://issuer.example/realms/one"
client_id = "egide"
authentication = { method = "client_secret_post", file = "psc.secret" }
ask = "eidas1"
levels = [{ acr = "eidas1", assurance = 2 }]
algorithms = ["RS256"]
userinfo = "plain"

[[issuer.roles]]
roles = ["clinician"]
profession = ["10"]
"""


def read(folder: Path, text: str, secret: bytes = b"a-secret\n") -> tuple[Registration, ...]:
    (folder / "issuers.toml").write_text(text, "utf-8")
    (folder / "psc.secret").write_bytes(secret)
    (folder / "psc.secret").chmod(0o600)
    return registrations(folder / "issuers.toml", ROLES)


def test_an_issuer_is_read_with_its_secret(tmp_path: Path) -> None:
    [registration] = read(tmp_path, ONE)
    assert registration.issuer.discovery_address == (
        "https://issuer.example/realms/one/.well-known/openid-configuration"
    )
    form, headers = registration.credential.proof("x", "egide", None)  # type: ignore[arg-type]
    assert form == {"client_id": "egide", "client_secret": "a-secret"}
    assert headers == {}
    assert "a-secret" not in repr(registration)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"https://issuer.example/realms/one"', '"http://issuer.example/realms/one"', "issuer"),
        ('"https://issuer.example/realms/one"', '"https://a:b@issuer.example/"', "issuer"),
        ('"https://issuer.example/realms/one"', '"https://issuer.example/?a=b"', "issuer"),
        ('["RS256"]', '["RS256", "HS256"]', "algorithms"),
        ('["RS256"]', '["none"]', "algorithms"),
        ('["RS256"]', "[]", "algorithms"),
        ('ask = "eidas1"', 'ask = "eidas2"', "ask"),
        ("assurance = 2", "assurance = 3", "assurance"),
        ('"plain"', '"encrypted"', "userinfo"),
        ('name = "psc"', 'name = "../psc"', "name"),
        ('name = "psc"', 'name = "psc"\nsecret = "x"', "secret"),
        ('name = "psc"', 'name = "psc"\nhosts = ["https://x"]', "hosts"),
        ('name = "psc"', 'name = "psc"\ndiscovery = "//evil.example/x"', "discovery"),
        ('name = "psc"', 'name = "psc"\nscopes = ["profile"]', "scopes"),
        ('name = "psc"', 'name = "psc"\nmax_age = -1', "max_age"),
        ('name = "psc"', 'name = "psc"\nestablishments = { "x" = "y" }', "establishments"),
        ('profession = ["10"]', "", "condition"),
        ('roles = ["clinician"]', "roles = []", "role"),
        ('roles = ["clinician"]', 'roles = ["king"]', "role there is not"),
        ('kind = "professional"', 'kind = "citizen"', "roles"),
        ('client_id = "egide"', "", "client_id"),
        ('name = "psc"', 'name = "psc"\nencryption = { file = "psc.secret" }', "encryption"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in ONE
    with pytest.raises(Incorrect, match=told):
        read(tmp_path, ONE.replace(old, new))


def test_no_issuer_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    for text in ("issuer = []", ONE + ONE, "", "issuer = 7", "[[issuer", "="):
        with pytest.raises(Incorrect, match="EGIDE_FEDERATION"):
            read(tmp_path, text)


def test_a_secret_others_can_read_is_refused(tmp_path: Path) -> None:
    read(tmp_path, ONE)
    for mode in (0o640, 0o604, 0o644):
        (tmp_path / "psc.secret").chmod(mode)
        with pytest.raises(Incorrect, match="others can read"):
            registrations(tmp_path / "issuers.toml", ROLES)


def test_a_secret_that_is_a_link_or_missing_is_refused(tmp_path: Path) -> None:
    read(tmp_path, ONE)
    (tmp_path / "psc.secret").rename(tmp_path / "elsewhere")
    with pytest.raises(Incorrect, match="cannot be read"):
        registrations(tmp_path / "issuers.toml", ROLES)
    (tmp_path / "psc.secret").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Incorrect, match="cannot be read"):
        registrations(tmp_path / "issuers.toml", ROLES)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Incorrect, match="cannot be read"):
        registrations(tmp_path / "none.toml", ROLES)


@pytest.mark.parametrize(
    ("algorithm", "key", "good"),
    [
        ("ES256", ECKey.generate_key("P-256").as_pem(private=True), True),
        ("RS256", RSAKey.generate_key(2048).as_pem(private=True), True),
        ("ES256", ECKey.generate_key("P-256").as_pem(private=False), False),
        ("ES256", ECKey.generate_key("P-384").as_pem(private=True), False),
        ("ES256", RSAKey.generate_key(2048).as_pem(private=True), False),
        ("RS256", ECKey.generate_key("P-256").as_pem(private=True), False),
        ("ES256", b"a secret", False),
        ("ES256", b"", False),
    ],
)
def test_a_signed_proof_needs_a_private_key_of_its_algorithm(
    algorithm: str, key: bytes, good: bool
) -> None:
    authentication = Authentication("private_key_jwt", "unread", algorithm=algorithm)
    if good:
        assert "PRIVATE" not in repr(credential(authentication, key))
        return
    with pytest.raises(ValueError, match="key"):
        credential(authentication, key)


def test_a_symmetric_algorithm_signs_no_proof() -> None:
    with pytest.raises(ValueError, match="algorithm"):
        Authentication("private_key_jwt", "unread", algorithm="HS256")


@pytest.mark.parametrize("raw", [b"", b"  \n", b"two\nlines", b"\xff"])
def test_what_is_no_secret_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(Incorrect, match="does not hold what client_secret_post needs"):
        read(tmp_path, ONE, raw)


def test_a_key_to_encrypt_to_is_private_and_of_its_algorithm(tmp_path: Path) -> None:
    text = ONE.replace('"plain"', '"signed"').replace(
        'name = "psc"', 'name = "psc"\nencryption = { file = "enc.pem" }'
    )
    path = tmp_path / "enc.pem"
    for key in (RSAKey.generate_key(2048), ECKey.generate_key()):
        path.write_bytes(key.as_pem(private=False))
        path.chmod(0o600)
        with pytest.raises(Incorrect, match="does not hold what ECDH-ES needs"):
            read(tmp_path, text)
    path.write_bytes(ECKey.generate_key().as_pem(private=True))
    [registration] = read(tmp_path, text)
    assert registration.recipient is not None
    assert repr(registration.recipient) == "Recipient(…)"
    path.chmod(0o644)
    with pytest.raises(Incorrect, match="others can read"):
        read(tmp_path, text)


def test_a_credential_is_not_copied() -> None:
    made = credential(Authentication("client_secret_post", "unread"), b"x")
    with pytest.raises(Fault):
        made.__reduce__()


@pytest.mark.parametrize(
    ("address", "secure"),
    [
        ("https://a.example", True),
        ("https://a.example:8443/x?y=z", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:80/x", True),
        ("http://a.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("https://user@a.example", False),
        ("https://a.example#x", False),
        ("https://a.example\\@b.example", False),
        ("https://a.example:port", False),
        ("https:///x", False),
        ("https://é.example", False),
        ("https://a.example/ x", False),
        ("ftp://a.example", False),
        ("//a.example", False),
        ("", False),
    ],
)
def test_an_address_is_secure_when_it_is_https_or_here(address: str, secure: bool) -> None:
    assert is_secure(address) is secure


def test_endpoints_are_on_the_host_of_the_issuer_or_a_listed_one(tmp_path: Path) -> None:
    [registration] = read(
        tmp_path, ONE.replace('name = "psc"', 'name = "psc"\nhosts = ["wallet.example:8443"]')
    )
    issuer = registration.issuer
    for good in (
        "https://issuer.example/token",
        "https://ISSUER.example:443/token",
        "https://wallet.example:8443/",
    ):
        assert issuer.allows(good)
    for bad in (
        "https://wallet.example/",
        "https://issuer.example:444/token",
        "https://evil-issuer.example/",
        "https://issuer.example.evil.example/",
        "https://sub.issuer.example/",
        "http://issuer.example/token",
    ):
        assert not issuer.allows(bad)


def examples() -> list[Any]:
    """The configurations the guide shows."""
    page = (Path(__file__).parents[4] / "docs/guides/federation.md").read_text("utf-8")
    return [block.partition("```")[0] for block in page.split("```toml\n")[1:]]


@pytest.mark.parametrize("example", examples())
def test_the_configurations_of_the_guide_are_taken(tmp_path: Path, example: str) -> None:
    for issuer in tomllib.loads(example)["issuer"]:
        authentication = issuer["authentication"]
        signs = authentication["method"] == "private_key_jwt"
        path = tmp_path / authentication["file"]
        path.write_bytes(ECKey.generate_key().as_pem(private=True) if signs else b"secret")
        path.chmod(0o600)
    (tmp_path / "issuers.toml").write_text(example, "utf-8")
    assert registrations(tmp_path / "issuers.toml", ROLES)


def test_the_guide_shows_configurations() -> None:
    assert len(examples()) >= 2
