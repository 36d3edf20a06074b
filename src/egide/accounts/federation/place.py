"""Local paths, where a log-in may lead back to: nothing else, so that nobody is led elsewhere."""

import re
from urllib.parse import unquote

from egide.errors import Incorrect

_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)


def local(path: str) -> str:
    """`path`, if it leads to a page of this server: absolute, without host, at most 2,000 signs.

    Raises Incorrect for anything a browser could read as another place, encoded or not.
    """
    plain = unquote(path)
    if (
        len(path) > 2000
        or not _LOCAL.fullmatch(path)
        or plain.startswith(("//", "/\\"))
        or "\\" in plain
        or any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in plain)
    ):
        raise Incorrect("The place to return to is not a page of this server")
    return path
