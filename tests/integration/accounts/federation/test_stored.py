"""What the database holds of a log-in: hashes and sealed bytes, and not for long."""

from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.integration.accounts.federation.conftest import BROWSER, CITIZEN, World

from egide.accounts.federation import FederationRefused
from egide.errors import Fault

TABLES = ("federation_login", "federation_link", "federation_session")


async def everything(world: World) -> bytes:
    async with world.database.connection() as connection:
        rows = [
            await connection.fetch(f"select t::text as line from {table} t") for table in TABLES
        ]
    return "\n".join(row["line"] for table in rows for row in table).encode()


def forms(secret: str) -> tuple[bytes, ...]:
    raw = secret.encode()
    return raw, raw.hex().encode(), sha256(raw).hexdigest().encode()


async def test_nothing_of_a_login_is_readable(fc: World) -> None:
    begun = await fc.federation.begin("fc", "/a-place-of-its-own", BROWSER)
    asked = dict(parse_qsl(urlsplit(begun.url).query))
    identity = await fc.log_in()
    handle = await fc.federation.hold(identity, BROWSER)
    await fc.federation.opened(7, identity, fc.now() + timedelta(hours=1))
    async with fc.database.connection() as connection:
        await connection.execute(
            "insert into account (account, kind, label, roles, created)"
            " values (5, 'person', 'x', '{}', now())"
        )
    await fc.federation.link(identity, 5, proof="enrolment")
    stored = await everything(fc)
    assert await fc.scalar("select count(*) from federation_login") == 2
    secrets = [asked["state"], asked["nonce"], handle, "/a-place-of-its-own", identity.id_token]
    secrets += [BROWSER.decode(), CITIZEN["sub"], CITIZEN["family_name"], CITIZEN["birthdate"]]
    for secret in secrets:
        for form in forms(secret):
            assert form not in stored
    assert identity.subject.hex().encode() in stored


async def test_a_log_in_moved_to_another_row_does_not_open(psc: World) -> None:
    first, second = [dict(await psc.begin()) for _ in range(2)]
    async with psc.database.connection() as connection:
        hashes = [
            row["hash"] for row in await connection.fetch("select hash from federation_login")
        ]
        await connection.execute(
            "update federation_login set sealed ="
            " (select sealed from federation_login where hash = $1)",
            hashes[0],
        )
    broken = 0
    for query in (first, second):
        try:
            await psc.federation.finish("psc", BROWSER, list(query.items()))
        except Fault:
            broken += 1
    assert broken == 1


async def test_log_ins_nobody_comes_back_to_are_swept_away(psc: World) -> None:
    old = await psc.begin()
    psc.ahead = timedelta(minutes=11)
    new = await psc.begin()
    await psc.federation.sweep()
    assert await psc.scalar("select count(*) from federation_login") == 1
    with pytest.raises(FederationRefused):
        await psc.federation.finish("psc", BROWSER, old)
    await psc.federation.finish("psc", BROWSER, new)
