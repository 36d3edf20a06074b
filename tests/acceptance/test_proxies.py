"""Behind a proxy: failures are counted by where they come from, as the proxy says."""

from tests.acceptance.client import Client
from tests.acceptance.conftest import Install

from egide.accounts.failures import FAILURES_PER_ADDRESS

GUESS = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "wrong"}
ONE, OTHER = "198.51.100.1", "203.0.113.2"


def test_failures_of_one_address_do_not_count_for_another_behind_the_same_proxy(
    install: Install,
) -> None:
    server = install().init().serve(workers=1, EGIDE_PROXIES="127.0.0.1")
    stranger = Client(server.port)
    answers = [guess(stranger, f"{OTHER}, {ONE}") for _ in range(FAILURES_PER_ADDRESS + 1)]
    assert answers == [401] * FAILURES_PER_ADDRESS + [429]
    assert guess(stranger, OTHER) == 401


def test_whoever_is_no_proxy_of_ours_is_not_believed(install: Install) -> None:
    server = install().init().serve(workers=1, EGIDE_PROXIES="192.0.2.0/24")
    stranger = Client(server.port)
    answers = [guess(stranger, f"192.0.2.{n}") for n in range(FAILURES_PER_ADDRESS + 1)]
    assert answers == [401] * FAILURES_PER_ADDRESS + [429]


def guess(stranger: Client, forwarded: str) -> int:
    return stranger.form("/oauth/token", GUESS, X_Forwarded_For=forwarded).status
