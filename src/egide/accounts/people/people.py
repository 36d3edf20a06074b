"""The people of one installation: who they are, how they enrol, sign in, and stay signed in."""

from egide.accounts.events import Append
from egide.accounts.people.directory import Directory
from egide.accounts.people.enrolment import Enrolment
from egide.accounts.people.entries import Limits
from egide.accounts.people.own_means import OwnMeans
from egide.accounts.people.sessions import Sessions
from egide.accounts.people.sign_in import SignIn
from egide.accounts.people.step_up import StepUp
from egide.clock import Clock
from egide.db import Database


class People:
    """One instance a process; its parts are what doors and commands call.

    `directory`: invite, list, disable (operators); `enrolment`: follow a link; `means`: set up
    passkeys, password, TOTP, recovery codes; `sign_in`, `step_up`; `sessions`: resolve, list,
    revoke, sign out.
    """

    directory: Directory
    enrolment: Enrolment
    means: OwnMeans
    sign_in: SignIn
    step_up: StepUp
    sessions: Sessions

    def __init__(
        self,
        database: Database,
        clock: Clock,
        append: Append,
        key: bytes,
        *,
        base_url: str | None,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        """`key`: 32 bytes, `KeyRing.derive("people")`; `base_url`: the public address, which
        passkeys are bound to (None, or an address without a name: no passkeys)."""
        raise NotImplementedError

    async def open(self) -> None:
        """Starts to listen to what other processes revoke. Raises Unavailable."""
        raise NotImplementedError

    async def sweep(self) -> None:
        """Deletes what has ended, and writes refusals not yet written."""
        raise NotImplementedError
