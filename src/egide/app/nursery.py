"""The nursery: one process that has read the code of a worker, and makes each worker by a fork.

The code is read once, while the engine starts, and lies in memory once for all workers. Nothing
else is in here: no thread, no event loop, no connection, no key. Its one argument is a Unix socket;
each byte on it brings the worker's end of a socket to the supervisor. The nursery says over that
one which process the worker is and how it ended. When the supervisor is gone, the nursery ends.

Invariants: a worker is forked from one thread (test_the_nursery_has_one_thread); it has no socket
of another worker (test_a_worker_outlives_its_nursery_and_is_still_told_apart).
"""

import os
import resource
import select
import socket
import sys
from contextlib import suppress
from typing import NamedTuple

from egide.app import worker
from egide.app.orders import Born, Ended, framed
from egide.app.records import spare_the_collector


class _Child(NamedTuple):
    pid: int
    end: socket.socket


def main() -> None:
    """Make workers until the socket ends; in each of them, be the worker."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    spare_the_collector()
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        end = _make(asked)
    if end is not None:
        worker.main(end)


def _make(asked: socket.socket) -> socket.socket | None:
    """In a worker, its end of the socket to the supervisor; in the nursery None, at the end.

    A worker holds a pipe open that only it has, so that its end shows, however it comes.
    """
    children: dict[int, _Child] = {}
    while True:
        ready, _, _ = select.select([asked.fileno(), *children], [], [])
        for life in ready:
            if life in children:
                os.close(life)
                _tell(children.pop(life))
        if asked.fileno() not in ready:
            continue
        data, ends, *_ = socket.recv_fds(asked, 1, 1)
        if not data:
            return None
        end = socket.socket(fileno=ends[0])
        life, held = os.pipe()
        pid = os.fork()
        if not pid:
            for other, child in children.items():
                os.close(other)
                child.end.close()
            os.close(life)
            return end
        os.close(held)
        children[life] = _Child(pid, end)
        with suppress(OSError):
            end.sendall(framed(Born(pid)))


def _tell(child: _Child) -> None:
    _, status = os.waitpid(child.pid, 0)
    with child.end, suppress(OSError):
        child.end.sendall(framed(Ended(os.waitstatus_to_exitcode(status))))
