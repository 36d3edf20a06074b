"""Which passwords are taken: long enough, not common, not the login name.

https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver: no rule on kinds of characters, no
forced change; length, and a list of passwords that are tried first.
"""

import re
import unicodedata

from zxcvbn import zxcvbn

from egide.accounts.people.entries import LONGEST_PASSWORD, SHORTEST_PASSWORD, WeakPassword

_LOOKED_AT = 72
"""Characters of a password the estimate reads; a longer one is not weaker."""
_GUESSES = 10**8
"""A password found in fewer tries, by the estimate, is a common one."""


def normal(password: str) -> str:
    """The one form in which a password is hashed: NFC, cut just past the longest taken."""
    return unicodedata.normalize("NFC", password[: 4 * LONGEST_PASSWORD])[: LONGEST_PASSWORD + 1]


def checked_password(password: str, login: str, name: str) -> str:
    """`password` in its one form. Raises WeakPassword, saying why; takes milliseconds of work."""
    plain = normal(password)
    if len(plain) < SHORTEST_PASSWORD:
        raise WeakPassword("short")
    if len(plain) > LONGEST_PASSWORD:
        raise WeakPassword("long")
    rest = plain.casefold()
    for part in re.split(r"[\W_]+", f"{login} {name}".casefold()):
        if len(part) > 3:
            rest = rest.replace(part, "")
    if len(rest) < SHORTEST_PASSWORD // 2:
        raise WeakPassword("names")
    if _guesses(plain) < _GUESSES or (rest and rest != plain.casefold() and _guesses(rest) < 10**6):
        raise WeakPassword("common")
    return plain


def _guesses(text: str) -> float:
    return float(zxcvbn(text[:_LOOKED_AT])["guesses"])
