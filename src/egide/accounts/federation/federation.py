"""Logging in by the word of an identity issuer: the OpenID Connect relying party of Égide.

Written against Pro Santé Connect and FranceConnect v2, which are data (see `issuer`). How a log-in
goes: `begin` sends the browser to the issuer; `finish` verifies what it brings back; an identity
with several exercise situations, or without an account, is kept with `hold` until the page that
asks has its answer (`look`, `take`); `choose` gives the roles, `account_of` the account.

Invariants, each with its test in tests/integration/accounts/federation:
- what does not verify is refused and is in the ledger (test_refusals);
- a person without role is not let in (test_professionals);
- an identity opens no account it was not linked to (test_links).
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from egide.accounts.events import AccountEvent, Append
from egide.accounts.failures import FAILURES_PER_ADDRESS, Failures
from egide.accounts.federation.claims import authenticated_at, methods, sid_of, subject_of
from egide.accounts.federation.configuration import Registration
from egide.accounts.federation.fetch import Fetch
from egide.accounts.federation.identity import Begun, Chosen, Evidence, Identity, Link
from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.links import Links
from egide.accounts.federation.pivot import pivot
from egide.accounts.federation.place import local
from egide.accounts.federation.refusal import FederationRefused, IssuerUnavailable, NoSituation
from egide.accounts.federation.relying_party import RelyingParty, Vouched
from egide.accounts.federation.sealing import Sealing
from egide.accounts.federation.sessions import Sessions
from egide.accounts.federation.situations import professional
from egide.accounts.federation.waiting import Begins, Verified, Waiting
from egide.clock import Clock
from egide.db import Database
from egide.errors import Incorrect, NotFound

Proof = Literal["enrolment", "second-factor"]
"""What shows that whoever holds an identity also holds the account."""


End = Callable[[int], Awaitable[None]]
"""Ends the session of that number."""


class Federation:
    """The issuers of one installation; one instance a process.

    `browser` is, everywhere, what the browser is known by before it has a session: at least 16
    random bytes in a cookie of its own (`__Host-`, HttpOnly, SameSite=Lax).
    """

    def __init__(
        self,
        issuers: Sequence[Registration],
        database: Database,
        clock: Clock,
        key: bytes,
        append: Append,
        fetch: Fetch,
        *,
        callback: str,
    ) -> None:
        """`key`: `KeyRing.derive("federation")`; `append` makes an event durable in the ledger.

        `callback` is the absolute address issuers send browsers back to; each has its own below
        it, `{callback}/{name}`, so that no answer of one is taken for another's (RFC 9700 §4.4).
        """
        sealing = Sealing(key)
        self._clock = clock
        self._append = append
        self._sealing = sealing
        self._waiting = Waiting(database, clock, sealing)
        self._links = Links(database, clock, append)
        self._sessions = Sessions(database, clock, sealing)
        self._failures = Failures()
        self._parties = {
            each.issuer.name: RelyingParty(each, clock, fetch, f"{callback}/{each.issuer.name}")
            for each in issuers
        }

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """Those one can log in by, in the order of the configuration: `name` and `title` to show.

        `kind` says whose: `professional` or `citizen`.
        """
        return tuple(party.issuer for party in self._parties.values())

    def key_set(self, issuer: str) -> dict[str, Any]:
        """Our public keys for `issuer`, as a JWK set: for it to verify and to encrypt with.

        To be registered there, or served where it looks for them. Raises NotFound.
        """
        return self._party(issuer).key_set()

    async def begin(
        self, issuer: str, return_to: str, browser: bytes, *, session: int = 0
    ) -> Begun:
        """Where to send the browser to log in at `issuer` and come back to the path `return_to`.

        With the number of a `session` the person has to authenticate there anew, whatever session
        the issuer has, and the identity is for that session alone.

        The way back is open for ten minutes, once. Raises NotFound for an issuer there is not,
        Incorrect for a place that is not local, IssuerUnavailable.
        """
        party = self._party(issuer)
        begins = party.prepared(local(return_to), self._waiting.browser(browser), session)
        await party.check()  # nothing is kept for an issuer that cannot be reached
        state = await self._waiting.put(begins)
        return Begun(await party.address(begins, state))

    async def finish(
        self,
        issuer: str,
        browser: bytes,
        query: Sequence[tuple[str, str]],
        *,
        address: str = "",
    ) -> Identity:
        """Who is there, by what the browser brings back to `{callback}/{issuer}`.

        `query` are the parameters of that request, as they came; `address` where it came from.
        Raises FederationRefused (begin again), NoSituation (a professional without a role here),
        IssuerUnavailable, NotFound. The ledger is told of every end.
        """
        party = self._party(issuer)
        try:
            said = dict(query)
            begins = await self._waiting.take(said.get("state", ""), browser, Begins)
            if begins.issuer != issuer:
                raise FederationRefused("other-issuer")
            if len(said) != len(query):
                raise FederationRefused("answer")
            vouched = await party.vouched(said, begins)
            identity = self._identity(party.issuer, vouched, begins)
        except (FederationRefused, NoSituation, IssuerUnavailable) as error:
            reason = "unavailable" if isinstance(error, IssuerUnavailable) else error.reason
            await self._refused(issuer, reason, address)
            raise
        await self._append(
            AccountEvent(
                "identity-verified",
                self._clock(),
                account=await self._links.account_of(identity.subject) or 0,
                address=address,
                issuer=issuer,
                acr=identity.evidence.acr,
                amr=identity.evidence.amr,
                means=(identity.evidence.means,) if identity.evidence.means else (),
                authenticated=identity.evidence.at,
            )
        )
        return identity

    def choose(self, identity: Identity, situation: int) -> Chosen:
        """What a professional works as, in the situation at that place of `identity.situations`.

        Raises Incorrect when there is none there, NoSituation when it has no role.
        """
        if not 0 <= situation < len(identity.situations):
            raise Incorrect("There is no such exercise situation")
        chosen = identity.situations[situation]
        if not chosen.roles:
            raise NoSituation("no-role")
        return Chosen(frozenset(chosen.roles), chosen.establishment, chosen.finess, chosen)

    async def hold(self, identity: Identity, browser: bytes) -> str:
        """Keeps a verified identity for ten minutes; the handle that finds it, for a form."""
        return await self._waiting.put(Verified(identity, self._waiting.browser(browser)))

    async def look(self, handle: str, browser: bytes) -> Identity:
        """The identity held under `handle`, which stays. Raises FederationRefused."""
        return (await self._waiting.look(handle, browser, Verified)).identity

    async def take(self, handle: str, browser: bytes) -> Identity:
        """The identity held under `handle`, once. Raises FederationRefused."""
        return (await self._waiting.take(handle, browser, Verified)).identity

    async def account_of(self, identity: Identity) -> int | None:
        """The account that `identity` opens, disabled or not; None: it is linked to none yet."""
        return await self._links.account_of(identity.subject)

    async def link(self, identity: Identity, account: int, *, proof: Proof, by: int = 0) -> None:
        """From now on `identity` opens `account`, whose holder has shown `proof`.

        Raises Conflict when either has another link already.
        """
        await self._links.link(identity, account, proof, by)

    async def unlink(self, account: int, issuer: str, *, by: int = 0) -> None:
        """The identity of `issuer` opens `account` no more. Raises NotFound."""
        await self._links.unlink(account, issuer, by)

    async def links(self, account: int) -> list[Link]:
        """The issuers whose identities open `account`."""
        return await self._links.of(account)

    async def opened(self, session: int, identity: Identity, until: datetime) -> None:
        """`identity` opened `session`, or showed it again, which lasts at most `until`: so that
        `leave` can end both, and its issuer ours.

        Keeps nothing for an issuer whose `logout` is off.
        """
        if identity.id_token:
            await self._sessions.remember(session, identity, until)

    async def leave(self, session: int, return_to: str) -> str | None:
        """Where to send the browser to log out at the issuer too; None: nothing to do there.

        `return_to` is the absolute address it comes back to. To be called when `session` ends; an
        issuer that cannot be reached then is passed over, since the session here has ended. Of
        several that vouched for it, it is the last one that has a place to log out.
        """
        for issuer, id_token in await self._sessions.forget(session):
            if issuer not in self._parties:
                continue
            with suppress(IssuerUnavailable):
                farewell = await self._parties[issuer].farewell(id_token, return_to)
                if farewell is not None:
                    return farewell
        return None

    async def ended(
        self, issuer: str, logout_token: str, end: End, *, address: str = ""
    ) -> tuple[int, ...]:
        """The sessions that `issuer` ends by a logout token it sends; `end` ended each of them.

        For the address registered there as `backchannel_logout_uri`, to which it POSTs a form with
        `logout_token`. A session is forgotten here once `end` is done with it, so that the issuer
        can send the same again when it could not be; once all are ended, the token is good no
        more. Raises FederationRefused, IssuerUnavailable, NotFound, and what `end` raises.
        """
        party = self._party(issuer)
        try:
            said = await party.ends(logout_token)
            if await self._sessions.taken(issuer, said.jti):
                raise FederationRefused("replayed")
        except (FederationRefused, IssuerUnavailable) as error:
            reason = "unavailable" if isinstance(error, IssuerUnavailable) else error.reason
            await self._refused(issuer, reason, address)
            raise
        known = self._subject(party.issuer, said.subject) if said.subject else None
        sessions = await self._sessions.named(issuer, known, said.sid)
        for session in sessions:
            await end(session)
            await self._sessions.forget(session)
        await self._sessions.take(issuer, said.jti, said.until)
        return sessions

    async def sweep(self) -> None:
        """Deletes what is over, and writes refusals not yet written."""
        for address, count in self._failures.settle():
            await self._append_refusal("", "too-many", address, count)
        await self._waiting.sweep()
        await self._sessions.sweep()

    def _party(self, issuer: str) -> RelyingParty:
        party = self._parties.get(issuer)
        if party is None:
            raise NotFound("There is no such identity issuer")
        return party

    def _identity(self, issuer: Issuer, vouched: Vouched, begins: Begins) -> Identity:
        claims, userinfo = vouched.claims, vouched.userinfo
        acr = claims["acr"]
        person = pivot(userinfo) if issuer.kind == "citizen" else None
        number, situations = ("", ()) if person else professional(userinfo, issuer)
        return Identity(
            issuer=issuer.name,
            kind=issuer.kind,
            subject=self._subject(issuer, subject_of(claims)),
            assurance=issuer.assurance(acr) or 1,
            evidence=Evidence(
                issuer=issuer.name,
                acr=acr,
                amr=methods(claims),
                means=_short(userinfo.get("Palier_Authentification")),
                at=authenticated_at(claims),
            ),
            situations=situations,
            display=" ".join(
                name
                for each in ("given_name", "family_name")
                if (name := _short(userinfo.get(each)))
            ),
            return_to=begins.return_to,
            number=number,
            pivot=person,
            id_token=vouched.id_token if issuer.logout else "",
            sid=sid_of(claims),
            session=begins.session,
        )

    def _subject(self, issuer: Issuer, subject: str) -> bytes:
        """What a person is known by here: of the issuer's address, so that it may be renamed."""
        return self._sealing.hashed("subject", issuer.issuer.encode(), subject.encode())

    async def _refused(self, issuer: str, reason: str, address: str) -> None:
        standing = self._failures.note(address, (address, FAILURES_PER_ADDRESS))
        if standing.report:
            await self._append_refusal(issuer, reason, address, standing.report)

    async def _append_refusal(self, issuer: str, reason: str, address: str, count: int) -> None:
        await self._append(
            AccountEvent(
                "identity-refused",
                self._clock(),
                outcome="refused",
                address=address,
                reason=reason,
                count=count,
                issuer=issuer,
            )
        )


def _short(value: object) -> str:
    """A value of userinfo to show or to keep as evidence: short and printable, or ""."""
    return value if isinstance(value, str) and len(value) <= 200 and value.isprintable() else ""
