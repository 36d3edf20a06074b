"""How OAuth says no: to the application, to the person at the page, back to where he came from.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 and #section-5.2.
"""

from collections.abc import Sequence

from egide.errors import EgideError, Incorrect
from egide.http.response import Header


class GrantRefused(EgideError):
    """What an application asked of its own accord is refused, in the words of RFC 6749 §5.2."""

    category = "incorrect"

    def __init__(
        self, error: str, description: str, status: int = 400, headers: Sequence[Header] = ()
    ) -> None:
        super().__init__(description)
        self.error = error
        self.status = status
        self.headers = tuple(headers)


class UntrustedRequest(Incorrect):
    """Nobody knows whose request this is or where its answer may go: show it, redirect nowhere.

    `error` is a code: `unknown-application`, `redirect-missing`, `redirect-unknown`, `unreadable`.
    """

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


class SentBack(Incorrect):
    """The request is refused, and its application hears of it at `location`: answer 303 to there.

    `error` is one of RFC 6749 §4.1.2.1.
    """

    def __init__(self, error: str, message: str, location: str) -> None:
        super().__init__(message)
        self.error = error
        self.location = location
