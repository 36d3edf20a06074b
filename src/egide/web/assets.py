"""The files a page loads: its stylesheet and the script of passkeys, each under its own digest."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files

from egide.errors import NotFound
from egide.http import Response
from egide.web.policy import FILE

_MEDIA = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
}


class Assets:
    """The files of `static/`, read once. `egide.css` is at `/static/egide.0123456789abcdef.css`."""

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        """`contents`: name → bytes, in place of the files that come with the program."""
        self._address: dict[str, str] = {}
        self._answers: dict[str, Response] = {}
        for name, content in (contents if contents is not None else _shipped()).items():
            stem, _, ending = name.rpartition(".")
            hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
            self._address[name] = f"/static/{hashed}"
            self._answers[hashed] = Response(200, content, FILE, _MEDIA[ending])

    def address(self, name: str) -> str:
        """Where `name` is served. Raises KeyError: a template names a file there is not."""
        return self._address[name]

    def answer(self, hashed: str) -> Response:
        """The file under its hashed name. Raises NotFound, for an old digest too."""
        found = self._answers.get(hashed)
        if found is None:
            raise NotFound("there is no such file")
        return found


def _shipped() -> dict[str, bytes]:
    folder = files("egide.web") / "static"
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
