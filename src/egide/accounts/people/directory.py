"""Who has an account: invited, listed, changed, disabled, by an operator or a manager."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from egide.accounts.acting import Bound
from egide.accounts.clearance import clearance
from egide.accounts.entries import checked
from egide.accounts.events import AccountEvent, Append, Kind, recorded
from egide.accounts.people.charters import Charters
from egide.accounts.people.entries import Invitation, Limits, Person
from egide.accounts.people.names import checked_login, checked_name, plain_login
from egide.accounts.people.sealing import Known, Sealing
from egide.accounts.people.sessions import Sessions
from egide.accounts.secrets import digest, new_link
from egide.clock import Clock
from egide.db import Connection, Database, Fetched, UniqueViolation, queries
from egide.errors import Conflict, Forbidden, Incorrect, NotFound
from egide.ids import RESOURCE_ID, internal_number

LONGEST_LINK = timedelta(days=30)
MOST_RELATIVES = 20
MEANS = (
    "forget_passkeys",
    "forget_password",
    "forget_totp",
    "forget_codes",
    "forget_devices",
    "forget_pre_sessions",
)
"""Statements that leave an account with nothing to sign in with."""

_SQL = queries("egide.accounts.people", "people.sql")


class Directory:
    """People's accounts; reached as `People.directory`. `by`: the account that acts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        sealing: Sealing,
        sessions: Sessions,
        charters: Charters,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._sealing = sealing
        self._sessions = sessions
        self._charters = charters
        self._limits = limits

    async def invite(
        self,
        login: str,
        name: str,
        roles: Collection[str],
        *,
        bound: Bound = Bound(),  # noqa: B008
        trained: datetime | None = None,
        lifetime: timedelta | None = None,
        by: int = 0,
    ) -> Invitation:
        """A new account and the link its holder enrols with; `trained`: until when he is.

        Raises Incorrect, and Conflict when the login name is taken.
        """
        plain, shown, named = checked_login(login), checked_name(name), checked("person", roles)
        known = _known(plain, shown, bound)
        now, account = self._clock(), internal_number()
        invitation = self._invitation(account, lifetime)
        hashed = self._sealing.hash("login", plain)
        async with self._database.connection() as connection:
            if await connection.fetchval(_SQL["account_of"], hashed) is not None:
                raise Conflict("This login name is taken")
        event = AccountEvent(
            "person-invited",
            now,
            account=account,
            by=by,
            roles=tuple(named),
            expires=invitation.expires,
        )
        sealed = self._sealing.seal_known(account, known)
        handle = secrets.token_bytes(32)
        try:
            async with recorded(self._append, event), self._database.transaction() as connection:
                await connection.execute(_SQL["add_account"], account, named, now)
                await connection.execute(
                    _SQL["add_person"], account, hashed, handle, sealed, trained
                )
                await self._invite(connection, invitation)
        except UniqueViolation:
            raise Conflict("This login name is taken") from None
        return invitation

    async def reissue(
        self, account: int, *, lifetime: timedelta | None = None, by: int = 0
    ) -> Invitation:
        """A new link for somebody who has not enrolled; the old one is dead.

        Raises NotFound, Conflict when he has enrolled (then it is `reset`), Forbidden when the
        account is disabled.
        """
        if (await self._active(account)).enrolled:
            raise Conflict("This person has enrolled: a new link takes a reset")
        return await self._again("person-link-renewed", account, lifetime, by)

    async def reset(
        self, account: int, *, lifetime: timedelta | None = None, by: int = 0
    ) -> Invitation:
        """Takes every means and session away and gives a new link: recovery by an operator.

        Applications that were let in are out too, those that work without the person as well.

        Raises NotFound, Forbidden when the account is disabled.
        """
        await self._active(account)
        return await self._again("person-reset", account, lifetime, by)

    async def people(self) -> list[Person]:
        """Every person with an account, oldest first."""
        async with self._database.connection() as connection:
            return [self._person(row) for row in await connection.fetch(_SQL["people"])]

    async def person(self, account: int) -> Person:
        """One person. Raises NotFound."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["person"], account)
        if row is None:
            raise NotFound("There is no such person's account")
        return self._person(row)

    async def find(self, login: str) -> Person:
        """The person with a login name. Raises NotFound."""
        hashed = self._sealing.hash("login", plain_login(login))
        async with self._database.connection() as connection:
            account = await connection.fetchval(_SQL["account_of"], hashed)
        return await self.person(account or 0)  # no account has the number 0

    async def disable(self, account: int, *, by: int = 0) -> None:
        """He cannot sign in any more, and his sessions and link end now. Raises NotFound."""
        now = self._clock()
        await self.person(account)
        event = AccountEvent("person-disabled", now, account=account, by=by)
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["disable"], account, now)
            await connection.execute(_SQL["forget_link"], account)
            await connection.execute(_SQL["forget_pre_sessions"], account)
            await self._sessions.end_all(connection, account)
        self._sessions.forget(account)

    async def enable(self, account: int, *, by: int = 0) -> None:
        """He can sign in again, with the means he had. Raises NotFound."""
        await self._change("person-enabled", account, by, "enable")

    async def set_roles(self, account: int, roles: Collection[str], *, by: int = 0) -> None:
        """Other roles; they hold on the next request. Raises NotFound, Incorrect."""
        named = checked("person", roles)
        await self._change("person-roles-changed", account, by, "set_roles", named, roles=named)

    async def describe(
        self, account: int, *, name: str | None = None, bound: Bound | None = None, by: int = 0
    ) -> None:
        """Another name shown, other resources the account stands for; None: as it is.

        Holds on the next request. Raises NotFound, Incorrect.
        """
        person = await self.person(account)
        shown = person.name if name is None else checked_name(name)
        known = _known(person.login, shown, person.bound if bound is None else bound)
        sealed = self._sealing.seal_known(account, known)
        await self._change("person-described", account, by, "describe", sealed)

    async def train(self, account: int, until: datetime | None, *, by: int = 0) -> None:
        """Trained until an instant, or not any more (None); holds on the next request.

        Raises NotFound.
        """
        await self._change("person-trained", account, by, "train", until, expires=until)

    async def sign(self, account: int, version: str, *, by: int = 0) -> None:
        """He has signed a version of the charter, today; holds on the next request.

        What he signed before keeps its date. Raises NotFound.
        """
        await self._charters.find(version)
        signed = self._clock()
        await self._change(
            "charter-signed", account, by, "sign_charter", version, signed, charter=version
        )

    async def withdraw_signature(self, account: int, version: str, *, by: int = 0) -> None:
        """He has not signed a version after all; holds on the next request. Raises NotFound."""
        await self._charters.find(version)
        await self._change(
            "charter-signature-withdrawn",
            account,
            by,
            "withdraw_signature",
            version,
            charter=version,
        )

    async def _change(
        self,
        kind: Kind,
        account: int,
        by: int,
        statement: str,
        *arguments: object,
        roles: Sequence[str] = (),
        expires: datetime | None = None,
        charter: str = "",
    ) -> None:
        await self.person(account)
        event = AccountEvent(
            kind,
            self._clock(),
            account=account,
            by=by,
            roles=tuple(roles),
            expires=expires,
            charter=charter,
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL[statement], account, *arguments)
            await connection.execute(_SQL["notify"], f"account {account}")
        self._sessions.forget(account)

    async def _again(
        self, kind: Kind, account: int, lifetime: timedelta | None, by: int
    ) -> Invitation:
        """Takes means, sessions and approvals of an account away and makes a new link."""
        invitation = self._invitation(account, lifetime)
        event = AccountEvent(
            kind, self._clock(), account=account, by=by, expires=invitation.expires
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["hold"], account)
            for statement in MEANS:
                await connection.execute(_SQL[statement], account)
            await connection.execute(_SQL["end_approvals"], account, self._clock())
            await self._sessions.end_all(connection, account)
            await self._invite(connection, invitation)
        self._sessions.forget(account)
        return invitation

    async def _active(self, account: int) -> Person:
        person = await self.person(account)
        if person.disabled is not None:
            raise Forbidden("This account is disabled: enable it first")
        return person

    def _invitation(self, account: int, lifetime: timedelta | None) -> Invitation:
        lasting = self._limits.link if lifetime is None else lifetime
        if not timedelta() < lasting <= LONGEST_LINK:
            raise Incorrect(f"A link is good for at most {LONGEST_LINK.days} days")
        return Invitation(account, new_link(), self._clock() + lasting)

    async def _invite(self, connection: Connection, invitation: Invitation) -> None:
        await connection.execute(
            _SQL["invite"],
            invitation.account,
            digest(invitation.token),
            self._clock(),
            invitation.expires,
        )

    def _person(self, row: Fetched) -> Person:
        known = self._sealing.open_known(row["account"], row["sealed"])
        return Person(
            row["account"],
            known.login,
            known.name,
            frozenset(row["roles"]),
            known.bound,
            clearance(row, self._clock()),
            row["enrolled"],
            row["created"],
            row["disabled"],
            row["held"],
        )


def _known(login: str, name: str, bound: Bound) -> Known:
    """What is sealed of a person. Raises Incorrect."""
    ids = (bound.patient, bound.practitioner, *bound.relatives, bound.establishment)
    if not all(each is None or RESOURCE_ID.fullmatch(each) for each in ids):
        raise Incorrect("An account is bound to resources by their ids")
    if len(bound.relatives) > MOST_RELATIVES:
        raise Incorrect(f"An account stands for at most {MOST_RELATIVES} RelatedPersons")
    relatives = tuple(dict.fromkeys(bound.relatives))
    return Known(login, name, bound.patient, bound.practitioner, relatives, bound.establishment)
