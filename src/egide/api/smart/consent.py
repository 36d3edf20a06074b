"""What a person is asked to approve, ready to be shown: by whom, what, whose record, how long.

Rules of whose record it is: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from egide.accounts import LIFETIME, Context, Lasting, WorkingAs
from egide.actor import Actor
from egide.api.smart import scopes
from egide.api.smart.words import Line, lines_of
from egide.errors import Forbidden, Incorrect
from egide.gate.scopes import parse

OFFLINE = timedelta(days=90)
ONLINE = timedelta(hours=12)
"""How long an approval can be renewed without asking again: without the person, and with him."""
_CHOSEN = frozenset({"launch/patient", "launch/encounter"})
"""Scopes for which a patient is chosen; an encounter is one of his."""


class BehalfNeeded(Forbidden):
    """A relative says first for whom he acts."""

    def __init__(self) -> None:
        super().__init__("A relative says first for whom he acts")


Record = Literal["none", "own", "behalf", "launched", "choose"]
"""Whose record: nobody's; the person's own; that of the patient he acts for; the one the
application was opened from; one he has to choose."""
Encounter = Literal["none", "launched", "choose"]
"""Which stay of that patient: none is asked for; that of the launch, if it has one; one the person
may choose, or none."""


@dataclass(frozen=True, slots=True)
class Approver:
    """The person at the page: the actor of his session, when he last proved himself (None:
    nobody says), and by what (words of RFC 8176). `works_as` is what his session is narrowed to.
    """

    actor: Actor
    authenticated: datetime | None
    means: tuple[str, ...] = ()
    works_as: WorkingAs | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What the page shows. `patient` is the id of whose record it is, when that is known already.

    `access` is how long one access token is good; `until` how long the application can renew it
    without asking again (None: not at all), `lasting` whether it can while the person is away.
    """

    application: str
    client_id: str
    publisher: str | None
    homepage: str | None
    lines: tuple[Line, ...]
    record: Record
    patient: str | None = field(repr=False)
    encounter: Encounter
    access: timedelta
    until: timedelta | None
    lasting: Lasting


def lasting_of(scope: str) -> Lasting:
    """How long what is asked for lasts."""
    context = scopes.words(scope)
    if "offline_access" in context:
        return "offline"
    return "online" if "online_access" in context else "brief"


def span_of(lasting: Lasting) -> timedelta:
    """How long an approval is good."""
    return {"offline": OFFLINE, "online": ONLINE, "brief": LIFETIME}[lasting]


def record_of(scope: str, actor: Actor, launched: Context | None) -> tuple[Record, str | None]:
    """Whose record, and the patient's id when it needs no choice. Raises BehalfNeeded."""
    if launched is not None:
        return "launched", launched.launched
    of_patients = any(each.level == "patient" for each in parse(scope))
    if not of_patients and not _CHOSEN & scopes.words(scope):
        return "none", None
    return whose(actor)


def encounter_of(scope: str, launched: Context | None) -> Encounter:
    """Which encounter the application hears of."""
    if launched is not None:
        return "launched"
    return "choose" if "launch/encounter" in scopes.words(scope) else "none"


def whose(actor: Actor) -> tuple[Record, str | None]:
    """Whose record a person works with, and its id when it needs no choice. Raises BehalfNeeded."""
    if actor.behalf is not None:
        return "behalf", actor.behalf
    if actor.practitioner is not None:
        return "choose", None
    if actor.patient is not None:
        return "own", actor.patient
    if actor.relative is not None:
        raise BehalfNeeded
    return "choose", None


def chosen(record: Record, known: str | None, patient: str | None) -> str | None:
    """The patient of the approval, `patient` being what the person chose.

    Raises Incorrect when a choice is missing, Forbidden when it is not his to make.
    """
    if record == "choose":
        if patient is None:
            raise Incorrect("the person has to choose a patient")
        return patient
    if patient is not None and patient != known:
        raise Forbidden("whose record it is, is not to be chosen here")
    return known


def kept(scope: str, wanted: frozenset[str] | None) -> str:
    """What is left of a scope when the person keeps `wanted` of it (None: all). Raises Incorrect.

    Context cannot be refused piece by piece; data and a longer stay can.
    """
    if wanted is None:
        return scope
    context = scopes.words(scope)
    left = [each for each in parse(scope) if str(each) in wanted]
    said = scopes.written(left, (context - scopes.LASTING) | (context & wanted))
    if not left and parse(scope):
        raise Incorrect("nothing is left to approve")
    return said


def consent_to(
    name: str,
    client_id: str,
    publisher: str | None,
    homepage: str | None,
    scope: str,
    record: Record,
    patient: str | None,
    encounter: Encounter,
) -> Consent:
    """What the page shows."""
    lasting = lasting_of(scope)
    return Consent(
        name,
        client_id,
        publisher,
        homepage,
        lines_of(scope),
        record,
        patient,
        encounter,
        LIFETIME,
        None if lasting == "brief" else span_of(lasting),
        lasting,
    )
