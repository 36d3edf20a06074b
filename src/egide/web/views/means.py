"""Setting up means to sign in: the same pages while enrolling and in one's account."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from egide.accounts.people import Holder, Means, SignInRefused
from egide.errors import Busy, Conflict, Incorrect
from egide.http import Response
from egide.http.routes import Answer, Route
from egide.web.ceremony import options
from egide.web.qr import drawing
from egide.web.sending import see_other
from egide.web.site import Site
from egide.web.visit import Visit
from egide.web.views.signing_in import refusal

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
        return self.holder.session == 0


Find = Callable[[Site, Visit], Awaitable[Place]]
"""The place of a visit. Raises LinkRefused or StepUpNeeded."""


def routes(home: str, find: Find) -> tuple[Route, ...]:
    """The pages under `home`."""

    def both(ask: object, take: object) -> dict[str, Answer]:
        return {
            "GET": Answer(partial(ask, find)),  # type: ignore[arg-type]
            "POST": Answer(partial(take, find)),  # type: ignore[arg-type]
        }

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
        return await _passkey(site, visit, place, name, **refusal(error))
    except Incorrect:
        return await _passkey(site, visit, place, name, refused="name", status=422)
    except Conflict:
        return await _passkey(site, visit, place, name, refused="many", status=409)
    return see_other(place.home)


async def ask_password(find: Find, site: Site, visit: Visit) -> Response:
    """A password, new or changed."""
    return _password(site, visit, await find(site, visit))


async def take_password(find: Find, site: Site, visit: Visit) -> Response:
    """The password, typed once: browsers show it and keep it."""
    place = await find(site, visit)
    try:
        await site.people.means.set_password(place.holder, visit.form.get("password", ""))
    except Incorrect as error:
        return _password(site, visit, place, error.issues[0].code, status=422)
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
        return _authenticator(site, visit, place, uri, **refusal(error))
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
    site: Site,
    visit: Visit,
    place: Place,
    name: str = "",
    refused: str | None = None,
    **more: object,
) -> Response:
    visit.here = f"{place.home}/passkey"
    offered = await options(
        visit, lambda: site.people.means.begin_passkey(place.holder, place.value)
    )
    more.pop("seconds", None)
    return site.pages.answer(
        visit,
        "passkey.html",
        script=offered is not None,
        at=place,
        options=offered,
        name=name,
        refused=refused,
        **more,  # type: ignore[arg-type]
    )


def _password(
    site: Site, visit: Visit, place: Place, refused: str | None = None, *, status: int = 200
) -> Response:
    visit.here = f"{place.home}/password"
    return site.pages.answer(visit, "password.html", status=status, at=place, refused=refused)


def _authenticator(
    site: Site, visit: Visit, place: Place, uri: str, refused: str | None = None, **more: object
) -> Response:
    visit.here = f"{place.home}/authenticator"
    secret = _SECRET.search(uri)
    more.pop("seconds", None)
    return site.pages.answer(
        visit,
        "authenticator.html",
        at=place,
        uri=uri,
        secret=secret[1] if secret else "",
        qr=drawing(uri),
        refused=refused,
        **more,  # type: ignore[arg-type]
    )
