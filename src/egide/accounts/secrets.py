"""Secrets and access tokens: 256 random bits, told once, kept as SHA-256.

A hash without salt or stretching is enough, and constant in time, because nothing of 256 random
bits can be guessed; passwords of people are another matter: `people.passwords`.
"""

import hmac
import re
import secrets
from hashlib import sha256

ACCESS_TOKEN = re.compile(r"egd_[A-Za-z0-9\-_]{43}", re.ASCII)
CLIENT_ID = re.compile(r"client-[0-9a-f]{16}", re.ASCII)
LINK = re.compile(r"egl_[A-Za-z0-9\-_]{43}", re.ASCII)
COOKIE = re.compile(r"egc_[A-Za-z0-9\-_]{43}", re.ASCII)


def new_access_token() -> str:
    """`egd_` and 256 bits in base64url: the prefix lets secret scanners find a leaked one."""
    return f"egd_{secrets.token_urlsafe(32)}"


def new_client_secret() -> str:
    """`egs_` and 256 bits in base64url."""
    return f"egs_{secrets.token_urlsafe(32)}"


def new_code() -> str:
    """`ega_` and 256 bits in base64url: an authorization code."""
    return f"ega_{secrets.token_urlsafe(32)}"


def new_refresh_token() -> str:
    """`egr_` and 256 bits in base64url."""
    return f"egr_{secrets.token_urlsafe(32)}"


def new_launch() -> str:
    """`ego_` and 256 bits in base64url: an application is opened with it."""
    return f"ego_{secrets.token_urlsafe(32)}"


def new_client_id() -> str:
    return f"client-{secrets.token_hex(8)}"


def digest(secret: str) -> bytes:
    """What is stored and compared: 32 bytes."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def same(secret: str, stored: bytes) -> bool:
    """Whether `secret` is the one behind `stored`, in constant time."""
    return hmac.compare_digest(digest(secret), stored)


NEVER = bytes(32)
"""A digest no secret has: what an unknown client's secret is compared with."""


def new_link() -> str:
    """The secret part of a one-time link: `egl_` and 256 bits in base64url."""
    return f"egl_{secrets.token_urlsafe(32)}"


def new_cookie() -> str:
    """The value of a cookie (session, pre-session, device): `egc_` and 256 bits in base64url."""
    return f"egc_{secrets.token_urlsafe(32)}"
