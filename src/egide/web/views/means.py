"""Setting up means to sign in: the same pages while enrolling and in one's account."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from egide.accounts.people import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    Enrolling,
    Holder,
    Means,
    SignInRefused,
    WeakPassword,
)
from egide.errors import Busy, Conflict, Incorrect
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.ceremony import options
from egide.web.qr import drawing
from egide.web.refused import NOTHING, Refused, of
from egide.web.sending import see_other
from egide.web.site import Site
from egide.web.visit import Visit

_URI = re.compile(r"otpauth://totp/[!-~]{1,400}")
_SECRET = re.compile(r"[?&]secret=([A-Z2-7]{16,128})(?:&|\Z)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where means are set up: `home` is its first page, `value` the cookie of `holder`."""

    home: str
    holder: Holder
    value: str
    means: Means

    @property
    def enrolling(self) -> bool:
        """Whether the account is not in use yet."""
        return isinstance(self.holder, Enrolling)


Find = Callable[[Site, Visit], Awaitable[Place]]
"""The place of a visit. Raises LinkRefused or StepUpNeeded."""

View = Callable[[Find, Site, Visit], Awaitable[Response]]


def routes(home: str, find: Find) -> tuple[Route, ...]:
    """The pages under `home`."""

    def both(ask: View, take: View) -> dict[str, Answer]:
        return {"GET": Answer(partial(ask, find)), "POST": Answer(partial(take, find))}

    return (
        Route(f"{home}/passkey", both(ask_passkey, take_passkey)),
        Route(f"{home}/password", both(ask_password, take_password)),
        Route(f"{home}/authenticator", both(ask_authenticator, take_authenticator)),
        Route(f"{home}/codes", both(ask_codes, make_codes)),
    )


async def ask_passkey(find: Find, site: Site, visit: Visit) -> Response:
    """A new passkey."""
    return await _passkey(site, visit, await find(site, visit))


async def take_passkey(find: Find, site: Site, visit: Visit) -> Response:
    """The browser's answer with the new passkey, and its name."""
    place = await find(site, visit)
    said, name = visit.form.get("response", ""), visit.form.get("name", "").strip()
    try:
        await site.people.means.finish_passkey(place.holder, said, name)
    except (SignInRefused, Busy) as error:
        return await _passkey(site, visit, place, name, of(error))
    except Incorrect:
        return await _passkey(site, visit, place, name, Refused("name", 422))
    except Conflict:
        return await _passkey(site, visit, place, name, Refused("many", 409))
    return see_other(place.home)


async def ask_password(find: Find, site: Site, visit: Visit) -> Response:
    """A password, new or changed."""
    return _password(site, visit, await find(site, visit))


async def take_password(find: Find, site: Site, visit: Visit) -> Response:
    """The password, typed once: browsers show it and keep it."""
    place = await find(site, visit)
    try:
        await site.people.means.set_password(place.holder, visit.form.get("password", ""))
    except WeakPassword as error:
        return _password(site, visit, place, Refused(error.reason, 422))
    return see_other(place.home if place.means.totp else f"{place.home}/authenticator")


async def ask_authenticator(find: Find, site: Site, visit: Visit) -> Response:
    """A secret for an authenticator, as a QR code and in letters."""
    place = await find(site, visit)
    new = await site.people.means.begin_totp(place.holder)
    return _authenticator(site, visit, place, new.uri)


async def take_authenticator(find: Find, site: Site, visit: Visit) -> Response:
    """A code that proves the secret is in the authenticator."""
    place = await find(site, visit)
    code, uri = visit.form.get("code", "").replace(" ", ""), visit.form.get("uri", "")
    try:
        await site.people.means.finish_totp(place.holder, code)
    except (SignInRefused, Busy) as error:
        if not _URI.fullmatch(uri) or not _SECRET.search(uri):
            return see_other(f"{place.home}/authenticator")
        return _authenticator(site, visit, place, uri, of(error))
    return see_other(place.home if place.means.codes else f"{place.home}/codes")


async def ask_codes(find: Find, site: Site, visit: Visit) -> Response:
    """What recovery codes are, and a button that makes them."""
    place = await find(site, visit)
    if not place.means.totp:
        return see_other(place.home)
    return site.pages.answer(visit, "codes.html", at=place)


async def make_codes(find: Find, site: Site, visit: Visit) -> Response:
    """The codes, shown this once."""
    place = await find(site, visit)
    visit.here = f"{place.home}/codes"
    codes = await site.people.means.new_recovery_codes(place.holder)
    return site.pages.answer(visit, "codes_shown.html", at=place, codes=codes)


async def _passkey(
    site: Site, visit: Visit, place: Place, name: str = "", refused: Refused = NOTHING
) -> Response:
    visit.here = f"{place.home}/passkey"
    offered = await options(
        visit, lambda: site.people.means.begin_passkey(place.holder, place.value)
    )
    return site.pages.answer(
        visit,
        "passkey.html",
        refused=refused,
        script=offered is not None,
        at=place,
        options=offered,
        name=name,
    )


def _password(site: Site, visit: Visit, place: Place, refused: Refused = NOTHING) -> Response:
    visit.here = f"{place.home}/password"
    return site.pages.answer(
        visit,
        "password.html",
        refused=refused,
        at=place,
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )


def _authenticator(
    site: Site, visit: Visit, place: Place, uri: str, refused: Refused = NOTHING
) -> Response:
    visit.here = f"{place.home}/authenticator"
    secret = _SECRET.search(uri)
    return site.pages.answer(
        visit,
        "authenticator.html",
        refused=refused,
        at=place,
        uri=uri,
        secret=secret[1] if secret else "",
        qr=drawing(uri),
    )
