"""Who may log in: client applications, the operator, and the access tokens they are given.

Invariants, each with its test in tests/integration/accounts:
- no secret and no access token is stored, only its SHA-256 (test_stored);
- an event is appended to the ledger before it takes effect (test_events);
- a revoked access token fails on the next request of this process, and of every other one as soon
  as the notice arrives, `REMEMBERED` at the latest (test_revocation);
- failures lock nobody out (test_failures).
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from egide.accounts.acting import NOBODY, Known, acting
from egide.accounts.applications import ROLES_ALLOW, Applications
from egide.accounts.approvals import Approval, Approvals, Contexts, row_of
from egide.accounts.binding import Bindings
from egide.accounts.clearance import clearance
from egide.accounts.clients import Clients
from egide.accounts.entries import About, Client, ClientRefused, Issued, checked
from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.failures import FAILURES_PER_ADDRESS, Failures
from egide.accounts.holding import Holding
from egide.accounts.launches import Launches
from egide.accounts.remembered import Remembered
from egide.accounts.secrets import ACCESS_TOKEN, digest, new_access_token
from egide.accounts.signing import Signing
from egide.actor import Actor, Zone
from egide.clock import Clock
from egide.db import Database, queries
from egide.errors import Forbidden, NotFound, Unauthenticated
from egide.ids import internal_number

CHANNEL = "egide_accounts"
REMEMBERED = timedelta(seconds=5)
"""How long a resolved access token is believed without asking the database again."""
LIFETIME = timedelta(hours=1)
OPERATOR_LIFETIME = timedelta(hours=12)
SCOPE = ROLES_ALLOW
"""The scope that narrows nothing: what an account may do is decided from its roles."""
OPERATOR = "operator"
TWO_FACTORS = 2
"""The strength every person's session begins with; no means of ours opens one with less."""

_SQL = queries("egide.accounts", "accounts.sql")


StandsFor = Callable[[int, bytes], Known]
"""Opens the sealed part of a person of an account."""


class Accounts:
    """Accounts of one installation; one instance a process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        key: bytes,
        stands_for: StandsFor | None = None,
    ) -> None:
        """`append` makes an event durable in the ledger; `key`: 32 bytes for the accounts.

        `stands_for` opens what is sealed of a person, for access tokens that act for one; without
        it they stand for nobody.
        """
        self._stands_for = stands_for
        self._database = database
        self._clock = clock
        self._append = append
        self._bindings = Bindings(key)
        self._remembered: Remembered[Actor] = Remembered()
        self._failures = Failures()
        self.clients = Clients(
            database,
            clock,
            append,
            self._bindings,
            lambda account: self._remembered.forget(account=account),
        )
        self._contexts = Contexts(key)
        self.applications = Applications(database, clock, append, self._bindings)
        self.approvals = Approvals(
            database,
            clock,
            append,
            self._contexts,
            lambda account: self._remembered.forget(account=account),
        )
        self.holding = Holding(
            database, clock, append, lambda account: self._remembered.forget(account=account)
        )
        self.launches = Launches(database, clock, append, self._contexts)
        self.signing = Signing(database, clock, append, key)

    async def open(self) -> None:
        """Starts to listen to what other processes revoke. Raises Unavailable."""
        await self._database.listen(CHANNEL, self._heard)

    async def issue(
        self, client: Client, *, scope: str = SCOPE, lifetime: timedelta = LIFETIME
    ) -> Issued:
        """An access token for a client application that has proved itself.

        Raises ClientRefused when it was disabled, or its secret changed, since it did.
        """
        access_token, event = self._opened(client.account, client.roles, scope, lifetime)
        event = replace(event, client=client.client_id)
        return await self._issue(access_token, event, "issue_to_client", client.proof)

    async def issue_from(
        self, approval: Approval, *, scope: str | None = None, lifetime: timedelta = LIFETIME
    ) -> Issued:
        """An access token for the application a person approved; `scope`: narrower than that.

        Raises ClientRefused when the approval has ended.
        """
        lifetime = min(lifetime, approval.expires - self._clock())
        access_token, event = self._opened(
            approval.account, approval.roles, scope or approval.scope, lifetime
        )
        event = replace(event, client=approval.client_id)
        return await self._issue(access_token, event, "issue_from_approval", approval.number)

    async def issue_to_operator(
        self, roles: Collection[str], *, lifetime: timedelta = OPERATOR_LIFETIME
    ) -> Issued:
        """An access token for whoever works at the machine, with `roles`.

        Each set of roles has an account of its own, so that a later access token with more roles
        widens none given before. Raises Incorrect, and Forbidden when that account is disabled.
        """
        named = checked(OPERATOR, roles)
        label = f"{OPERATOR}: {', '.join(named)}"
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _SQL["operator"], internal_number(), label, named, self._clock()
            )
        if row is None or row["disabled"] is not None:
            raise Forbidden("The operator's account is disabled")
        access_token, event = self._opened(row["account"], named, SCOPE, lifetime)
        return await self._issue(access_token, event, "issue_to_operator")

    async def resolve(
        self, access_token: str, *, address: str = "", zone: Zone = "outside"
    ) -> Actor:
        """The actor of an access token; `address` and `zone` are where it came from this time.

        Raises Unauthenticated when it is unknown, expired or revoked, or its account disabled:
        the four look the same from outside, and the ledger says which.
        """
        now = self._clock()
        key = digest(access_token)
        actor = self._remembered.get(key, now)
        if actor is None:
            actor = await self._look_up(access_token, key, now, address)
        return actor if actor.zone == zone else replace(actor, zone=zone)

    async def actor(self, account: int) -> Actor:
        """An account as an actor, for who explains or reviews what it may do; it logs nobody in.

        A person is the one of a session just opened with two factors, at work inside. Raises
        NotFound.
        """
        now = self._clock()
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["described"], account)
        if row is None:
            raise NotFound("there is no such account")
        if row["sealed"] is not None:
            return acting(
                account,
                row["roles"],
                self._known(account, row["sealed"]),
                clearance=clearance(row, now),
                session=0,
                assurance=TWO_FACTORS,
                authenticated=now,
                zone="inside",
                held=row["held"],
            )
        sealed = row["patient"]
        return Actor(
            account=account,
            client=row["client_id"] or OPERATOR,
            roles=frozenset(row["roles"]),
            session=0,
            patient=None if sealed is None else self._bindings.open(sealed, account),
            held=row["held"],
        )

    async def relatives(self, account: int) -> tuple[str, ...]:
        """The RelatedPersons (ids) a person's account stands for; of any other account none."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["described"], account)
        return () if row is None else self._known(account, row["sealed"]).relatives

    async def revoke(self, access_token: str, *, by: int = 0) -> None:
        """The access token ends now; one that is unknown or has ended stays so."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["session_of"], digest(access_token))
        if row is not None and row["revoked"] is None:
            await self.revoke_session(row["session"], account=row["account"], by=by)

    async def revoke_session(self, session: int, *, account: int = 0, by: int = 0) -> None:
        """The access token of `session` ends now."""
        now = self._clock()
        event = AccountEvent("access-token-revoked", now, account=account, by=by, session=session)
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["revoke_session"], session, now)
            await connection.execute(_SQL["notify"], f"session {session}")
        self._remembered.forget(session=session)

    async def sweep(self) -> None:
        """Deletes access tokens a day after their end, and writes refusals not yet written."""
        await self.clients.settle()
        await self.applications.sweep()
        await self.approvals.sweep()
        await self.launches.sweep()
        await self.signing.sweep()
        for address, count in self._failures.settle():
            await self._refused(count, "too-many", address)
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep"], self._clock() - timedelta(days=1))

    def _opened(
        self, account: int, roles: Collection[str], scope: str, lifetime: timedelta
    ) -> tuple[str, AccountEvent]:
        """A new access token, and the event that opens its session."""
        now = self._clock()
        event = AccountEvent(
            "access-token-issued",
            now,
            account=account,
            session=internal_number(),
            roles=tuple(sorted(roles)),
            scope=scope,
            expires=now + lifetime,
        )
        return new_access_token(), event

    async def _issue(
        self, access_token: str, event: AccountEvent, statement: str, *proof: bytes | int
    ) -> Issued:
        expires = event.expires or event.at
        async with recorded(self._append, event), self._database.connection() as connection:
            done = await connection.execute(
                _SQL[statement],
                digest(access_token),
                event.account,
                event.session,
                event.scope,
                event.at,
                expires,
                *proof,
            )
            if done != "INSERT 0 1":
                raise ClientRefused("The account is disabled or its secret has changed")
        seconds = int((expires - event.at).total_seconds())
        return Issued(access_token, event.session, event.account, event.scope, seconds, expires)

    async def _look_up(self, access_token: str, key: bytes, now: datetime, address: str) -> Actor:
        generation = self._remembered.generation
        row = None
        if ACCESS_TOKEN.fullmatch(access_token):
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_SQL["resolve"], key)
        reason = _refusal(row, now)
        account = 0 if row is None else int(row["account"])
        if row is None or reason is not None:
            await self._refuse(reason or "unknown", address, account)
            raise Unauthenticated("The access token is unknown, expired or revoked")
        actor = self._actor(row, account, now)
        until = min(row["expires"], now + REMEMBERED)
        if actor.clearance is not None and actor.clearance.until is not None:
            until = min(until, actor.clearance.until)
        self._remembered.put(key, actor, until, generation)
        return actor

    def _actor(self, row: Any, account: int, now: datetime) -> Actor:
        client = row["client_id"] or OPERATOR
        if row["number"] is None:
            sealed = row["patient"]
            return Actor(
                account=account,
                client=client,
                roles=frozenset(row["roles"]),
                session=row["session"],
                patient=None if sealed is None else self._bindings.open(sealed, account),
                scope=None if row["scope"] == SCOPE else row["scope"],
                zone="outside",
                held=row["held"],
            )
        context = self._contexts.open(row["context"], row_of(row["number"]))
        roles, known = frozenset(row["roles"]), self._known(account, row["sealed"])
        if context.situation is not None:
            roles, known = context.situation.narrows(roles), context.situation.places(known)
        return acting(
            account,
            roles,
            known,
            clearance=clearance(row, now),
            session=row["session"],
            assurance=row["assurance"],
            authenticated=context.shown,
            zone="outside",
            client=client,
            behalf=context.on_behalf,
            scope=row["scope"],
            launched=context.launched,
            held=row["held"],
        )

    def _known(self, account: int, sealed: bytes | None) -> Known:
        if sealed is None or self._stands_for is None:
            return NOBODY
        return self._stands_for(account, sealed)

    async def about(self, access_token: str) -> About | None:
        """What an access token that is good is; None for any other."""
        if not ACCESS_TOKEN.fullmatch(access_token):
            return None
        now = self._clock()
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["about"], digest(access_token))
        if row is None or _refusal(row, now) is not None:
            return None
        return About(
            row["account"],
            row["session"],
            row["client_id"] or OPERATOR,
            row["scope"],
            row["issued"],
            row["expires"],
        )

    async def asked_about(
        self, about: About, client_id: str, allowed: bool, *, address: str = ""
    ) -> None:
        """Files that an application asked what an access token is, and whether it was told."""
        await self._append(
            AccountEvent(
                "access-token-asked-about",
                self._clock(),
                outcome="success" if allowed else "refused",
                account=about.account,
                session=about.session,
                client=client_id,
                address=address,
            )
        )

    async def _refuse(self, reason: str, address: str, account: int) -> None:
        standing = self._failures.note(address, (address, FAILURES_PER_ADDRESS))
        if standing.report:
            await self._refused(standing.report, reason, address, account)

    async def _refused(self, count: int, reason: str, address: str, account: int = 0) -> None:
        await self._append(
            AccountEvent(
                "access-token-refused",
                self._clock(),
                outcome="refused",
                account=account,
                address=address,
                reason=reason,
                count=count,
            )
        )

    def _heard(self, notice: str) -> None:
        """A notice of another process, or "" when some may have been missed."""
        what, _, number = notice.partition(" ")
        if what == "session" and number.isdigit():
            self._remembered.forget(session=int(number))
        elif what == "account" and number.isdigit():
            self._remembered.forget(account=int(number))
        else:
            self._remembered.forget()


def _refusal(row: Any, now: datetime) -> str | None:
    """Why an access token is not good, as a code; None when it is."""
    if row is None:
        return "unknown"
    if row["revoked"] is not None:
        return "revoked"
    if row["disabled"] is not None:
        return "disabled"
    if row["over"]:
        return "session-over"
    if row["expires"] <= now:
        return "expired"
    return None
