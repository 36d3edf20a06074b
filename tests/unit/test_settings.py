"""Settings: what the environment says, and what it may not say."""

from dataclasses import fields, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from egide.errors import Incorrect
from egide.opening import opening_hours
from egide.settings import Settings, environ, settings


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1;::1"])
def test_a_proxy_that_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(Incorrect, match="EGIDE_PROXIES"):
        settings({"EGIDE_PROXIES": text})


@pytest.mark.parametrize("text", ["ward", "10.0.0.1/8", "0.0.0.0/0/0"])
def test_a_network_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(Incorrect, match="EGIDE_NETWORKS"):
        settings({"EGIDE_NETWORKS": text})


def test_nobody_is_inside_by_default_behind_a_proxy_not_named() -> None:
    assert settings({"EGIDE_BASE_URL": "https://fhir.example"}).inside == ()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"EGIDE_BASE_URL": "http://127.0.0.1:8600"},
        {"EGIDE_BASE_URL": "https://fhir.example", "EGIDE_PROXIES": "10.1.0.1"},
    ],
)
def test_this_machine_alone_is_inside_by_default(said: dict[str, str]) -> None:
    assert settings(said).inside == tuple(map(ip_network, ("127.0.0.0/8", "::1")))


def test_the_networks_said_are_inside_and_nothing_else() -> None:
    found = settings({"EGIDE_NETWORKS": "10.20.0.0/16, 192.0.2.7"}).inside
    assert found == tuple(map(ip_network, ("10.20.0.0/16", "192.0.2.7")))


@pytest.mark.parametrize("name", ["EGIDE_SESSION_IDLE", "EGIDE_SESSION_LIFETIME"])
@pytest.mark.parametrize("text", ["0", "-1", "soon", "1.5"])
def test_a_session_lasts_a_positive_number_of_seconds(name: str, text: str) -> None:
    with pytest.raises(Incorrect, match=name):
        settings({name: text})


def test_proxies_are_addresses_and_networks_with_commas_between() -> None:
    found = settings({"EGIDE_PROXIES": "127.0.0.1, 10.1.0.0/16,,fd00::/8"}).proxies
    assert found == tuple(map(ip_network, ("127.0.0.1", "10.1.0.0/16", "fd00::/8")))


def test_what_is_not_said_is_as_written_down() -> None:
    assert settings({}) == Settings()


def test_another_process_of_ours_reads_the_same(tmp_path: Path) -> None:
    known = Settings(
        data=tmp_path / "data",
        key_file=tmp_path / "key",
        database_url="postgresql://egide@127.0.0.1/egide",
        zone=ZoneInfo("Indian/Reunion"),
        body_limit=1_000,
        base_url="https://egide.example",
        establishment="Centre hospitalier",
        session_idle=60,
        session_lifetime=600,
        federation=tmp_path / "federation.toml",
        proxies=(ip_network("10.1.0.0/16"), ip_network("::1")),
        networks=(ip_network("192.0.2.0/24"),),
        care_grace=timedelta(days=3),
        opening=opening_hours("mon-fri 07:00-20:00, sat 08:00-12:30", "x"),
        export_folder=tmp_path,
        key_set_networks=(ip_network("10.2.0.0/16"),),
        oracle_limit=7,
        oracle_limit_application=70,
        registration=True,
    )
    default = Settings()
    for each in fields(known):
        assert getattr(known, each.name) != getattr(default, each.name), each.name
    assert settings(environ(known)) == known
    assert settings(environ(default)) == replace(default, data=default.data.resolve())
