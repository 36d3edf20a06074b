"""Which account a command is about: named by its login name, or by its internal number."""

from egide.accounts.people import People

_DIGITS = 20


async def account_named(people: People, who: str) -> int:
    """The internal number of the account `who` names. Raises NotFound for an unknown login name."""
    if who.isdigit() and who.isascii() and len(who) < _DIGITS:
        return int(who)
    return (await people.directory.find(who)).account
