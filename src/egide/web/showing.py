"""Means that are shown: what a form brings, and the session it opens or goes on with.

Signing in and showing again who one is differ in what is asked, not in what comes of the answer.
"""

from collections.abc import Awaitable, Callable

from egide.accounts.people import SignedIn, SignInRefused
from egide.errors import Busy
from egide.http import Response
from egide.web.refused import Refused, of
from egide.web.sending import onward
from egide.web.site import Site
from egide.web.visit import Visit

_DEVICE = 400 * 24 * 3600
"""Seconds a browser is known again: as long as browsers keep a cookie."""

Again = Callable[[Refused], Awaitable[Response]]
"""The page that asks once more, told why."""


async def shown(
    site: Site, visit: Visit, means: Awaitable[SignedIn], place: str, again: Again
) -> Response:
    """On to `place` when what was shown is right; else `again`."""
    try:
        keep(visit, await means)
    except (SignInRefused, Busy) as error:
        return await again(of(error))
    return onward(site, visit, place)


def code(visit: Visit) -> str:
    """The code that was typed, spaces and all."""
    return visit.form.get("code", "").replace(" ", "")


def keep(visit: Visit, entered: SignedIn) -> None:
    """The browser has a session from now on, under a value nobody had before."""
    visit.cookies.put("session", entered.value)
    visit.cookies.put("device", entered.device, seconds=_DEVICE)
    visit.cookies.drop("visit")
    visit.cookies.drop("ceremony")
