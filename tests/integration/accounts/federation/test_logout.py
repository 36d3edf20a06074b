"""Logging out at the issuer too."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from tests.integration.accounts.federation.conftest import World

BYE = "https://egide.example/bye"


async def test_leaving_leads_to_the_issuer_with_the_id_token_once(psc: World) -> None:
    identity = await psc.log_in()
    await psc.federation.opened(7, identity, psc.now() + timedelta(hours=8))
    url = await psc.federation.leave(7, BYE)
    assert url is not None
    assert url.startswith(f"{psc.issuer.address}/logout?")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["id_token_hint"] == identity.id_token
    assert (asked["post_logout_redirect_uri"], asked["client_id"]) == (BYE, "egide")
    assert await psc.federation.leave(7, BYE) is None


async def test_a_session_of_no_issuer_leads_nowhere(psc: World) -> None:
    assert await psc.federation.leave(8, BYE) is None


async def test_an_issuer_without_a_place_to_log_out_leads_nowhere(psc: World) -> None:
    psc.issuer.spoil_metadata = lambda said: said.pop("end_session_endpoint")
    await psc.federation.opened(7, await psc.log_in(), psc.now() + timedelta(hours=8))
    assert await psc.federation.leave(7, BYE) is None


async def test_nothing_is_kept_for_an_issuer_whose_logout_is_off(psc: World) -> None:
    psc.configure(logout=False)
    identity = await psc.log_in()
    assert identity.id_token == ""
    await psc.federation.opened(7, identity, psc.now() + timedelta(hours=8))
    assert await psc.scalar("select count(*) from federation_session") == 0


async def test_an_issuer_that_cannot_be_reached_does_not_hold_up_a_log_out(psc: World) -> None:
    await psc.federation.opened(7, await psc.log_in(), psc.now() + timedelta(hours=8))
    psc.configure(issuer="http://127.0.0.1:1")
    assert await psc.federation.leave(7, BYE) is None


async def test_sessions_that_are_over_are_swept_away(psc: World) -> None:
    await psc.federation.opened(7, await psc.log_in(), psc.now() + timedelta(hours=8))
    psc.ahead = timedelta(hours=9)
    await psc.federation.sweep()
    assert await psc.scalar("select count(*) from federation_session") == 0
