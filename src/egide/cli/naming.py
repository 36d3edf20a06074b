"""Which account a command is about: named by its login name, by the client id of an application, or
by its internal number."""

from typing import Annotated

import typer

from egide.accounts import Applications
from egide.accounts.people import People

_DIGITS = 20

ACCOUNT = "The login name, the client id of an application, or the account's number."
Account = Annotated[str, typer.Argument(help=ACCOUNT)]


async def account_named(people: People, who: str, applications: Applications | None = None) -> int:
    """The internal number of the account `who` names; without `applications` it is a person's.

    Raises NotFound for an unknown name.
    """
    if who.isdigit() and who.isascii() and len(who) < _DIGITS:
        return int(who)
    found = None if applications is None else await applications.find(who)
    if found is not None:
        return found.account
    return (await people.directory.find(who)).account
