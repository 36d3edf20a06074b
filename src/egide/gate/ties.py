"""Ties: what a resource says about who cares for whom, who acts for whom, and until when.

Care is told by CareTeam, Encounter and EpisodeOfCare (équipe de soins, CSP L.1110-12); a tie by
RelatedPerson; an agreement by Consent. https://hl7.org/fhir/R4/careteam.html

Invariants (tests/unit/gate/test_ties.py)
- what is over, cancelled or entered in error ties nobody;
- a RelatedPerson alone, or a Consent alone, opens nothing to a relative;
- whose establishment a patient is puts nobody in the patient's care.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
from typing import Any, Final

import msgspec

from egide.fhir.search.span import EVER, Span, period
from egide.gate.choices import agreed
from egide.gate.custody import CUSTODY, named

RULE: Final = 2
"""The number of this rule: raised when what a resource is said to give changes, so that what was
written before follows (`egide.record.deriving`)."""

EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)

TYING: Final = frozenset(
    {"CareTeam", "Encounter", "EpisodeOfCare", "RelatedPerson", "Consent", "Patient"}
)
"""The types that tie somebody to a patient."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS = Span(-EVER, EVER)
_CARERS = ("Practitioner/", "PractitionerRole/", "Organization/")
_NEVER = frozenset({"entered-in-error", "cancelled", "proposed", "suspended", "inactive"})


class Kind(IntEnum):
    """Why somebody reaches a patient. Numbers are stored: added to, never changed."""

    care = 1
    grant = 2
    glass = 3
    consent = 4
    tie = 5
    establishment = 6


class Tie(msgspec.Struct, frozen=True):
    """`member` (`Type/id`) is tied to `patient` (an id) from `since` to before `until`."""

    member: str
    patient: str
    kind: Kind
    since: datetime
    until: datetime


class Role(msgspec.Struct, frozen=True):
    """A practitioner (`Type/id`) works in a PractitionerRole from `since` to before `until`."""

    practitioner: str
    since: datetime
    until: datetime


def ties_of(type: str, resource: Mapping[str, Any], *, zone: tzinfo, grace: timedelta) -> list[Tie]:
    """The ties a resource of `TYPING` makes. `grace`: how long care goes on after an encounter or
    an episode has ended."""
    if type == "Patient":
        return _belonging(resource["id"], resource.get("managingOrganization"))
    patient = _patient(resource, "subject" if type in ("CareTeam", "Encounter") else "patient")
    if patient is None:
        return []
    if type == "Consent":
        return [
            _tie(each.actor, patient, Kind.consent, each.during)
            for each in agreed(resource, zone)
            if not each.actor.startswith("Patient/")
        ]
    if type == "RelatedPerson":
        if resource.get("active") is False:
            return []
        during = _period(resource, zone)
        return [_tie(f"RelatedPerson/{resource['id']}", patient, Kind.tie, during)]
    if resource.get("status") in _NEVER:
        return []
    found: dict[tuple[str, Span], None] = {}
    for member, during in _MEMBERS[type](resource, zone, grace):
        if member is not None and member.startswith(_CARERS):
            found[member, during] = None
    caring = [_tie(member, patient, Kind.care, during) for member, during in found]
    return caring + _belonging(patient, resource.get(CUSTODY[type]))


def role_of(resource: Mapping[str, Any], zone: tzinfo) -> Role | None:
    """What a PractitionerRole says of who works in it; None when nobody does."""
    who = _reference(resource.get("practitioner"))
    if who is None or not who.startswith("Practitioner/") or resource.get("active") is False:
        return None
    during = _period(resource, zone)
    return Role(who, moment(during.low), moment(during.high + 1))


def moment(micros: int) -> datetime:
    """An instant of the search's time line; beyond the calendar, its end."""
    try:
        return min(max(_EPOCH + timedelta(microseconds=micros), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if micros < 0 else LATEST


Members = Iterator[tuple[str | None, Span]]


def _team(resource: Mapping[str, Any], zone: tzinfo, grace: timedelta) -> Members:
    whole = _period(resource, zone)
    for each in resource.get("participant", ()):
        yield _reference(each.get("member")), _both(whole, _period(each, zone))
    for each in resource.get("managingOrganization", ()):
        yield _reference(each), whole


def _encounter(resource: Mapping[str, Any], zone: tzinfo, grace: timedelta) -> Members:
    whole = _with_grace(_ended(resource, _period(resource, zone)), grace)
    for each in resource.get("participant", ()):
        own = _with_grace(_period(each, zone), grace)
        yield _reference(each.get("individual")), _both(whole, own)
    yield _reference(resource.get("serviceProvider")), whole


def _episode(resource: Mapping[str, Any], zone: tzinfo, grace: timedelta) -> Members:
    whole = _with_grace(_ended(resource, _period(resource, zone)), grace)
    yield _reference(resource.get("careManager")), whole
    yield _reference(resource.get("managingOrganization")), whole


_MEMBERS = {"CareTeam": _team, "Encounter": _encounter, "EpisodeOfCare": _episode}


def _belonging(patient: str, held: Any) -> list[Tie]:
    """The patient is one of the establishments that `held` names: from before a stay begins, for it
    is prepared, and after it has ended, for it is paid and its file is kept."""
    return [
        Tie(f"Organization/{each}", patient, Kind.establishment, EARLIEST, LATEST)
        for each in sorted(named(held))
    ]


def _ended(resource: Mapping[str, Any], during: Span) -> Span:
    """What is finished and does not say when ended when it began."""
    if resource.get("status") == "finished" and during.high == EVER:
        return Span(during.low, max(during.low, -EVER + 1))
    return during


def _with_grace(during: Span, grace: timedelta) -> Span:
    if abs(during.high) >= EVER - 1:
        return during
    return Span(during.low, during.high + grace // timedelta(microseconds=1))


def _both(one: Span, other: Span) -> Span:
    return Span(max(one.low, other.low), min(one.high, other.high))


def _period(holder: Mapping[str, Any], zone: tzinfo) -> Span:
    return period(holder.get("period") or {}, zone) or _ALWAYS


def _tie(member: str, patient: str, kind: Kind, during: Span) -> Tie:
    return Tie(member, patient, kind, moment(during.low), moment(during.high + 1))


def _patient(resource: Mapping[str, Any], element: str) -> str | None:
    kind, _, id = (_reference(resource.get(element)) or "").partition("/")
    return id if kind == "Patient" and id else None


def _reference(holder: Any) -> str | None:
    """The `Type/id` a Reference holds, without a version."""
    if not isinstance(holder, Mapping):
        return None
    text = holder.get("reference")
    return "/".join(text.split("/")[:2]) if isinstance(text, str) else None
