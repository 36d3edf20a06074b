"""Logging out at the issuer too."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.integration.accounts.federation.conftest import PROFESSIONAL, World

from egide.accounts.federation import FederationRefused
from egide.accounts.federation.claims import RECENT
from egide.errors import Unavailable

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


EVENTS = {"http://schemas.openid.net/event/backchannel-logout": {}}


def claims_of_logout(psc: World) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": psc.issuer.address,
        "aud": "egide",
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "events": EVENTS,
        "sub": psc.issuer.person["sub"],
    }


def logout_token(psc: World, **said: Any) -> str:
    """A logout token as the issuer makes it, but for what `said` changes (None: left out)."""
    claims = claims_of_logout(psc) | said
    kept = {name: value for name, value in claims.items() if value is not None}
    return psc.issuer.signed(kept, typ="logout+jwt")


async def ended(psc: World, token: str, **more: str) -> tuple[int, ...]:
    """The sessions a logout token ends, each of which ends well."""
    told: list[int] = []

    async def end(session: int) -> None:
        told.append(session)

    sessions = await psc.federation.ended("psc", token, end, **more)
    assert tuple(told) == sessions
    return sessions


async def with_sessions(psc: World) -> None:
    """Sessions 1 and 2 of one person under two sids, 3 of another person."""
    until = psc.now() + timedelta(hours=8)
    for session, sub, sid in ((1, "one", "a"), (2, "one", "b"), (3, "two", "a")):
        psc.issuer.person = PROFESSIONAL | {"sub": sub}
        psc.issuer.spoil_id_token = lambda claims, sid=sid: claims.update(sid=sid)
        await psc.federation.opened(session, await psc.log_in(), until)
    psc.issuer.person = PROFESSIONAL | {"sub": "one"}


async def test_the_issuer_ends_the_sessions_of_a_person(psc: World) -> None:
    await with_sessions(psc)
    assert set(await ended(psc, logout_token(psc))) == {1, 2}
    assert await ended(psc, logout_token(psc, jti="two")) == ()
    assert await psc.federation.leave(1, BYE) is None
    assert await psc.federation.leave(3, BYE) is not None


async def test_a_session_shown_again_at_another_issuer_is_ended_by_either(
    psc: World, fc: World
) -> None:
    """Whoever opened it, and whoever vouched for it later: the first is not forgotten."""
    until = psc.now() + timedelta(hours=8)
    for session in (7, 8):
        await psc.federation.opened(session, await psc.log_in(), until)
        await fc.federation.opened(session, await fc.log_in(), until)
    told: list[int] = []

    async def end(session: int) -> None:
        told.append(session)

    assert set(await ended(psc, logout_token(psc))) == {7, 8}
    token = fc.issuer.signed(claims_of_logout(fc), typ="logout+jwt")
    assert await fc.federation.ended("fc", token, end) == ()
    await psc.federation.opened(9, await psc.log_in(), until)
    await fc.federation.opened(9, await fc.log_in(), until)
    again = fc.issuer.signed({**claims_of_logout(fc), "jti": "again"}, typ="logout+jwt")
    assert await fc.federation.ended("fc", again, end) == (9,)
    assert told == [9]
    assert await psc.scalar("select count(*) from federation_session") == 0


async def test_a_session_shown_again_under_another_sid_is_ended_by_either(psc: World) -> None:
    until = psc.now() + timedelta(hours=8)
    for sid, jti in (("a", "one"), ("b", "two")):
        for each in ("a", "b"):
            psc.issuer.spoil_id_token = lambda claims, sid=each: claims.update(sid=sid)
            await psc.federation.opened(7, await psc.log_in(), until)
        assert await ended(psc, logout_token(psc, sid=sid, jti=jti)) == (7,)
    assert await psc.scalar("select count(*) from federation_session") == 0


async def test_leaving_leads_to_the_issuer_that_vouched_last(psc: World, fc: World) -> None:
    until = psc.now() + timedelta(hours=8)
    await fc.federation.opened(7, await fc.log_in(), until)
    psc.stop_clock()
    hints = []
    for sid in ("a", "b"):
        psc.ahead += timedelta(minutes=1)
        psc.issuer.spoil_id_token = lambda claims, sid=sid: claims.update(sid=sid)
        identity = await psc.log_in()
        await psc.federation.opened(7, identity, until)
        hints.append(identity.id_token)
    url = await psc.federation.leave(7, BYE)
    assert url is not None
    assert dict(parse_qsl(urlsplit(url).query))["id_token_hint"] == hints[-1]
    assert await psc.scalar("select count(*) from federation_session") == 0


async def test_a_session_that_could_not_be_ended_is_ended_when_the_issuer_says_it_again(
    psc: World,
) -> None:
    await with_sessions(psc)

    async def end(session: int) -> None:
        raise Unavailable("the ledger is not there")

    with pytest.raises(Unavailable):
        await psc.federation.ended("psc", logout_token(psc), end)
    assert set(await ended(psc, logout_token(psc))) == {1, 2}


async def test_the_issuer_ends_one_session_of_its_own(psc: World) -> None:
    await with_sessions(psc)
    assert await ended(psc, logout_token(psc, sid="b")) == (2,)
    assert await ended(psc, logout_token(psc, sid="b", jti="two")) == ()
    assert set(await ended(psc, logout_token(psc, sub=None, sid="a", jti="three"))) == {1, 3}


async def test_a_logout_token_ends_no_session_that_was_opened_after_it(psc: World) -> None:
    await with_sessions(psc)
    token = logout_token(psc)
    assert set(await ended(psc, token)) == {1, 2}
    await psc.federation.opened(4, await psc.log_in(), psc.now() + timedelta(hours=8))
    for again in (token, logout_token(psc, sid="b")):
        with pytest.raises(FederationRefused) as refused:
            await ended(psc, again)
        assert refused.value.reason == "replayed"
    assert psc.events[-1].reason == "replayed"
    assert await psc.federation.leave(4, BYE) is not None


async def test_a_logout_token_is_remembered_until_it_is_too_old(psc: World) -> None:
    await with_sessions(psc)
    token = logout_token(psc, exp=None)
    await ended(psc, token)
    psc.ahead = timedelta(seconds=RECENT - 30)
    await psc.federation.sweep()
    with pytest.raises(FederationRefused, match="verified") as refused:
        await ended(psc, token)
    assert refused.value.reason == "replayed"
    psc.ahead = timedelta(seconds=RECENT + 30)
    await psc.federation.sweep()
    assert await psc.scalar("select count(*) from federation_logout") == 0
    with pytest.raises(FederationRefused) as refused:
        await ended(psc, token)
    assert refused.value.reason == "too-old"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("issuer", {"iss": "https://other.example"}),
        ("audience", {"aud": "other"}),
        ("expired", {"exp": int(time.time()) - 100_000}),
        ("not-yet", {"iat": int(time.time()) + 100_000}),
        ("not-yet", {"iat": None}),
        ("too-old", {"iat": int(time.time()) - 100_000}),
        ("claims", {"events": None}),
        ("claims", {"events": {}}),
        ("claims", {"events": list(EVENTS)}),
        ("claims", {"nonce": "x"}),
        ("claims", {"jti": None}),
        ("claims", {"jti": ""}),
        ("claims", {"jti": "x" * 256}),
        ("subject", {"sub": None}),
        ("subject", {"sub": ""}),
    ],
)
async def test_a_logout_token_that_does_not_hold_ends_nothing(
    psc: World, reason: str, said: dict[str, Any]
) -> None:
    await with_sessions(psc)
    with pytest.raises(FederationRefused) as refused:
        await ended(psc, logout_token(psc, **said), address="192.0.2.1")
    assert refused.value.reason == reason
    assert (psc.events[-1].kind, psc.events[-1].reason) == ("identity-refused", reason)
    assert await psc.scalar("select count(*) from federation_session") == 3


async def test_an_id_token_is_no_logout_token(psc: World) -> None:
    identity = await psc.log_in()
    await psc.federation.opened(7, identity, psc.now() + timedelta(hours=8))
    with pytest.raises(FederationRefused):
        await ended(psc, identity.id_token)


async def test_a_logout_token_is_no_id_token(psc: World) -> None:
    psc.issuer.sign = lambda claims: logout_token(psc)
    assert await psc.refusal() == "nonce"


async def test_a_logout_token_nobody_signed_ends_nothing(psc: World) -> None:
    await with_sessions(psc)
    forged = logout_token(psc)[:-8] + "AAAAAAAA"
    with pytest.raises(FederationRefused) as refused:
        await ended(psc, forged)
    assert refused.value.reason == "signature"
