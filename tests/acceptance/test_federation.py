"""Identity issuers in the settings: a server with them starts, and one with wrong ones says why."""

from pathlib import Path

import pytest
from tests.acceptance.client import Client
from tests.acceptance.conftest import Install
from tests.acceptance.installation import Installation

SECRET = "the-secret-of-the-client"
ISSUERS = """
[[issuer]]
name = "psc"
title = "Pro Santé Connect"
kind = "professional"
issuer = "https://issuer.example"
client_id = "egide"
authentication = { method = "client_secret_post", file = "psc.secret" }
ask = "eidas1"
levels = [{ acr = "eidas1", assurance = 2 }]
algorithms = ["RS256"]
userinfo = "plain"
"""


@pytest.fixture
def house(install: Install) -> Installation:
    made = install().init()
    (made.folder / "psc.secret").write_text(SECRET)
    (made.folder / "psc.secret").chmod(0o600)
    (made.folder / "issuers.toml").write_text(ISSUERS, "utf-8")
    return made


def environment(house: Installation) -> dict[str, str]:
    path: Path = house.folder / "issuers.toml"
    return {"EGIDE_FEDERATION": str(path), "EGIDE_BASE_URL": "https://egide.example"}


def test_a_server_with_identity_issuers_starts_and_tells_no_secret(house: Installation) -> None:
    with house.serve(workers=1, **environment(house)) as server:
        assert Client(server.port).get("/health/ready").status == 200
        assert SECRET.encode() not in server.logged.read_bytes()


def test_a_server_says_what_is_wrong_with_its_identity_issuers(house: Installation) -> None:
    told = environment(house)
    (house.folder / "psc.secret").chmod(0o644)
    assert "chmod 600" in house.run("serve", code=2, **told).stderr
    (house.folder / "psc.secret").chmod(0o600)
    (house.folder / "issuers.toml").write_text(ISSUERS.replace("RS256", "HS256"), "utf-8")
    said = house.run("serve", code=2, **told).stderr
    assert "EGIDE_FEDERATION" in said and "algorithms" in said
    del told["EGIDE_BASE_URL"]
    (house.folder / "issuers.toml").write_text(ISSUERS, "utf-8")
    assert "EGIDE_BASE_URL" in house.run("serve", code=2, **told).stderr
