"""Vectors of RFC 7636: what is refused, and its appendix B."""

import pytest

from egide.api.smart.pkce import challenge_of, challenged, verified

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (None, None),
        (None, "S256"),
        (CHALLENGE, None),  # no method means plain
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        (CHALLENGE, "S512"),
        ("", "S256"),
        (CHALLENGE[:-1], "S256"),
        (CHALLENGE + "A", "S256"),
        (CHALLENGE + "=", "S256"),
        (CHALLENGE[:-1] + "+", "S256"),
        (CHALLENGE[:-1] + "é", "S256"),
    ],
)
def test_a_challenge_that_is_missing_plain_or_no_digest_is_refused(
    challenge: str | None, method: str | None
) -> None:
    assert not challenged(challenge, method)


@pytest.mark.parametrize(
    "verifier",
    [
        None,
        "",
        CHALLENGE,  # who saw the challenge knows nothing
        VERIFIER[:-1],
        VERIFIER + "A",
        VERIFIER.lower(),
        VERIFIER[:42],
        VERIFIER + "A" * 86,
        VERIFIER[:-1] + "é",
        VERIFIER[:-1] + "+",
        VERIFIER + "\n",
    ],
)
def test_a_verifier_that_is_not_the_one_is_refused(verifier: str | None) -> None:
    assert not verified(verifier, CHALLENGE)


def test_the_example_of_appendix_b_holds() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    assert challenged(CHALLENGE, "S256")
    assert verified(VERIFIER, CHALLENGE)


def test_the_longest_and_shortest_verifiers_are_taken() -> None:
    for verifier in ("a" * 43, "~" * 128):
        assert verified(verifier, challenge_of(verifier))
