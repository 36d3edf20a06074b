"""A person's account becomes the caller that the other floors know: the one way it does."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from egide.actor import Actor, Clearance, Zone

CLIENT = "egide-web"
"""The public id of the application people use when they log in here."""


class Known(Protocol):
    """Whom a person's account stands for at present, as ids of resources."""

    @property
    def patient(self) -> str | None: ...
    @property
    def practitioner(self) -> str | None: ...
    @property
    def relatives(self) -> tuple[str, ...]: ...
    @property
    def establishment(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Bound:
    """The ids of the resources a person's account stands for; see `egide.actor.Actor`.

    `relatives` are RelatedPersons: FHIR has one for each patient somebody is a relative of.
    """

    patient: str | None = None
    practitioner: str | None = None
    relatives: tuple[str, ...] = ()
    establishment: str | None = None


NOBODY = Bound()


@dataclass(frozen=True, slots=True)
class Behalf:
    """For whom a relative acts: as which RelatedPerson, for which Patient (ids), the name shown."""

    relative: str
    patient: str = field(repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WorkingAs:
    """What a session is narrowed to: an exercise situation, as an identity issuer vouched for it.

    `roles` are all it leaves of the account's, `establishment` is the Organization of the
    situation, whatever the account's own is (None: none that we know).
    """

    roles: frozenset[str]
    establishment: str | None = None

    def narrows(self, roles: Collection[str]) -> frozenset[str]:
        """What is left of an account's roles."""
        return self.roles & frozenset(roles)

    def places(self, known: Known) -> Bound:
        """Whom the person stands for there."""
        return Bound(known.patient, known.practitioner, known.relatives, self.establishment)


def acting(
    account: int,
    roles: Collection[str],
    known: Known,
    *,
    clearance: Clearance,
    session: int,
    assurance: int,
    authenticated: datetime | None,
    zone: Zone,
    client: str = CLIENT,
    behalf: Behalf | None = None,
    scope: str | None = None,
    launched: str | None = None,
    held: str | None = None,
) -> Actor:
    """The person of an account at work, by herself or through an application she let in.

    She acts for nobody by a tie that is not the account's, or not any more.
    """
    if behalf is not None and behalf.relative not in known.relatives:
        behalf = None
    first = next(iter(known.relatives), None)
    return Actor(
        account=account,
        client=client,
        roles=frozenset(roles),
        session=session,
        assurance=assurance,
        authenticated=authenticated,
        patient=known.patient,
        practitioner=known.practitioner,
        relative=first if behalf is None else behalf.relative,
        establishment=known.establishment,
        behalf=None if behalf is None else behalf.patient,
        scope=scope,
        launched=launched,
        zone=zone,
        cleared=not clearance.lacks,
        clearance=clearance,
        held=held,
    )
