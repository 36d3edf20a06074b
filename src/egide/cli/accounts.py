"""`egide accounts`: people who log in."""

from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table

from egide.accounts.people import (
    LINK_PATH,
    Bound,
    Invitation,
    Means,
    People,
    Person,
    SessionEntry,
)
from egide.cli.clearance import charter, ends, training
from egide.cli.naming import account_named
from egide.cli.people import among_people
from egide.cli.terminal import terminal
from egide.errors import Conflict, Incorrect, Unavailable
from egide.gate import ROLES
from egide.settings import Settings, settings

accounts = typer.Typer(help="People who log in.", no_args_is_help=True)
_console = terminal(plain=True)

Who = Annotated[str, typer.Argument(help="The login name, or the account's number.")]
Roles = Annotated[list[str], typer.Option("--role", help="A role; may be repeated.")]
Hours = Annotated[int, typer.Option(help="How long the link is good for.", min=1, max=720)]
Patient = Annotated[str | None, typer.Option(help="The id of his Patient.")]
Practitioner = Annotated[str | None, typer.Option(help="The id of his Practitioner.")]
Relative = Annotated[
    list[str] | None,
    typer.Option(help="The id of his RelatedPerson; may be repeated, one for each patient."),
]
Establishment = Annotated[str | None, typer.Option(help="The id of his Organization.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@accounts.command("invite")
def invite(
    login: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Roles,
    name: Annotated[
        str, typer.Option(help="The name shown; asked for when not given.", prompt="Name shown")
    ],
    patient: Patient = None,
    practitioner: Practitioner = None,
    relative: Relative = None,
    establishment: Establishment = None,
    trained_until: Annotated[
        str | None, typer.Option(help="The last day his training holds, as 2027-06-30.")
    ] = None,
    hours: Hours = 72,
) -> None:
    """Make an account for a person; the one-time link to enrol is shown once.

    For somebody invited before who has not enrolled, make a new link with `reset`.
    """
    known = _known(role)
    here = _with_address()
    trained = None if trained_until is None else ends(trained_until, here.zone)
    bound = Bound(patient, practitioner, tuple(relative or ()), establishment)

    async def work(people: People) -> Invitation:
        return await people.directory.invite(
            login, name, known, bound=bound, trained=trained, lifetime=timedelta(hours=hours)
        )

    _print_link(here, among_people(work))


@accounts.command("list")
def show_all() -> None:
    """List the people who have an account."""

    async def work(people: People) -> list[Person]:
        return await people.directory.people()

    table = Table("account", "login", "roles", "made", "state", box=None)
    for person in among_people(work):
        table.add_row(
            str(person.account),
            person.login,
            ", ".join(sorted(person.roles)),
            f"{person.created:%Y-%m-%d}",
            _state(person),
        )
    _console.print(table)


@accounts.command("show")
def show(who: Who) -> None:
    """Show one person's account: whom it stands for, and what it can sign in with."""

    async def work(people: People) -> tuple[Person, Means, list[SessionEntry]]:
        person = await _find(people, who)
        means = await people.means.of(person.account)
        return person, means, await people.sessions.entries(person.account)

    person, means, sessions = among_people(work)
    zone = settings().zone
    lines = {
        "account": str(person.account),
        "login": person.login,
        "name": person.name,
        "roles": ", ".join(sorted(person.roles)),
        "held for": f"Organization/{person.held}" if person.held else "the whole house",
        "state": _state(person),
        "cleared": "no" if person.clearance.lacks else "yes",
        "trained": training(person.clearance, zone),
        "charter": charter(person.clearance, zone),
        "patient": person.bound.patient,
        "practitioner": person.bound.practitioner,
        "relative": ", ".join(person.bound.relatives) or None,
        "establishment": person.bound.establishment,
        "passkeys": str(len(means.passkeys)),
        "password": "with TOTP" if means.password and means.totp else "no",
        "recovery codes": f"{means.codes} left",
        "sessions": f"{len(sessions)} open",
    }
    for key, value in lines.items():
        if value is not None:
            _console.print(f"{key:<15}{value}")


@accounts.command("disable")
def disable(who: Who) -> None:
    """He cannot sign in any more, and his sessions end now."""

    async def work(people: People) -> Person:
        person = await _find(people, who)
        await people.directory.disable(person.account)
        return person

    _console.print(f"{among_people(work).login} is disabled.")


@accounts.command("enable")
def enable(who: Who) -> None:
    """He can sign in again, with the means he had."""

    async def work(people: People) -> Person:
        person = await _find(people, who)
        await people.directory.enable(person.account)
        return person

    _console.print(f"{among_people(work).login} is enabled.")


@accounts.command("describe")
def describe(
    who: Who,
    name: Annotated[str | None, typer.Option(help="Another name to show.")] = None,
    patient: Patient = None,
    practitioner: Practitioner = None,
    relative: Relative = None,
    establishment: Establishment = None,
) -> None:
    """Change the name shown, or whom the account stands for; an empty id takes one away."""
    given = (patient, practitioner, establishment)
    if name is None and relative is None and all(each is None for each in given):
        raise Incorrect("nothing to change: give --name or an id")

    async def work(people: People) -> Person:
        person = await _find(people, who)
        old = person.bound
        had = (old.patient, old.practitioner, old.establishment)
        one, other, place = (
            was if new is None else new or None for was, new in zip(had, given, strict=True)
        )
        ties = old.relatives if relative is None else tuple(each for each in relative if each)
        await people.directory.describe(
            person.account, name=name, bound=Bound(one, other, ties, place)
        )
        return person

    _console.print(f"{among_people(work).login} is changed.")


@accounts.command("roles")
def roles(
    who: Who,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="A role; may be repeated; replaces all.")
    ] = None,
) -> None:
    """Change roles; they hold at once."""
    if not role:
        raise Incorrect("nothing to change: give --role")
    known = _known(role)

    async def work(people: People) -> Person:
        person = await _find(people, who)
        await people.directory.set_roles(person.account, known)
        return await people.directory.person(person.account)

    person = among_people(work)
    _console.print(f"{person.login}: {', '.join(sorted(person.roles))}.")


@accounts.command("train")
def train(
    who: Who,
    until: Annotated[
        str | None, typer.Option(help="The last day his training holds, as 2027-06-30.")
    ] = None,
    none: Annotated[
        bool, typer.Option("--not", help="He is not trained, or not any more.")
    ] = False,
) -> None:
    """Say until when a person is trained; it holds at once, and runs out by itself."""
    if none == (until is not None):
        raise Incorrect("give --until or --not")
    zone = settings().zone
    trained = None if until is None else ends(until, zone)

    async def work(people: People) -> Person:
        person = await _find(people, who)
        await people.directory.train(person.account, trained)
        return await people.directory.person(person.account)

    person = among_people(work)
    _console.print(f"{person.login}, trained: {training(person.clearance, zone)}.")


@accounts.command("sessions")
def sessions(who: Who) -> None:
    """List a person's open sessions."""

    async def work(people: People) -> list[SessionEntry]:
        return await people.sessions.entries((await _find(people, who)).account)

    table = Table("session", "device", "opened", "seen", "means", box=None)
    for entry in among_people(work):
        table.add_row(
            str(entry.session),
            entry.device,
            _moment(entry.opened),
            _moment(entry.seen),
            " ".join(entry.means),
        )
    _console.print(table)


@accounts.command("revoke")
def revoke(
    who: Who,
    session: Annotated[
        int | None, typer.Argument(help="Which session; all of them when not given.")
    ] = None,
) -> None:
    """End a session of a person, or all; it holds at his next request."""

    async def work(people: People) -> int:
        account = (await _find(people, who)).account
        if session is None:
            return await people.sessions.revoke_all(account)
        await people.sessions.revoke(account, session)
        return 1

    ended = among_people(work)
    _console.print(f"{ended} session{'' if ended == 1 else 's'} ended.")


@accounts.command("reset")
def reset(who: Who, hours: Hours = 72, yes: Yes = False) -> None:
    """Take all means, sessions and applications let in away and show a new link: for who lost his.

    Make sure it is he who asks: whoever has the link has the account.
    """
    here = _with_address()
    if not yes:
        typer.confirm("Passkeys, password, codes, sessions and applications go. Reset?", abort=True)

    async def work(people: People) -> Invitation:
        person = await _find(people, who)
        lifetime = timedelta(hours=hours)
        try:
            return await people.directory.reissue(person.account, lifetime=lifetime)
        except Conflict:
            return await people.directory.reset(person.account, lifetime=lifetime)

    _print_link(here, among_people(work))


def _known(roles: list[str]) -> list[str]:
    unknown = [each for each in roles if each not in ROLES]
    if unknown:
        raise Incorrect(f"there is no role {unknown[0]!r}; there are {', '.join(ROLES)}")
    return roles


def _with_address() -> Settings:
    """The settings, once they say where people find the installation. Raises Unavailable."""
    here = settings()
    if not here.base_url or not urlsplit(here.base_url).hostname:
        raise Unavailable("a link needs the public address: set EGIDE_BASE_URL")
    return here


def _print_link(here: Settings, invitation: Invitation) -> None:
    _console.print(f"account  {invitation.account}")
    _console.print(f"link     {here.base_url}{LINK_PATH}{invitation.token}   (shown once)")
    _console.print(f"good     once, until {_moment(invitation.expires)} UTC")


def _state(person: Person) -> str:
    if person.disabled is not None:
        return "disabled"
    return "active" if person.enrolled else "invited"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


async def _find(people: People, who: str) -> Person:
    return await people.directory.person(await account_named(people, who))
