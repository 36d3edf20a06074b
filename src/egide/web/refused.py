"""What a form is told when it is not taken: a code its page has words for, a status, a wait."""

from dataclasses import dataclass

from egide.accounts.people import SignInRefused
from egide.errors import Busy
from egide.http import Header


@dataclass(frozen=True, slots=True)
class Refused:
    """`why` is the code ("": nothing was refused), `seconds` how long to wait.

    403 for what was wrong: 401 would ask for a scheme of HTTP authentication, and there is none.
    """

    why: str = ""
    status: int = 200
    seconds: int = 0

    @property
    def headers(self) -> list[Header]:
        """How long to wait, for programs."""
        return [(b"retry-after", b"%d" % self.seconds)] if self.seconds else []


NOTHING = Refused()


def of(error: SignInRefused | Busy) -> Refused:
    """`wrong`, whatever it was, or `busy`."""
    if isinstance(error, Busy):
        return Refused("busy", 429, max(1, round(getattr(error, "retry_after", 1))))
    return Refused("wrong", 403)
