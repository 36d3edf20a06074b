"""What is remembered of an issuer: its metadata and its keys, asked for again when they are old.

A key nobody knows is looked for once in a fresh key set, and not again within a minute, so that
made-up key ids do not make us ask the issuer at every log-in.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from egide.accounts.federation.fetch import Answer, Fetch, Unreachable
from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.metadata import MOST_BYTES, Metadata, read
from egide.accounts.federation.refusal import FederationRefused, IssuerUnavailable
from egide.accounts.federation.signed import Key, Signed, key_set
from egide.clock import Clock

KEPT = timedelta(hours=1)
"""How long metadata and keys are believed."""
PAUSE = timedelta(minutes=1)
"""The least time between two looks for a key nobody knows."""
AFTER_FAILURE = timedelta(seconds=10)
"""How long a failure is remembered, so that those who wait do not each wait for another."""
SECONDS = 10.0

_Read = TypeVar("_Read")


class Directory:
    """Metadata and keys of one issuer, in one process."""

    def __init__(self, issuer: Issuer, clock: Clock, fetch: Fetch) -> None:
        self._issuer = issuer
        self._clock = clock
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, tuple[Key, ...]] | None = None
        self._failed: tuple[datetime, str] | None = None

    async def metadata(self) -> Metadata:
        """The issuer's metadata. Raises IssuerUnavailable."""
        async with self._lock:
            return await self._current()

    async def key_of(self, signed: Signed) -> Key:
        """The key that signed. Raises FederationRefused (`unknown-key`), IssuerUnavailable."""
        async with self._lock:
            metadata = await self._current()
            now = self._clock()
            if self._keys is None or now - self._keys[0] >= KEPT:
                self._keys = (now, await self._asked(metadata.jwks_uri, key_set))
            key = signed.key(self._keys[1])
            if key is None and now - self._keys[0] >= PAUSE:
                self._keys = (now, await self._asked(metadata.jwks_uri, key_set))
                key = signed.key(self._keys[1])
        if key is None:
            raise FederationRefused("unknown-key")
        return key

    async def _current(self) -> Metadata:
        now = self._clock()
        if self._metadata is None or now - self._metadata[0] >= KEPT:
            found = await self._asked(
                self._issuer.discovery_address, lambda body: read(body, self._issuer)
            )
            self._metadata = (now, found)
        return self._metadata[1]

    async def _asked(self, address: str, reading: Callable[[bytes], _Read]) -> _Read:
        now = self._clock()
        if self._failed is not None and now - self._failed[0] < AFTER_FAILURE:
            raise IssuerUnavailable(self._failed[1])
        try:
            answer = await asked(self._fetch, address)
            if answer.status != 200:
                raise IssuerUnavailable("it answers, but not with what was asked for")
            return reading(answer.body)
        except IssuerUnavailable as error:
            self._failed = (now, error.what)
            raise


async def asked(
    fetch: Fetch,
    address: str,
    *,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One answer of an issuer, bounded in size and time. Raises IssuerUnavailable."""
    try:
        return await fetch(address, form=form, headers=headers, most=MOST_BYTES, seconds=SECONDS)
    except Unreachable as error:
        what = {
            "network": "nobody answers",
            "slow": "its answer takes too long",
            "too-large": "its answer is too large",
        }[error.reason]
        raise IssuerUnavailable(what) from None
