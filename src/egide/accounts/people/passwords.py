"""Passwords hashed with argon2id, beside the event loop, a few at a time.

https://www.rfc-editor.org/rfc/rfc9106#section-4: the second recommended profile (64 MiB).
Invariant: comparing with no password at all is the same work as comparing with one
(test_comparing_with_nothing_is_the_same_work).
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY as PROFILE

from egide.accounts.people.strength import checked_password, normal
from egide.errors import Busy

AT_ONCE = 2
MOST_WAITING = 32
"""In a process: past them a browser is asked to try again, and memory stays bounded."""

_NOTHING = "$".join(
    (
        f"$argon2id$v={PROFILE.version}",
        f"m={PROFILE.memory_cost},t={PROFILE.time_cost},p={PROFILE.parallelism}",
        b64encode(bytes(PROFILE.salt_len)).rstrip(b"=").decode(),
        b64encode(bytes(PROFILE.hash_len)).rstrip(b"=").decode(),
    )
)
"""A hash in the form of all others, which no password is known to have."""

Result = TypeVar("Result")


class Passwords:
    """Hashes and compares; `close` ends its threads."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(PROFILE)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="egide-argon2")
        self._waiting = 0

    async def hash(self, password: str, login: str, name: str) -> str:
        """The hash of a new password. Raises WeakPassword, Busy."""

        def work() -> str:
            return self._hasher.hash(checked_password(password, login, name))

        return await self._beside(work)

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the one behind `stored`; None: no, after the same work. Busy."""

        def work() -> bool:
            try:
                self._hasher.verify(stored or _NOTHING, normal(password).encode(errors="replace"))
            except (VerificationError, InvalidHashError):
                return False
            return stored is not None

        return await self._beside(work)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _beside(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MOST_WAITING:
            raise Busy("Too many sign-ins at once; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
