"""Work on people's accounts, in an installation that is opened for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from egide.accounts.people import People
from egide.app.installation import open_installation
from egide.settings import settings

Result = TypeVar("Result")


def among_people(work: Callable[[People], Awaitable[Result]]) -> Result:
    """What `work` answers. Raises what it raises."""

    async def opened() -> Result:
        async with open_installation(settings()) as parts:
            return await work(parts.people)

    return asyncio.run(opened())
