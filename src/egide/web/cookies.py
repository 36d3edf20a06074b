"""The cookies of a browser: https://www.rfc-editor.org/rfc/rfc6265 and the `__Host-` prefix.

Under https every name begins with `__Host-`: the browser then takes it only from this very host,
over https, for every path, so that no neighbour under the same domain can plant one. Over plain
http on the loopback, where browsers refuse that prefix, the names go without it and without
`Secure`; over plain http from elsewhere there are no pages at all (`egide.web.door`).
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from egide.http import Header

Name = Literal["session", "visit", "ceremony", "enrolment", "issuer", "device", "language"]
"""`session`: a person signed in; `visit`: a browser before that; `ceremony`: a sign-in half done;
`enrolment`: a link that was followed; `issuer`: a sign-in at an identity issuer; `device`: a
browser known again; `language`: what it reads in."""

_VALUE = re.compile(r"[A-Za-z0-9\-._~]{1,512}")


@dataclass(slots=True)
class Cookies:
    """What a browser brought, and what it will be told to keep.

    Values are of URL-safe characters only; what is not is as if it were absent, and writing one
    raises ValueError, so that a value can never end a header.
    """

    received: dict[str, str]
    secure: bool
    _set: dict[Name, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, header: bytes | None, *, secure: bool) -> "Cookies":
        """From the Cookie header. A name that is there twice is as if it were absent."""
        received: dict[str, str] = {}
        twice: set[str] = set()
        for part in (header or b"").decode("latin-1").split(";"):
            name, _, value = part.strip().partition("=")
            if name in received:
                twice.add(name)
            if _VALUE.fullmatch(value):
                received[name] = value
        return cls({name: value for name, value in received.items() if name not in twice}, secure)

    def get(self, name: Name) -> str | None:
        """The value the browser brought."""
        return self.received.get(self._full(name))

    def put(self, name: Name, value: str, *, seconds: int | None = None) -> None:
        """Have the browser keep it; `seconds` None: until it is closed."""
        if not _VALUE.fullmatch(value):
            raise ValueError("not a value for a cookie")
        age = "" if seconds is None else f"; Max-Age={seconds}"
        self._set[name] = self._line(name, value, age)
        self.received[self._full(name)] = value

    def drop(self, name: Name) -> None:
        """Have the browser forget it."""
        self._set[name] = self._line(name, "", "; Max-Age=0")
        self.received.pop(self._full(name), None)

    @property
    def headers(self) -> list[Header]:
        """What the answer has to say."""
        return [(b"set-cookie", line) for line in self._set.values()]

    def _full(self, name: Name) -> str:
        return f"__Host-egide-{name}" if self.secure else f"egide-{name}"

    def _line(self, name: Name, value: str, age: str) -> bytes:
        secure = "; Secure" if self.secure else ""
        line = f"{self._full(name)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}"
        return line.encode("ascii")
