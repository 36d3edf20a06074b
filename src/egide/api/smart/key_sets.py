"""Key sets that applications publish: fetched when one is needed, kept for minutes.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys

Invariants (tests/integration/smart/test_key_sets.py)
- An address is asked at most once in `PAUSE`, whoever shows whatever assertion.
- A key that is no longer published proves nothing once the set is `KEPT` old, or as old as its
  publisher says, but for `PAUSE`.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from egide.accounts.federation import Fetch, Unreachable
from egide.api.smart import keys
from egide.clock import Clock
from egide.errors import Incorrect, Unavailable

KEPT = timedelta(minutes=5)
PAUSE = timedelta(seconds=30)
"""How long a set is kept at most, and how long its address is left alone once asked."""
MOST = 1_000
"""Addresses known at once."""
_BYTES = 64 * 1024
_SECONDS = 5.0


@dataclass(slots=True)
class _Published:
    """What an address published when it last answered, and when it was last asked."""

    asked: datetime
    text: bytes | None = None
    until: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def kept(self, now: datetime) -> bytes | None:
        return self.text if self.until is not None and now < self.until else None


class KeySets:
    """The published key sets of one process."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        """`fetch` decides which addresses may be asked."""
        self._fetch = fetch
        self._clock = clock
        self._published: OrderedDict[str, _Published] = OrderedDict()

    async def find(self, address: str, kid: str) -> bytes:
        """The key set at `address`: as it is kept, or fetched when that is too old or has no `kid`.

        Raises Unavailable when nothing usable is there.
        """
        published = self._at(address)
        async with published.lock:
            now = self._clock()
            kept = published.kept(now)
            if kept is not None and kid in keys.names(kept):
                return kept
            if now - published.asked >= PAUSE:
                await self._ask(address, published, now)
                kept = published.kept(now)
        if kept is None:
            raise Unavailable("the key set of the application cannot be fetched now")
        return kept

    def _at(self, address: str) -> _Published:
        published = self._published.get(address)
        if published is None:
            published = self._published[address] = _Published(self._clock() - PAUSE)
            while len(self._published) > MOST:
                self._published.popitem(last=False)
        self._published.move_to_end(address)
        return published

    async def _ask(self, address: str, published: _Published, now: datetime) -> None:
        published.asked = now
        try:
            answer = await self._fetch(address, most=_BYTES, seconds=_SECONDS)
            if answer.status != 200:
                return
            keys.names(answer.body)
        except (Unreachable, Incorrect):
            return
        fresh = KEPT if answer.fresh is None else timedelta(seconds=answer.fresh)
        published.text = answer.body
        published.until = now + min(max(fresh, PAUSE), KEPT)
