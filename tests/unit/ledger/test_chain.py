"""The chain of one writer: numbers, MACs, what is settled."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from egide.ledger.chain import START, Chain, mac
from egide.ledger.row import entry_number, sequence_of

KEY = bytes(range(32))


def extend(chain: Chain) -> tuple[int, int]:
    number, lag = chain.next()
    chain.extend(number.to_bytes(32, "big"))
    return sequence_of(number), lag


def test_numbers_follow_one_another() -> None:
    chain = Chain(KEY, 5)
    assert [extend(chain)[0] for _ in range(100)] == list(range(1, 101))
    assert chain.next()[0] == entry_number(5, 101) == chain.next()[0]


def test_a_mac_is_over_the_place_the_commitment_and_the_mac_before() -> None:
    chain = Chain(KEY, 5)
    first = chain.extend(b"a" * 32)
    second = chain.extend(b"b" * 32)
    place = (5).to_bytes(4, "big") + (2).to_bytes(8, "big")
    expected = hmac.new(KEY, place + b"b" * 32 + first, hashlib.sha256).digest()[:16]
    assert first == mac(KEY, 5, 1, b"a" * 32, START)
    assert second == expected


def test_another_place_key_or_past_gives_another_mac() -> None:
    made = mac(KEY, 5, 2, b"b" * 32, START)
    others = {
        mac(bytes(32), 5, 2, b"b" * 32, START),
        mac(KEY, 6, 2, b"b" * 32, START),
        mac(KEY, 5, 3, b"b" * 32, START),
        mac(KEY, 5, 2, b"c" * 32, START),
        mac(KEY, 5, 2, b"b" * 32, b"x" * 16),
    }
    assert made not in others
    assert len(others) == 5


@given(st.lists(st.integers(0, 20), max_size=60))
def test_the_lag_reaches_back_to_the_oldest_open(settled: list[int]) -> None:
    chain = Chain(KEY, 1)
    unsettled: set[int] = set()
    for which in settled:
        sequence, lag = extend(chain)
        assert sequence - lag == min(unsettled, default=sequence)
        unsettled.add(sequence)
        done = max(sequence - which, 1)
        chain.settle(done)
        unsettled.discard(done)
        assert chain.open == len(unsettled)


def test_settling_twice_is_settling_once() -> None:
    chain = Chain(KEY, 1)
    extend(chain)
    chain.settle(1)
    chain.settle(1)
    assert chain.open == 0
    assert extend(chain) == (2, 0)
