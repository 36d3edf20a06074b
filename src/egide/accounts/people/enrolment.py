"""From a one-time link to an account with means to sign in.

Invariants, tested in tests/integration/accounts/people/test_enrolment.py: a link serves once, one
at a time, until its end or until another replaces it; what somebody set up by it before and did
not complete is gone when it is followed again.
"""

from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.people.directory import MEANS, Directory
from egide.accounts.people.entries import Enrolling, Limits, LinkRefused, SignedIn, Visitor
from egide.accounts.people.own_means import OwnMeans
from egide.accounts.people.pre_sessions import PreSessions
from egide.accounts.people.refusals import Refusals
from egide.accounts.people.sessions import Sessions
from egide.accounts.people.sign_in import BY_PASSKEY, BY_PASSWORD
from egide.accounts.secrets import LINK, digest, new_cookie
from egide.clock import Clock
from egide.db import Connection, Database, queries
from egide.errors import Conflict

_SQL = queries("egide.accounts.people", "people.sql")


class Enrolment:
    """Links followed; reached as `People.enrolment`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        *,
        directory: Directory,
        means: OwnMeans,
        pre_sessions: PreSessions,
        refusals: Refusals,
        sessions: Sessions,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._directory = directory
        self._means = means
        self._pre_sessions = pre_sessions
        self._refusals = refusals
        self._sessions = sessions
        self._limits = limits

    async def look(self, token: str) -> bool:
        """Whether a link is good; changes nothing, so that a preview of it does no harm."""
        return await self._account(token) != 0

    async def begin(self, token: str, visitor: Visitor) -> Enrolling:
        """A pre-session for whoever follows a link: for a POST, never a GET.

        The link stays good until `complete`, for somebody interrupted; beginning again ends the
        pre-session and takes away the means of the time before. Raises LinkRefused.
        """
        account = await self._account(token)
        if account == 0:
            await self._refusals.tell("enrolment-refused", "link", visitor.address)
            raise LinkRefused
        now, value = self._clock(), new_cookie()
        event = AccountEvent("enrolment-begun", now, account=account, address=visitor.address)
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["hold"], account)
            row = await connection.fetchrow(_SQL["link"], digest(token))
            if row is None or row["expires"] <= now or row["disabled"] is not None:
                raise LinkRefused
            for statement in MEANS:
                await connection.execute(_SQL[statement], account)
            expires = now + self._limits.enrolment
            await connection.execute(
                _SQL["wait"], digest(value), "enrolment", account, None, expires
            )
        enrolling = await self.resolve(value)
        if enrolling is None:
            raise LinkRefused
        return enrolling

    async def resolve(self, value: str) -> Enrolling | None:
        """The pre-session behind a cookie value, with the means set up so far; None: none."""
        key = digest(value)
        waiting = await self._pre_sessions.look(key, "enrolment", self._clock())
        if waiting is None:
            return None
        person = await self._directory.person(waiting.account)
        means = await self._means.of(waiting.account)
        return Enrolling(
            value, key, person.account, person.login, person.name, waiting.expires, means
        )

    async def complete(self, value: str, visitor: Visitor) -> SignedIn:
        """Uses the link up and signs in, once there are means enough.

        Raises LinkRefused, and Conflict when neither a passkey nor password and TOTP are there.
        """
        now = self._clock()
        enrolling = await self.resolve(value)
        if enrolling is None:
            raise LinkRefused
        if not enrolling.means.enough:
            raise Conflict("A passkey, or a password and a code, must be set up first")
        shown = BY_PASSKEY if enrolling.means.passkeys else BY_PASSWORD

        async def claim(connection: Connection) -> None:
            account = enrolling.account
            await connection.execute(_SQL["hold"], account)
            used = await connection.execute(_SQL["use_link"], account, now)
            alive = await self._pre_sessions.use(connection, enrolling.key, "enrolment", now)
            if used != "DELETE 1" or not alive:
                raise LinkRefused

        event = AccountEvent(
            "enrolment-completed", now, account=enrolling.account, address=visitor.address
        )
        async with recorded(self._append, event):
            return await self._sessions.open(
                enrolling.account, shown, visitor, at=self._clock(), claim=claim
            )

    async def _account(self, token: str) -> int:
        """The account a good link is for; 0 for any other."""
        if not LINK.fullmatch(token):
            return 0
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["link"], digest(token))
        if row is None or row["expires"] <= self._clock() or row["disabled"] is not None:
            return 0
        return int(row["account"])
