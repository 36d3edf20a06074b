"""From a one-time link to an account with means to sign in."""

from egide.accounts.people.entries import Enrolling, SignedIn, Visitor


class Enrolment:
    """Links followed; reached as `People.enrolment`."""

    async def look(self, token: str) -> bool:
        """Whether a link is good; changes nothing, so that a preview of it does no harm."""
        raise NotImplementedError

    async def begin(self, token: str, visitor: Visitor) -> Enrolling:
        """A pre-session for whoever follows a link: for a POST, never a GET.

        The link stays good until `complete`, for somebody interrupted; beginning again ends the
        pre-session and takes away the means of the time before. Raises LinkRefused.
        """
        raise NotImplementedError

    async def resolve(self, value: str) -> Enrolling | None:
        """The pre-session behind a cookie value, with the means set up so far; None: none."""
        raise NotImplementedError

    async def complete(self, value: str, visitor: Visitor) -> SignedIn:
        """Uses the link up and signs in, once there are means enough.

        Raises LinkRefused, and Conflict when neither a passkey nor password and TOTP are there.
        """
        raise NotImplementedError
