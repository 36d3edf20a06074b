"""Showing two factors again in a session, for what is sensitive; the cookie gets a new value."""

from egide.accounts.people.entries import Begun, Session, SignedIn, Visitor


class StepUp:
    """Reached as `People.step_up`. Refusals are those of `SignIn`."""

    def needed(self, session: Session) -> None:
        """Raises StepUpNeeded unless two factors were shown within `Limits.fresh`."""
        raise NotImplementedError

    async def begin_passkey(self, session: Session, value: str) -> Begun:
        """Options for `navigator.credentials.get()` among the account's own passkeys."""
        raise NotImplementedError

    async def finish_passkey(self, session: Session, response: str, visitor: Visitor) -> SignedIn:
        """The session under a new cookie value; the old value is dead."""
        raise NotImplementedError

    async def password(
        self, session: Session, password: str, code: str, visitor: Visitor
    ) -> SignedIn:
        """The same with password and TOTP code."""
        raise NotImplementedError
