"""Who has an account: invited, listed, changed, disabled, by an operator or a manager."""

from collections.abc import Collection
from datetime import timedelta

from egide.accounts.people.entries import Bound, Invitation, Person


class Directory:
    """People's accounts; reached as `People.directory`. `by`: the account that acts."""

    async def invite(
        self,
        login: str,
        name: str,
        roles: Collection[str],
        *,
        bound: Bound = Bound(),  # noqa: B008
        cleared: bool = False,
        lifetime: timedelta | None = None,
        by: int = 0,
    ) -> Invitation:
        """A new account and the link its holder enrols with.

        Raises Incorrect, and Conflict when the login name is taken.
        """
        raise NotImplementedError

    async def reissue(
        self, account: int, *, lifetime: timedelta | None = None, by: int = 0
    ) -> Invitation:
        """A new link for somebody who has not enrolled; the old one is dead.

        Raises NotFound, Conflict when he has enrolled (then it is `reset`), Forbidden when the
        account is disabled.
        """
        raise NotImplementedError

    async def reset(
        self, account: int, *, lifetime: timedelta | None = None, by: int = 0
    ) -> Invitation:
        """Takes every means and session away and gives a new link: recovery by an operator.

        Raises NotFound, Forbidden when the account is disabled.
        """
        raise NotImplementedError

    async def people(self) -> list[Person]:
        """Every person with an account, oldest first."""
        raise NotImplementedError

    async def person(self, account: int) -> Person:
        """One person. Raises NotFound."""
        raise NotImplementedError

    async def find(self, login: str) -> Person:
        """The person with a login name. Raises NotFound."""
        raise NotImplementedError

    async def disable(self, account: int, *, by: int = 0) -> None:
        """He cannot sign in any more, and his sessions and link end now. Raises NotFound."""
        raise NotImplementedError

    async def enable(self, account: int, *, by: int = 0) -> None:
        """He can sign in again, with the means he had. Raises NotFound."""
        raise NotImplementedError

    async def set_roles(self, account: int, roles: Collection[str], *, by: int = 0) -> None:
        """Other roles; they hold on the next request. Raises NotFound, Incorrect."""
        raise NotImplementedError

    async def set_cleared(self, account: int, cleared: bool, *, by: int = 0) -> None:
        """Whether trainings and charters are in order; holds on the next request."""
        raise NotImplementedError
