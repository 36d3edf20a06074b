"""`egide access-token`: an access token for the operator, alone on standard output."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from egide.app.installation import open_installation
from egide.errors import Incorrect
from egide.gate import ROLES
from egide.settings import settings


def access_token(
    role: Annotated[str, typer.Option(help="The role it carries.")] = "system",
    hours: Annotated[int, typer.Option(help="How long it is good for.", min=1, max=24)] = 12,
) -> None:
    """Print an access token. Who can run this can read the key file: guard both alike."""
    if role not in ROLES:
        raise Incorrect(f"there is no role {role!r}; there are {', '.join(ROLES)}")
    print(asyncio.run(_issue(role, hours)))


async def _issue(role: str, hours: int) -> str:
    async with open_installation(settings()) as installation:
        lifetime = timedelta(hours=hours)
        issued = await installation.accounts.issue_to_operator([role], lifetime=lifetime)
        return issued.access_token
