"""Codes of six digits that change every 30 seconds: TOTP.

https://www.rfc-editor.org/rfc/rfc6238. One step of difference between clocks is forgiven, and a
step serves once (section 5.2).
"""

import hmac
import re
from datetime import datetime

import pyotp

from egide.accounts.people.entries import NewTotp

ISSUER = "Égide"
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_SPACE = re.compile(r"[\s\-]+")


def new_secret(login: str) -> NewTotp:
    """160 random bits, and the URI that carries them to an authenticator."""
    secret = pyotp.random_base32()
    return NewTotp(secret, pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER))


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step `code` belongs to, at most one away from now; None when it is wrong."""
    plain = _SPACE.sub("", code[:20])
    if not _CODE.fullmatch(plain):
        return None
    totp = pyotp.TOTP(secret)
    present = totp.timecode(now)
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp.generate_otp(step), plain):
            found = step
    return found
