"""Proof Key for Code Exchange: the code is worth nothing without what only its asker knows.

https://www.rfc-editor.org/rfc/rfc7636. S256 only: SMART App Launch 2.2 forbids `plain`.
"""

import base64
import hmac
import re
from hashlib import sha256

METHODS = ("S256",)
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)


def challenged(challenge: str | None, method: str | None) -> bool:
    """Whether a request carries a challenge we take; no method means `plain`: §4.3."""
    return challenge is not None and method in METHODS and bool(_CHALLENGE.fullmatch(challenge))


def challenge_of(verifier: str) -> str:
    """BASE64URL(SHA256(ASCII(verifier))): §4.2."""
    return base64.urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")


def verified(verifier: str | None, challenge: str) -> bool:
    """Whether `verifier` is the one behind `challenge`: §4.6."""
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
