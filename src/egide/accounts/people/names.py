"""Login names, names shown, and names given to passkeys: what they may look like."""

import re
import unicodedata

from egide.errors import Incorrect

_LOGIN = re.compile(r"[^\s\x00-\x1f\x7f]{2,100}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")


def plain_login(login: str) -> str:
    """The one spelling of a login name: NFKC, folded case, no space around."""
    folded = unicodedata.normalize("NFKC", login[:400]).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def checked_login(login: str) -> str:
    """`login` in its one spelling. Raises Incorrect."""
    plain = plain_login(login)
    if not _LOGIN.fullmatch(plain) or plain.isdigit():
        raise Incorrect(
            "A login name has 2 to 100 characters, no space among them, and is not a number"
        )
    return plain


def checked_name(name: str) -> str:
    """`name` without space around. Raises Incorrect."""
    shown = unicodedata.normalize("NFC", name).strip()
    if not _NAME.fullmatch(shown):
        raise Incorrect("A name has 1 to 100 characters, none of them a control character")
    return shown
