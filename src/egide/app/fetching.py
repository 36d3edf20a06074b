"""Requests to the outside, for who may make them: bounded, without redirects or cookies.

Certificates are checked against the machine's trust store. Proxies and settings of the environment
are not used: what may be asked is decided by the configuration of who asks.

Invariants: an answer that is too large or too slow is not waited for
(test_an_answer_that_is_too_large_is_given_up, test_an_answer_that_does_not_end_is_given_up); a
redirect is an answer like another (test_a_redirect_is_not_followed).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2

from egide.accounts.federation import Answer, Fetch, Unreachable
from egide.app.places import Places

CONNECTIONS = 20


@asynccontextmanager
async def fetching(
    places: Places | None = None, *, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Fetch]:
    """A `Fetch` over one pool of connections, which is closed at the end.

    `places`: where requests may go, for addresses that others chose (None: anywhere); `trust`: what
    certificates are checked against in place of the machine's trust store.
    """
    # A connection is known by the network address: kept, it would do for another name there, whose
    # certificate nobody looked at.
    kept = 4 if places is None else 0
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=kept)
    async with httpx2.AsyncClient(
        verify=True if trust is None else trust,
        trust_env=False,
        follow_redirects=False,
        limits=limits,
    ) as client:

        async def fetch(
            url: str,
            *,
            form: Mapping[str, str] | None = None,
            headers: Mapping[str, str] | None = None,
            most: int,
            seconds: float,
        ) -> Answer:
            client.cookies.clear()
            try:
                async with asyncio.timeout(seconds):
                    place = None if places is None else await places.pinned(url)
                    asking = client.build_request(
                        "GET" if form is None else "POST",
                        url if place is None else place.url,
                        data=None if form is None else dict(form),
                        headers={
                            "accept-encoding": "identity",
                            **(headers or {}),
                            **({} if place is None else {"host": place.host}),
                        },
                        extensions=None if place is None else {"sni_hostname": place.name},
                    )
                    return await _answer(client, asking, most)
            except TimeoutError:
                raise Unreachable("slow") from None
            except httpx2.TimeoutException:
                raise Unreachable("slow") from None
            except (httpx2.HTTPError, httpx2.InvalidURL):
                raise Unreachable("network") from None

        yield fetch


async def _answer(client: httpx2.AsyncClient, asking: httpx2.Request, most: int) -> Answer:
    answer = await client.send(asking, stream=True)
    try:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Unreachable("too-large")  # how large it would become is not known
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > most:
                raise Unreachable("too-large")
    finally:
        await answer.aclose()
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    fresh = _fresh(answer.headers.get("cache-control", ""))
    return Answer(answer.status_code, media, bytes(body), fresh)


def _fresh(said: str) -> int | None:
    """For how many seconds an answer may be kept; None: it does not say.

    https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2
    """
    directives = [each.strip().lower() for each in said.split(",")]
    if "no-store" in directives or "no-cache" in directives:
        return 0
    for each in directives:
        name, _, seconds = each.partition("=")
        if name == "max-age" and seconds.isdecimal() and len(seconds) < 10:
            return int(seconds)
    return None
