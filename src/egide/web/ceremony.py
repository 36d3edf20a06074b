"""Passkeys between our pages and the browser: https://www.w3.org/TR/webauthn-3/.

The options stand in the page, the browser's answer comes back as a field of its form: nothing is
fetched, so that a page with passkeys may connect to nothing.
"""

from collections.abc import Awaitable, Callable

import msgspec

from egide.accounts.people import Begun
from egide.errors import Unavailable
from egide.web.visit import Visit


async def options(visit: Visit, begin: Callable[[], Awaitable[Begun]]) -> str | None:
    """The options for a page, as JSON; None when passkeys cannot be used here.

    What the ceremony is bound to becomes a cookie of its own when it is not the session's.
    """
    try:
        begun = await begin()
    except Unavailable:
        return None
    if begun.value not in (visit.cookies.get("session"), visit.cookies.get("enrolment")):
        visit.cookies.put("ceremony", begun.value)
    return msgspec.json.encode(begun.options).decode()
