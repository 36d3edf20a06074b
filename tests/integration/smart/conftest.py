"""The token endpoint over a real database, asked as a client would."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.unit.http.asking import Answer, ask

from egide.accounts import AccountEvent, Accounts
from egide.api.smart.token import Token
from egide.clock import system_clock
from egide.db import Database
from egide.http import Entrance
from egide.telemetry import Metrics

FORM = (b"content-type", b"application/x-www-form-urlencoded")


@dataclass
class World:
    """The endpoint, its accounts, and the events they appended."""

    database: Database
    events: list[AccountEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.database, system_clock, self.append, b"k" * 32)
        self.entrance = Entrance(Token(self.accounts).respond, metrics=Metrics())

    async def append(self, event: AccountEvent) -> None:
        self.events.append(event)

    async def post(
        self, form: dict[str, str], *headers: tuple[bytes, bytes], method: str = "POST"
    ) -> tuple[Answer, dict[str, Any]]:
        body = urlencode(form).encode()
        answer = await ask(self.entrance, method, "/oauth/token", [FORM, *headers], body)
        return answer, json.loads(answer.body)


def basic(client_id: str, secret: str) -> tuple[bytes, bytes]:
    joined = base64.b64encode(f"{client_id}:{secret}".encode())
    return (b"authorization", b"Basic " + joined)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
