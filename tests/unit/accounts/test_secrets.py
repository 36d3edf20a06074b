"""Secrets: 256 bits, recognisable, kept as a digest."""

from egide.accounts.secrets import (
    ACCESS_TOKEN,
    CLIENT_ID,
    NEVER,
    digest,
    new_access_token,
    new_client_id,
    new_client_secret,
    same,
)


def test_access_tokens_have_a_prefix_and_256_bits() -> None:
    tokens = {new_access_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert ACCESS_TOKEN.fullmatch(token)
        assert len(token) == 4 + 43


def test_a_client_s_name_and_secret_look_different_from_an_access_token() -> None:
    assert CLIENT_ID.fullmatch(new_client_id())
    assert new_client_secret().startswith("egs_")
    assert not ACCESS_TOKEN.fullmatch(new_client_secret())


def test_only_the_secret_itself_is_the_same() -> None:
    secret = new_client_secret()
    assert same(secret, digest(secret))
    assert not same(secret + "a", digest(secret))
    assert not same("", digest(secret))


def test_nothing_is_the_secret_of_an_unknown_client() -> None:
    assert not same("", NEVER)
    assert not same("\udcff", NEVER)


def test_a_digest_has_32_bytes() -> None:
    assert len(digest("")) == len(NEVER) == 32
