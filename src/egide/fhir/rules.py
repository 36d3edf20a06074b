"""The invariants that look at values: dates in order, units, statuses that exclude each other.

Each rule is R4's, by its key (https://hl7.org/fhir/R4/conformance-rules.html#constraints), written
once for both passes: it reads children by name from a generated struct or from a plain mapping
whose own elements are already known to be well formed. Those about where things stand in a whole
resource (contained resources, fragments) are in `egide.fhir.validation`.
"""

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from egide.fhir.definitions import type_definition
from egide.fhir.moments import is_after

UCUM = "http://unitsofmeasure.org"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_OBSERVED = (
    *("Quantity", "CodeableConcept", "String", "Boolean", "Integer", "Range", "Ratio"),
    *("SampledData", "Time", "DateTime", "Period"),
)
_ABATED = ("DateTime", "Age", "Period", "Range", "String")
_WITH_REQUEST = frozenset({"batch", "transaction", "history"})
_WITH_RESPONSE = frozenset({"batch-response", "transaction-response", "history"})

Find = Callable[[Any], str | None]
"""Where in the element the rule is broken (`""` the element itself, `.telecom[1]`); None: held."""


class Rule(NamedTuple):
    """One invariant: its key, what it says, and the test."""

    key: str
    human: str
    find: Find


def child(parent: Any, name: str) -> Any:
    """The child `name` of a struct or a mapping, None when absent."""
    return parent.get(name) if isinstance(parent, dict) else getattr(parent, name)


def decimal(value: Any) -> Decimal:
    """A decimal as either pass holds it (raw JSON bytes, or its text)."""
    return Decimal(value if isinstance(value, str) else bytes(value).decode())


def _coded(concept: Any, system: str, codes: Iterable[str]) -> bool:
    """Whether a CodeableConcept has one of the codes of a terminology.hl7.org system."""
    if concept is None:
        return False
    return any(
        child(coding, "system") == _TERMINOLOGY + system and child(coding, "code") in codes
        for coding in child(concept, "coding") or ()
    )


def _broken(holds: bool) -> str | None:
    return None if holds else ""


def _per_1(period: Any) -> str | None:
    start, end = child(period, "start"), child(period, "end")
    return "" if start and end and is_after(start, end) else None


def _rng_2(range_: Any) -> str | None:
    low, high = child(range_, "low"), child(range_, "high")
    if low is None or high is None or child(low, "code") != child(high, "code"):
        return None
    first, last = child(low, "value"), child(high, "value")
    return _broken(first is None or last is None or decimal(first) <= decimal(last))


def _unit(quantity: Any) -> bool:
    """What Age, Count and Distance share: a code with a value, in UCUM if a system is named."""
    coded = child(quantity, "code") is not None or child(quantity, "value") is None
    return coded and child(quantity, "system") in (None, UCUM)


def _age_1(age: Any) -> str | None:
    value = child(age, "value")
    return _broken(_unit(age) and (value is None or decimal(value) > 0))


def _cnt_3(count: Any) -> str | None:
    value = child(count, "value")
    whole = value is None or decimal(value) == decimal(value).to_integral_value()
    return _broken(_unit(count) and child(count, "code") in (None, "1") and whole)


def _dis_1(distance: Any) -> str | None:
    return _broken(_unit(distance))


def _drt_1(duration: Any) -> str | None:
    if child(duration, "code") is None:
        return None
    return _broken(
        child(duration, "system") == UCUM and child(duration, "value") is not None,
    )


def _not_negative(name: str) -> Find:
    def find(repeat: Any) -> str | None:
        value = child(repeat, name)
        return f".{name}" if value is not None and decimal(value) < 0 else None

    return find


def _not_home(name: str) -> Find:
    def find(organization: Any) -> str | None:
        for at, contact in enumerate(child(organization, name) or ()):
            if child(contact, "use") == "home":
                return f".{name}[{at}]"
        return None

    return find


def _in_order(first: str, second: str) -> Find:
    def find(resource: Any) -> str | None:
        start, end = child(resource, first), child(resource, second)
        return f".{second}" if start and end and is_after(start, end) else None

    return find


def _ait_1(allergy: Any) -> str | None:
    if child(allergy, "clinicalStatus") is not None:
        return None
    status = child(allergy, "verificationStatus")
    return _broken(_coded(status, "allergyintolerance-verification", {"entered-in-error"}))


def _ait_2(allergy: Any) -> str | None:
    if child(allergy, "clinicalStatus") is None:
        return None
    status = child(allergy, "verificationStatus")
    return _broken(not _coded(status, "allergyintolerance-verification", {"entered-in-error"}))


def _con_4(condition: Any) -> str | None:
    if not any(child(condition, "abatement" + kind) is not None for kind in _ABATED):
        return None
    status = child(condition, "clinicalStatus")
    return _broken(_coded(status, "condition-clinical", {"resolved", "remission", "inactive"}))


def _con_5(condition: Any) -> str | None:
    if child(condition, "clinicalStatus") is None:
        return None
    status = child(condition, "verificationStatus")
    return _broken(not _coded(status, "condition-ver-status", {"entered-in-error"}))


def _obs_7(observation: Any) -> str | None:
    components = child(observation, "component")
    if not components or not any(
        child(observation, "value" + kind) is not None for kind in _OBSERVED
    ):
        return None
    own = {_pair(coding) for coding in child(child(observation, "code"), "coding") or ()}
    for at, component in enumerate(components):
        codings = child(child(component, "code"), "coding") or ()
        if any(_pair(coding) in own for coding in codings):
            return f".component[{at}].code"
    return None


def _pair(coding: Any) -> tuple[Any, Any]:
    return child(coding, "system"), child(coding, "code")


def _que_2(questionnaire: Any) -> str | None:
    seen: set[str] = set()
    pending = deque([("", questionnaire)])
    while pending:
        path, parent = pending.popleft()
        for at, item in enumerate(child(parent, "item") or ()):
            here = f"{path}.item[{at}]"
            link = child(item, "linkId")
            if link in seen:
                return f"{here}.linkId"
            seen.add(link)
            pending.append((here, item))
    return None


def _que_7(condition: Any) -> str | None:
    if child(condition, "operator") != "exists":
        return None
    return _broken(child(condition, "answerBoolean") is not None)


def _bundle_entries(name: str, types: frozenset[str]) -> Find:
    def find(bundle: Any) -> str | None:
        wanted = child(bundle, "type") in types
        for at, entry in enumerate(child(bundle, "entry") or ()):
            if (child(entry, name) is not None) != wanted:
                return f".entry[{at}]"
        return None

    return find


def _bdl_2(bundle: Any) -> str | None:
    if child(bundle, "type") == "searchset":
        return None
    for at, entry in enumerate(child(bundle, "entry") or ()):
        if child(entry, "search") is not None:
            return f".entry[{at}].search"
    return None


class _Meta(msgspec.Struct):
    versionId: str | None = None  # noqa: N815 - FHIR's name


class _Head(msgspec.Struct):
    """What a bundle's rules ask of the resource in an entry."""

    resourceType: str | None = None  # noqa: N815 - FHIR's name
    meta: _Meta | None = None


_read_head = msgspec.json.Decoder(_Head).decode


def _head(entry: Any) -> _Head:
    resource = child(entry, "resource")
    if isinstance(resource, dict):
        return msgspec.convert(resource, _Head)
    return _Head() if resource is None else _read_head(resource)


def _bdl_7(bundle: Any) -> str | None:
    if child(bundle, "type") == "history":
        return None
    seen = set()
    for at, entry in enumerate(child(bundle, "entry") or ()):
        url = child(entry, "fullUrl")
        if url is not None:
            meta = _head(entry).meta
            named = (url, None if meta is None else meta.versionId)
            if named in seen:
                return f".entry[{at}].fullUrl"
            seen.add(named)
    return None


def _starts_with(bundle_type: str, resource_type: str) -> Find:
    def find(bundle: Any) -> str | None:
        if child(bundle, "type") != bundle_type:
            return None
        entries = child(bundle, "entry")
        first = _head(entries[0]).resourceType if entries else None
        return None if first == resource_type else ".entry[0].resource"

    return find


def _bdl_8(entry: Any) -> str | None:
    return ".fullUrl" if "/_history/" in (child(entry, "fullUrl") or "") else None


def _bdl_9(bundle: Any) -> str | None:
    identifier = child(bundle, "identifier")
    if child(bundle, "type") != "document":
        return None
    named = identifier is not None and all(child(identifier, n) for n in ("system", "value"))
    return _broken(named)


def _bdl_10(bundle: Any) -> str | None:
    return _broken(child(bundle, "type") != "document" or bool(child(bundle, "timestamp")))


_FINDS: dict[str, dict[str, Find]] = {
    "Age": {"age-1": _age_1},
    "AllergyIntolerance": {"ait-1": _ait_1, "ait-2": _ait_2},
    "Bundle": {
        "bdl-2": _bdl_2,
        "bdl-3": _bundle_entries("request", _WITH_REQUEST),
        "bdl-4": _bundle_entries("response", _WITH_RESPONSE),
        "bdl-7": _bdl_7,
        "bdl-9": _bdl_9,
        "bdl-10": _bdl_10,
        "bdl-11": _starts_with("document", "Composition"),
        "bdl-12": _starts_with("message", "MessageHeader"),
    },
    "Bundle.entry": {"bdl-8": _bdl_8},
    "Condition": {"con-4": _con_4, "con-5": _con_5},
    "Count": {"cnt-3": _cnt_3},
    "Distance": {"dis-1": _dis_1},
    "Duration": {"drt-1": _drt_1},
    "MedicationDispense": {"mdd-1": _in_order("whenPrepared", "whenHandedOver")},
    "Observation": {"obs-7": _obs_7},
    "Organization": {"org-2": _not_home("address"), "org-3": _not_home("telecom")},
    "Period": {"per-1": _per_1},
    "Questionnaire": {"que-2": _que_2},
    "Questionnaire.item.enableWhen": {"que-7": _que_7},
    "Range": {"rng-2": _rng_2},
    "Task": {"inv-1": _in_order("authoredOn", "lastModified")},
    "Timing.repeat": {"tim-4": _not_negative("duration"), "tim-5": _not_negative("period")},
}
KEYS = {type_: frozenset(finds) for type_, finds in _FINDS.items()}
"""Which invariants are tested here, by type."""


def rules(type_: str) -> tuple[Rule, ...]:
    """The rules of a type, with the standard's words for each."""
    finds = _FINDS.get(type_)
    if not finds:
        return ()
    says = {invariant.key: invariant.human for invariant in type_definition(type_).invariants}
    return tuple(Rule(key, says[key], find) for key, find in finds.items())
