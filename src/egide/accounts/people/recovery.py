"""Recovery codes: 80 random bits each, in letters and digits nobody mixes up.

https://www.crockford.com/base32.html. Such a code is good once, in place of a TOTP code; it cannot
be guessed, so no wait ever stands before a right one.
"""

import re
import secrets

COUNT = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011")
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}", re.ASCII)
_SPACE = re.compile(r"[\s\-]+")


def new_codes() -> tuple[str, ...]:
    """Ten codes such as `7K3M-Q0RT-XW2B-9FHD`."""
    return tuple(_written("".join(secrets.choice(_ALPHABET) for _ in range(16)))
                 for _ in range(COUNT))  # fmt: skip


def plain_code(code: str) -> str | None:
    """The one spelling of a typed code; None when it is none."""
    plain = _SPACE.sub("", code[:60]).upper().translate(_READ_AS)
    return plain if _CODE.fullmatch(plain) else None


def _written(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, 16, 4))
