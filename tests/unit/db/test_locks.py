"""Locks of a data folder."""

import os
from pathlib import Path

import pytest

from egide.db.locks import Lock, ServeLock
from egide.errors import Conflict


def test_a_second_serve_is_refused_and_told_which_process_serves(tmp_path: Path):
    first = ServeLock.take(tmp_path)
    with pytest.raises(Conflict, match=rf"process {os.getpid()}\b"):
        ServeLock.take(tmp_path)
    first.release()
    first.release()
    ServeLock.take(tmp_path).release()


def test_shared_holders_keep_an_exclusive_one_out_until_all_left(tmp_path: Path):
    holders = [Lock(tmp_path / "lock") for _ in range(2)]
    for holder in holders:
        assert holder.take(shared=True, wait=False)
    other = Lock(tmp_path / "lock")
    assert not other.take(wait=False)
    holders[0].release()
    assert not other.take(wait=False)
    holders[1].release()
    assert other.take(wait=False)
    other.release()
    assert not other.held


def test_it_shows_whether_somebody_serves(tmp_path: Path):
    assert not ServeLock.held(tmp_path)
    serving = ServeLock.take(tmp_path)
    assert ServeLock.held(tmp_path)
    serving.release()
    assert not ServeLock.held(tmp_path)
    ServeLock.take(tmp_path).release()
