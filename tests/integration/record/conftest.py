"""Writing records for the tests of the gate."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from egide.actor import Actor
from egide.record import Record

Put = Callable[..., Awaitable[None]]


@pytest.fixture
def put(record: Record, system: Actor) -> Put:
    """Stores a resource under a type and an id, as a trusted application does."""

    async def write(type: str, id: str, /, **elements: Any) -> None:
        body = json.dumps({"resourceType": type, "id": id, **elements}).encode()
        async with record.open(system) as session:
            await session.update(type, id, body)

    return write
