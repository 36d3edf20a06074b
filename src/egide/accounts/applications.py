"""Registered applications: what each may ask for, where answers go, how it proves itself.

Invariant: an assertion proves its application once, in whichever process
(tests/integration/smart/test_backend.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from egide.accounts.binding import Bindings
from egide.accounts.entries import NewClient, checked
from egide.accounts.events import AccountEvent, Append, recorded
from egide.accounts.secrets import CLIENT_ID, digest, new_client_id, new_client_secret
from egide.clock import Clock
from egide.db import Database, queries
from egide.ids import internal_number

_SQL = queries("egide.accounts", "applications.sql")

ROLES_ALLOW = "system/*.cruds"
"""The scope of an application registered with none: all that its roles allow."""

Proof = Literal["none", "secret", "key"]
"""How an application proves itself: it cannot (it is public), a secret, a private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an application is registered with; whoever registers it has checked each part.

    `label` is what persons read, `scope` the most it may be granted, `launch_uri` where it is
    opened from a record (None: it is not), `native` whether it runs on the person's own device,
    `jwks` its public keys as JSON, `introspects` whether it may ask about access tokens of others.
    `roles` are what it may do by itself (none: it only acts for people).
    """

    label: str
    proof: Proof
    scope: str
    roles: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    launch_uri: str | None = None
    native: bool = False
    jwks: str | None = None
    jwks_uri: str | None = None
    homepage: str | None = None
    publisher: str | None = None
    introspects: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application; `stamp` changes when its secret or keys do.

    `former_jwks` are the keys before, good until `former_until`.
    """

    client_id: str
    account: int
    registration: Registration
    stamp: bytes = field(repr=False)
    disabled: datetime | None = None
    former_jwks: str | None = None
    former_until: datetime | None = None

    def given_keys(self, now: datetime) -> tuple[str, ...]:
        """The sets of public keys it was registered with that are good now, the latest first."""
        former = self.former_until is not None and now < self.former_until
        sets = (self.registration.jwks, self.former_jwks if former else None)
        return tuple(each for each in sets if each is not None)


class Applications:
    """The registered applications of one installation; reached as `Accounts.applications`."""

    def __init__(
        self, database: Database, clock: Clock, append: Append, bindings: Bindings
    ) -> None:
        self._database = database
        self._clock = clock
        self._append = append
        self._bindings = bindings

    async def register(
        self, registration: Registration, *, patient: str | None = None, by: int = 0
    ) -> NewClient:
        """A new application; its secret is "" unless it proves itself by one. Raises Incorrect.

        `patient`: the id of the Patient it acts for by itself.
        """
        roles = registration.roles
        named = checked(registration.label, roles) if roles else []
        checked(registration.label, roles or ("application",))
        account, client_id, secret = internal_number(), new_client_id(), new_client_secret()
        now = self._clock()
        event = AccountEvent(
            "client-created",
            now,
            account=account,
            by=by,
            client=client_id,
            roles=tuple(named),
            scope=registration.scope,
        )
        bound = None if patient is None else self._bindings.seal(patient, account)
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(
                _SQL["add_account"], account, registration.label, named, bound, now
            )
            await connection.execute(_SQL["add_client"], client_id, account, digest(secret), now)
            await connection.execute(
                _SQL["add_application"],
                account,
                registration.proof,
                registration.native,
                list(registration.redirect_uris),
                registration.launch_uri,
                registration.scope,
                registration.jwks,
                registration.jwks_uri,
                registration.homepage,
                registration.publisher,
                registration.introspects,
            )
        return NewClient(client_id, secret if registration.proof == "secret" else "", account)

    async def set_addresses(
        self,
        application: Application,
        redirect_uris: Sequence[str],
        launch_uri: str | None,
        *,
        by: int = 0,
    ) -> None:
        """Where answers go from now on, and where it is opened; whoever calls has checked them.

        Codes on their way to an address that is no longer one are good no more.
        """
        account, uris = application.account, list(redirect_uris)
        event = AccountEvent(
            "client-addresses-changed",
            self._clock(),
            account=account,
            by=by,
            client=application.client_id,
        )
        async with recorded(self._append, event), self._database.transaction() as connection:
            await connection.execute(_SQL["set_addresses"], account, uris, launch_uri)
            await connection.execute(_SQL["end_codes"], account, uris)

    async def find(self, client_id: str) -> Application | None:
        """The application of this id, disabled or not; one made with a role only included."""
        if not CLIENT_ID.fullmatch(client_id):
            return None
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_SQL["application"], client_id)
        return None if row is None else _application(row)

    async def entries(self) -> list[Application]:
        """Every application, oldest first."""
        async with self._database.connection() as connection:
            return [_application(row) for row in await connection.fetch(_SQL["applications"])]

    async def launchable(self) -> list[Application]:
        """Those that can be opened from here, by name: registered for it, and not disabled."""
        async with self._database.connection() as connection:
            return [_application(row) for row in await connection.fetch(_SQL["launchable"])]

    async def use_assertion(self, application: Application, jti: str, expires: datetime) -> bool:
        """Whether this is the first time, in any process, that it is used until `expires`."""
        async with self._database.connection() as connection:
            done = await connection.execute(
                _SQL["use_assertion"], application.account, digest(jti), expires
            )
        return bool(done == "INSERT 0 1")

    async def sweep(self) -> None:
        """Forgets assertions that have expired."""
        async with self._database.connection() as connection:
            await connection.execute(_SQL["sweep_assertions"], self._clock())


def _application(row: Any) -> Application:
    registration = Registration(
        label=row["label"],
        proof=row["proof"] or "secret",
        scope=ROLES_ALLOW if row["scope"] is None else row["scope"],
        roles=_ordered(row["roles"]),
        redirect_uris=tuple(row["redirect_uris"] or ()),
        launch_uri=row["launch_uri"],
        native=bool(row["native"]),
        jwks=row["jwks"],
        jwks_uri=row["jwks_uri"],
        homepage=row["homepage"],
        publisher=row["publisher"],
        introspects=bool(row["introspects"]),
    )
    return Application(
        row["client_id"],
        row["account"],
        registration,
        row["secret_hash"],
        row["disabled"],
        row["former_jwks"],
        row["former_until"],
    )


def _ordered(roles: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(roles))
