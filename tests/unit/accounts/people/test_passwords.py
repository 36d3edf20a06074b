"""Hashing beside the event loop: bounded, and never on it."""

import asyncio
import threading

import pytest

from egide.accounts.people.passwords import AT_ONCE, MOST_WAITING, Passwords
from egide.errors import Busy


async def test_what_comes_when_too_many_wait_is_refused_and_nothing_is_lost() -> None:
    passwords = Passwords()
    gate = threading.Event()
    held = [asyncio.create_task(passwords._beside(gate.wait)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await passwords.is_right("x", None)
    gate.set()
    assert all(await asyncio.gather(*held))
    assert not await passwords.is_right("x", None)
    passwords.close()


async def test_hashing_runs_in_threads_of_its_own_and_few_at_once() -> None:
    passwords = Passwords()
    here = threading.get_ident()
    used = await asyncio.gather(*(passwords._beside(threading.get_ident) for _ in range(20)))
    assert here not in used
    assert len(set(used)) <= AT_ONCE
    passwords.close()
