"""The identity issuers of an installation, opened for one process: requests out, sweeping."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from egide.accounts.federation import Federation, registrations
from egide.accounts.federation.issuer import is_secure
from egide.app.account_events import appending
from egide.app.fetching import fetching
from egide.app.installation import Installation
from egide.errors import EgideError, Incorrect
from egide.gate import ROLES

CALLBACK = "/sign-in/from"
"""Where issuers send browsers back to, each at its own name below it."""
_SWEPT_EVERY = 60.0


@asynccontextmanager
async def federating(installation: Installation) -> AsyncIterator[Federation | None]:
    """The federation `EGIDE_FEDERATION` configures; None when it does not.

    Raises Incorrect, which names what is wrong with the configuration.
    """
    settings = installation.settings
    if settings.federation is None:
        yield None
        return
    if settings.base_url is None or not is_secure(settings.base_url):
        raise Incorrect(
            "EGIDE_FEDERATION needs an https address in EGIDE_BASE_URL: identity issuers send "
            "browsers back to it"
        )
    async with fetching() as fetch:
        federation = Federation(
            registrations(settings.federation, ROLES),
            installation.database,
            installation.clock,
            installation.ring.derive("federation"),
            appending(installation.ledger),
            fetch,
            callback=f"{settings.base_url}{CALLBACK}",
        )
        sweeping = asyncio.create_task(_sweep(federation))
        try:
            yield federation
        finally:
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping


async def _sweep(federation: Federation) -> None:
    while True:
        await asyncio.sleep(_SWEPT_EVERY)
        with contextlib.suppress(EgideError):
            await federation.sweep()
