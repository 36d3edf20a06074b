"""The kind of a browser: a few words, and nothing an agent says beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.accounts.people.device import _BROWSERS, _SYSTEMS, OTHER, kind_of

KINDS = {f"{browser}, {system}"
         for browser in {name for _, name in _BROWSERS} | {OTHER}
         for system in {name for _, name in _SYSTEMS} | {OTHER}}  # fmt: skip


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            "Safari, macOS",
        ),
        ("", "?, ?"),
        ("curl/8.5.0", "?, ?"),
    ],
)
def test_browsers_are_told_apart(agent: str, kind: str) -> None:
    assert kind_of(agent) == kind


@given(st.text(max_size=2000))
def test_whatever_an_agent_says_the_kind_is_one_of_a_few(agent: str) -> None:
    assert kind_of(agent) in KINDS
