"""Settings: what the environment says, and what it may not say."""

from ipaddress import ip_network

import pytest

from egide.errors import Incorrect
from egide.settings import Settings, settings


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1;::1"])
def test_a_proxy_that_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(Incorrect, match="EGIDE_PROXIES"):
        settings({"EGIDE_PROXIES": text})


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
