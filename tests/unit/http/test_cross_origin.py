"""Which calls a site's program may make, and that nothing of a person's session is in reach."""

import pytest
from tests.unit.http.asking import ask

from egide.errors import Unauthenticated
from egide.http import Entrance, Request, Response
from egide.telemetry import Metrics

ORIGIN = (b"origin", b"https://app.example.org")
ASKS = (b"access-control-request-method", b"GET")


async def refuse(request: Request) -> Response:
    raise Unauthenticated("This request carries no access token")


async def page(request: Request) -> Response:
    return Response(200, b"page", [], b"text/html")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sign-in",
        "/oauth/authorize",
        "/oauth/consent",
        "/oauth/register",
        "/metrics",
        "/fhirx",
        "/%66hir/Patient",
        "//fhir/Patient",
        "/oauth/token/../consent",
    ],
)
async def test_pages_and_forms_are_not_for_other_sites(path: str) -> None:
    entrance = Entrance(page, metrics=Metrics())
    for method, headers in (("GET", [ORIGIN]), ("OPTIONS", [ORIGIN, ASKS])):
        answer = await ask(entrance, method, path, headers)
        assert not [name for name in answer.headers if name.startswith(b"access-control")]


@pytest.mark.parametrize("path", ["/fhir", "/fhir/Patient/1", "/oauth/token", "/.well-known/x"])
async def test_what_an_access_token_opens_may_be_called_and_never_with_cookies(path: str) -> None:
    entrance = Entrance(refuse, metrics=Metrics())
    preflight = await ask(entrance, "OPTIONS", path, [ORIGIN, ASKS])
    assert preflight.status == 204
    assert b"authorization" in preflight.headers[b"access-control-allow-headers"]
    answer = await ask(entrance, "GET", path, [ORIGIN])
    assert answer.status == 401
    for each in (preflight, answer):
        assert each.headers[b"access-control-allow-origin"] == b"*"
        assert b"access-control-allow-credentials" not in each.headers


async def test_who_is_not_on_a_site_hears_nothing_of_it() -> None:
    entrance = Entrance(refuse, metrics=Metrics())
    answer = await ask(entrance, "GET", "/fhir/Patient/1")
    assert not [name for name in answer.headers if name.startswith(b"access-control")]
    assert (await ask(entrance, "OPTIONS", "/fhir/Patient/1")).status == 401
    assert (await ask(entrance, "OPTIONS", "/fhir/Patient/1", [ORIGIN])).status == 401
