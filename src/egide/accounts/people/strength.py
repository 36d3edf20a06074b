"""Which passwords are taken: long enough, not common, not the login name.

https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver: no rule on kinds of characters, no
forced change; length, and a list of passwords that are tried first.
"""

import re
import unicodedata

from zxcvbn import zxcvbn

from egide.errors import Incorrect

SHORTEST = 12
LONGEST = 256
_LOOKED_AT = 72
"""Characters of a password the estimate reads; a longer one is not weaker."""
_GUESSES = 10**8
"""A password found in fewer tries, by the estimate, is a common one."""


def normal(password: str) -> str:
    """The one form in which a password is hashed: NFC, cut just past the longest taken."""
    return unicodedata.normalize("NFC", password[: 4 * LONGEST])[: LONGEST + 1]


def checked_password(password: str, login: str, name: str) -> str:
    """`password` in its one form. Raises Incorrect, saying why; takes milliseconds of work."""
    plain = normal(password)
    if len(plain) < SHORTEST:
        raise Incorrect(f"A password has at least {SHORTEST} characters")
    if len(plain) > LONGEST:
        raise Incorrect(f"A password has at most {LONGEST} characters")
    rest = plain.casefold()
    for part in re.split(r"[\W_]+", f"{login} {name}".casefold()):
        if len(part) > 3:
            rest = rest.replace(part, "")
    if len(rest) < SHORTEST // 2:
        raise Incorrect("A password is not made of the login name or the name")
    if _guesses(plain) < _GUESSES or (rest and rest != plain.casefold() and _guesses(rest) < 10**6):
        raise Incorrect("This password is among the first that would be tried")
    return plain


def _guesses(text: str) -> float:
    return float(zxcvbn(text[:_LOOKED_AT])["guesses"])
