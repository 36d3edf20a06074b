"""Access tokens resolved a moment ago: forgotten in time, and never remembered again by a race."""

from datetime import UTC, datetime, timedelta

from egide.accounts.remembered import Remembered
from egide.actor import Actor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def actor(account: int, session: int) -> Actor:
    return Actor(account=account, client="c", roles=frozenset({"system"}), session=session)


def test_an_actor_is_remembered_until_an_instant() -> None:
    remembered = Remembered()
    remembered.put(b"k", actor(1, 2), LATER, remembered.generation)
    assert remembered.get(b"k", NOW) == actor(1, 2)
    assert remembered.get(b"k", LATER) is None
    assert remembered.get(b"other", NOW) is None


def test_forgetting_a_session_or_an_account_leaves_the_others() -> None:
    remembered = Remembered()
    for key, number in ((b"a", 1), (b"b", 2), (b"c", 3)):
        remembered.put(key, actor(number, 10 * number), LATER, remembered.generation)
    remembered.forget(session=10)
    remembered.forget(account=2)
    assert [remembered.get(key, NOW) is not None for key in (b"a", b"b", b"c")] == [
        False,
        False,
        True,
    ]
    remembered.forget()
    assert remembered.get(b"c", NOW) is None


def test_what_was_asked_before_a_revocation_is_not_remembered_after_it() -> None:
    remembered = Remembered()
    before = remembered.generation
    remembered.forget(session=2)
    remembered.put(b"k", actor(1, 2), LATER, before)
    assert remembered.get(b"k", NOW) is None


def test_the_oldest_are_forgotten_first() -> None:
    remembered = Remembered(most=3)
    for number in range(5):
        remembered.put(b"%d" % number, actor(number, number), LATER, 0)
    assert [remembered.get(b"%d" % number, NOW) is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
