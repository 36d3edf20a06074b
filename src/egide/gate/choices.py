"""Choices: what a patient's Consents say, compiled, and what that means for one access.

https://hl7.org/fhir/R4/consent.html. A provision holds when each of its elements that is there
holds (one value of it is enough); its nested provisions are exceptions to it; among several that
hold, deny wins. A root without a type says nothing itself: what the role allows stays, but for the
exceptions. What is not understood closes: a provision with such an element permits nothing, and
what it denies it denies as if the element were not there.

Invariants (tests/unit/gate/test_choices.py)
- a Consent that is not active says nothing;
- being informed is no consent: it opens nothing that care does not.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Literal

import msgspec

from egide.fhir.search.literal import RESOURCE_TYPES, local_target
from egide.fhir.search.span import EVER, Span, period
from egide.gate.labels import token

Nature = Literal["information", "opposition", "consent"]
"""What was recorded: that the person was told and did not object, that he or she objects, that he
or she agrees. Only the last opens what care does not."""

Verdict = Literal["permit", "deny"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARENTS: Final = {
    "COC": "TREAT",
    "CAREMGT": "TREAT",
    "ETREAT": "TREAT",
    "BTG": "ETREAT",
    "FAMRQT": "PATRQT",
}
"""Purposes within others, https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html: who objects
to treatment objects to emergency treatment, unless an exception says otherwise."""
_ACTIONS: Final = {
    "access": "read vread history search $everything $break-glass",
    "use": "read vread history search $everything $break-glass",
    "disclose": "read vread history search $everything $break-glass export",
    "collect": "create update",
    "correct": "update delete",
}
_ACTION_SYSTEM = "http://terminology.hl7.org/CodeSystem/consentaction"
_TYPE_SYSTEM = "http://hl7.org/fhir/resource-types"
_INFORMATION = frozenset({"INFORMATION", "INFAUTHR", "INFA", "INFAO", "INFASO"})
_MOST_DEEP = 8


class Content(msgspec.Struct, frozen=True):
    """What a provision may be about in a resource.

    `reference` is its `Type/id`, `refers` the `Type/id` it refers to, `codes` its codings as
    `system|code`, `span` its main date in microseconds as `egide.fhir.search.span` has it.
    """

    reference: str = ""
    refers: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    span: Span | None = None


NOTHING: Final = Content()


class Access(msgspec.Struct, frozen=True):
    """One access, as provisions see it: who, why, what to, when."""

    who: frozenset[str]
    purpose: str
    interaction: str
    type: str
    labels: frozenset[str]
    content: Content
    at: datetime | None


class Provision(msgspec.Struct, frozen=True):
    """One provision. An element that is None is not there; `unclear` are those that are and that
    this gate cannot decide."""

    permits: bool | None
    during: Span | None = None
    actors: frozenset[str] | None = None
    interactions: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    labels: frozenset[str] | None = None
    types: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    data: frozenset[str] | None = None
    dated: Span | None = None
    unclear: frozenset[str] = frozenset()
    exceptions: tuple["Provision", ...] = ()

    def verdict(self, access: Access, inherited: bool | None = None) -> Verdict | None:
        """What it says of an access; None when it says nothing."""
        permits = inherited if self.permits is None else self.permits
        if not self._holds(access, permits):
            return None
        said = {each.verdict(access, permits) for each in self.exceptions}
        if "deny" in said:
            return "deny"
        if self.unclear and permits is not False:
            return None
        if "permit" in said:
            return "permit"
        return None if permits is None else ("permit" if permits else "deny")

    def _holds(self, access: Access, permits: bool | None) -> bool:
        content, unclear = access.content, self.unclear
        return (
            (self.during is None or _within(access.at, self.during))
            and (self.purposes is None or not self.purposes.isdisjoint(_purposes(access.purpose)))
            and (self.dated is None or _meets(content.span, self.dated, permits))
            and _any(self.actors, access.who, "actor" in unclear)
            and _any(self.interactions, {access.interaction}, "action" in unclear)
            and _any(self.labels, access.labels, "securityLabel" in unclear)
            and _any(self.codes, content.codes, "code" in unclear)
            and _any(self.types, {access.type}, "class" in unclear)
            and _any(self.data, content.refers | {content.reference}, "data" in unclear)
        )


class Choice(msgspec.Struct, frozen=True):
    """One active Consent: its reference, its nature, what it says, its date as written, and by
    whom it was collected (`Type/id`s)."""

    reference: str
    nature: Nature
    root: Provision
    date: str = ""
    by: tuple[str, ...] = ()


class Choices(msgspec.Struct, frozen=True):
    """All that one patient decided."""

    each: tuple[Choice, ...] = ()

    def verdict(self, access: Access) -> tuple[Verdict | None, Choice | None]:
        """What the patient decided of an access, and the Consent that says it. Deny wins."""
        permitted = None
        for choice in self.each:
            said = choice.root.verdict(access)
            if said == "deny":
                return "deny", choice
            if said == "permit" and choice.nature != "information":
                permitted = permitted or choice
        return (None if permitted is None else "permit"), permitted


class Agreed(msgspec.Struct, frozen=True):
    """Somebody a Consent names and permits something: `actor` (`Type/id`), from and until."""

    actor: str
    during: Span


def choice(consent: Mapping[str, Any], zone: tzinfo, bases: Collection[str] = ()) -> Choice | None:
    """A Consent, compiled; None when it is not active or says nothing.

    `bases` are this server's own addresses, which end with `/`: what they name is what is here.
    """
    written = consent.get("provision")
    if consent.get("status") != "active" or not written:
        return None
    root = _provision(written, zone, bases, 0)
    reference = f"Consent/{consent.get('id', '')}"
    date = str(consent.get("dateTime", ""))
    return Choice(reference, _nature(consent, root), root, date, _by(consent, bases))


def agreed(consent: Mapping[str, Any], zone: tzinfo) -> list[Agreed]:
    """Whom an active Consent of agreement names and permits something."""
    compiled = choice(consent, zone)
    if compiled is None or compiled.nature == "information":
        return []
    found: list[Agreed] = []
    _gather(compiled.root, None, Span(-EVER, EVER), found)
    return found


def binds(consent: Mapping[str, Any], zone: tzinfo, who: Set[str], purpose: str) -> bool:
    """Whether a Consent, while it is active, denies anything to `who` (`Type/id`s) for `purpose`:
    it is not theirs to change."""
    compiled = choice(consent, zone)
    return compiled is not None and _binds(compiled.root, who, purpose)


def _binds(each: Provision, who: Set[str], purpose: str) -> bool:
    if each.purposes is not None and each.purposes.isdisjoint(_purposes(purpose)):
        return False
    if not _any(each.actors, who, "actor" in each.unclear):
        return False
    return each.permits is False or any(_binds(inner, who, purpose) for inner in each.exceptions)


def _gather(each: Provision, inherited: bool | None, during: Span, found: list[Agreed]) -> None:
    permits = inherited if each.permits is None else each.permits
    if each.during is not None:
        during = Span(max(during.low, each.during.low), min(during.high, each.during.high))
    if permits and not each.unclear:
        found += [Agreed(actor, during) for actor in sorted(each.actors or ())]
    for inner in each.exceptions:
        _gather(inner, permits, during, found)


def _nature(consent: Mapping[str, Any], root: Provision) -> Nature:
    codes = {
        coding.get("code")
        for concept in consent.get("category", ())
        for coding in concept.get("coding", ())
    }
    if codes & _INFORMATION:
        return "information"
    return "opposition" if _denies(root) and not _permits(root) else "consent"


def _by(consent: Mapping[str, Any], bases: Collection[str]) -> tuple[str, ...]:
    """Who collected it, by reference: a name or an address elsewhere is left out."""
    written = [*consent.get("performer", ()), *consent.get("organization", ())]
    found = (local_target(each.get("reference", ""), bases) for each in written)
    return tuple(each for each in found if each is not None)


def _denies(each: Provision) -> bool:
    return each.permits is False or any(map(_denies, each.exceptions))


def _permits(each: Provision) -> bool:
    return each.permits is True or any(map(_permits, each.exceptions))


def _provision(
    written: Mapping[str, Any], zone: tzinfo, bases: Collection[str], depth: int
) -> Provision:
    type = written.get("type")
    if depth > _MOST_DEEP:
        return Provision(permits=False)
    unclear: set[str] = set() if type in _TYPES else {"type"}
    inner = written.get("provision", ())
    return Provision(
        permits=_TYPES.get(type),
        during=_span("period", written, zone, unclear),
        actors=_actors(written, bases, unclear),
        interactions=_interactions(written, unclear),
        purposes=_codes(written.get("purpose")),
        labels=_labels(written, unclear),
        types=_classes(written, unclear),
        codes=_concepts(written, unclear),
        data=_data(written, bases, unclear),
        dated=_span("dataPeriod", written, zone, unclear),
        unclear=frozenset(unclear),
        exceptions=tuple(_provision(each, zone, bases, depth + 1) for each in inner),
    )


_TYPES: Final[Mapping[str | None, bool | None]] = {None: None, "permit": True, "deny": False}
_ACTORS = frozenset({"Practitioner", "Organization", "RelatedPerson", "Patient"})


def _actors(
    written: Mapping[str, Any], bases: Collection[str], unclear: set[str]
) -> frozenset[str] | None:
    if "actor" not in written:
        return None
    found = set()
    for each in written["actor"]:
        named = local_target(each.get("reference", {}).get("reference", ""), bases)
        if named is not None and named.partition("/")[0] in _ACTORS:
            found.add(named)
        else:
            unclear.add("actor")
    return frozenset(found)


def _interactions(written: Mapping[str, Any], unclear: set[str]) -> frozenset[str] | None:
    if "action" not in written:
        return None
    found: set[str] = set()
    for concept in written["action"]:
        known = [
            _ACTIONS[coding["code"]]
            for coding in concept.get("coding", ())
            if coding.get("system") == _ACTION_SYSTEM and coding.get("code") in _ACTIONS
        ]
        if not known:
            unclear.add("action")
        for names in known:
            found.update(names.split())
    return frozenset(found)


def _classes(written: Mapping[str, Any], unclear: set[str]) -> frozenset[str] | None:
    if "class" not in written:
        return None
    found = set()
    for each in written["class"]:
        if each.get("system") == _TYPE_SYSTEM and each.get("code") in RESOURCE_TYPES:
            found.add(each["code"])
        else:
            unclear.add("class")
    return frozenset(found)


def _data(
    written: Mapping[str, Any], bases: Collection[str], unclear: set[str]
) -> frozenset[str] | None:
    """What is named, as a resource's body may spell it: with our address in front or without."""
    if "data" not in written:
        return None
    found: set[str] = set()
    for each in written["data"]:
        named = local_target(each.get("reference", {}).get("reference", ""), bases)
        if named is not None and each.get("meaning") in ("instance", "related", "dependents"):
            found.update(f"{base}{named}" for base in ("", *bases))
        else:
            unclear.add("data")
    return frozenset(found)


def _codes(written: Any) -> frozenset[str] | None:
    return frozenset(each.get("code", "") for each in written) if written else None


def _labels(written: Mapping[str, Any], unclear: set[str]) -> frozenset[str] | None:
    if "securityLabel" not in written:
        return None
    found = {each for each in map(token, written["securityLabel"]) if not each.startswith("|")}
    if len(found) < len(written["securityLabel"]):
        unclear.add("securityLabel")
    return frozenset(found)


def _concepts(written: Mapping[str, Any], unclear: set[str]) -> frozenset[str] | None:
    if "code" not in written:
        return None
    found: set[str] = set()
    for concept in written["code"]:
        codings = concept.get("coding", ())
        known = [f"{each['system']}|{each['code']}" for each in codings if _whole(each)]
        if not known:
            unclear.add("code")
        found.update(known)
    return frozenset(found)


def _whole(coding: Mapping[str, Any]) -> bool:
    return bool(coding.get("system") and coding.get("code"))


def _span(name: str, written: Mapping[str, Any], zone: tzinfo, unclear: set[str]) -> Span | None:
    if name not in written:
        return None
    try:
        return period(written[name], zone)
    except ValueError:
        unclear.add(name)
        return None


def _any(wanted: frozenset[str] | None, there: Set[str], unclear: bool) -> bool:
    return wanted is None or unclear or not wanted.isdisjoint(there)


def _within(at: datetime | None, during: Span) -> bool:
    if at is None:
        return False
    return during.low <= (at - _EPOCH) // timedelta(microseconds=1) <= during.high


def _meets(dated: Span | None, wanted: Span, permits: bool | None) -> bool:
    """What has no date is in no period that opens, and in every one that closes."""
    if dated is None:
        return permits is False
    if permits is False:
        return dated.low <= wanted.high and dated.high >= wanted.low
    return wanted.low <= dated.low and dated.high <= wanted.high


def _purposes(purpose: str) -> Sequence[str]:
    found = [purpose]
    while found[-1] in _PARENTS:
        found.append(_PARENTS[found[-1]])
    return found
