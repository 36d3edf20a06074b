"""The federation of an installation: from its settings, into its ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.integration.accounts.federation.conftest import BROWSER, SECRET, World
from tests.integration.accounts.federation.issuing import Client

from egide.accounts.federation import Federation
from egide.app.account_events import entry_of
from egide.app.federating import CALLBACK, federating
from egide.app.installation import Installation, open_parts
from egide.clock import instant
from egide.errors import Incorrect
from egide.ledger import Action, Outcome
from egide.seal import KeyRing
from egide.settings import Settings, settings

BASE = "https://egide.example"


def written(folder: Path, issuer: str) -> Path:
    (folder / "psc.secret").write_text(SECRET)
    (folder / "psc.secret").chmod(0o600)
    path = folder / "issuers.toml"
    path.write_text(
        f"""
        [[issuer]]
        name = "psc"
        title = "Issuer of the tests"
        kind = "professional"
        issuer = "{issuer}"
        discovery = ".well-known/wallet-openid-configuration"
        client_id = "egide"
        authentication = {{ method = "client_secret_basic", file = "psc.secret" }}
        ask = "eidas1"
        levels = [{{ acr = "eidas1", assurance = 2 }}]
        algorithms = ["RS256"]
        userinfo = "plain"

        [[issuer.roles]]
        roles = ["clinician"]
        profession = ["80"]
        """
    )
    return path


@asynccontextmanager
async def installed(
    dsn: str, settings: Settings
) -> AsyncIterator[tuple[Installation, Federation | None]]:
    async with (
        open_parts(settings, dsn, KeyRing.generate()) as installation,
        federating(installation) as federation,
    ):
        yield installation, federation


async def test_a_log_in_goes_from_the_settings_into_the_ledger(
    psc: World, database_dsn: str, tmp_path: Path
) -> None:
    path = written(tmp_path, psc.issuer.address)
    psc.issuer.client = Client("egide", SECRET, [f"{BASE}{CALLBACK}/psc"])
    told = settings({"EGIDE_FEDERATION": str(path), "EGIDE_BASE_URL": BASE})
    async with installed(database_dsn, told) as (installation, federation):
        assert federation is not None
        before = await psc.scalar("select count(*) from ledger_entry")
        begun = await federation.begin("psc", "/", BROWSER)
        query = await psc.come_back(begun.url, f"{BASE}{CALLBACK}/psc")
        identity = await federation.finish("psc", BROWSER, query, address="192.0.2.1")
        assert identity.choices == (0,)
        async with installation.database.connection() as connection:
            rows = await connection.fetch(
                "select action, outcome from ledger_entry order by at, entry offset $1", before
            )
    assert [tuple(row) for row in rows] == [(Action.login, Outcome.success)]


async def test_the_ledger_is_told_who_vouched_and_how(psc: World) -> None:
    identity = await psc.log_in()
    entry = entry_of(psc.events[0])
    assert (entry.action, entry.outcome) == (Action.login, Outcome.success)
    assert identity.evidence.at is not None
    assert entry.body == {
        "reasons": ["identity-verified"],
        "count": 1,
        "address": "192.0.2.1",
        "issuer": "psc",
        "acr": "eidas1",
        "amr": ["pwd", "mfa"],
        "means": ["APPPRIP3^1.2.250.1.213.1.5.1.1.1"],
        "authenticated": instant(identity.evidence.at),
    }


async def test_without_the_setting_there_is_no_federation(database_dsn: str) -> None:
    async with installed(database_dsn, Settings()) as (_, federation):
        assert federation is None


@pytest.mark.parametrize("base", [None, "http://egide.example"])
async def test_browsers_need_a_secure_address_to_come_back_to(
    base: str | None, database_dsn: str, tmp_path: Path
) -> None:
    told = Settings(federation=written(tmp_path, "https://issuer.example"), base_url=base)
    with pytest.raises(Incorrect, match="EGIDE_BASE_URL"):
        async with installed(database_dsn, told):
            pass


async def test_a_configuration_that_cannot_be_keeps_it_from_opening(
    database_dsn: str, tmp_path: Path
) -> None:
    told = Settings(federation=written(tmp_path, "http://issuer.example"), base_url=BASE)
    with pytest.raises(Incorrect, match="EGIDE_FEDERATION"):
        async with installed(database_dsn, told):
            pass
