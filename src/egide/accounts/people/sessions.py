"""Open sessions of people: known by the hash of their cookie, revocable, with limits."""

from collections.abc import Collection

from egide.accounts.people.entries import Session, SessionEntry, SignedIn, Visitor


class Sessions:
    """Reached as `People.sessions`."""

    async def open(
        self, account: int, means: Collection[str], visitor: Visitor, *, assurance: int = 2
    ) -> SignedIn:
        """A session for an account that has shown `means`: for a federated identity, the door's
        proof; the other ways come from `SignIn` and `Enrolment`. Raises SignInRefused when the
        account is disabled or there is none."""
        raise NotImplementedError

    async def resolve(self, value: str, visitor: Visitor) -> Session | None:
        """The session of a cookie value; None when unknown, ended, revoked, of a disabled
        account, or sent by another kind of browser than opened it (it then ends)."""
        raise NotImplementedError

    async def entries(self, account: int) -> list[SessionEntry]:
        """The open sessions of an account, the one used last first."""
        raise NotImplementedError

    async def sign_out(self, session: Session) -> None:
        """The session ends now."""
        raise NotImplementedError

    async def revoke(self, account: int, session: int, *, by: int = 0) -> None:
        """One session of `account` ends now. Raises NotFound when it is not one of his."""
        raise NotImplementedError

    async def revoke_all(self, account: int, *, except_session: int = 0, by: int = 0) -> int:
        """All sessions of `account` end now, but one; returns how many did."""
        raise NotImplementedError
