"""The one date of each type that rows carry readable, to sort and narrow by: `day`.

Readable means readable by whoever holds the database, so a birth date is never one. For each type:
the search parameter that the date answers, and the elements it is taken from, first found first.
Only the first element answers the parameter; the others are there so that every row can be
sorted. Types that are not listed (people, places, products, catalogues) have no main date.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from egide.fhir.definitions import type_definition

Days = tuple[date | None, date | None]


class MainDate(NamedTuple):
    """`parameter`: the search parameter it answers (None: no standard one reads it)."""

    parameter: str | None
    elements: tuple[str, ...]


def _table(text: str) -> Mapping[str, MainDate]:
    rows = (line.split() for line in text.strip().splitlines())
    return MappingProxyType(
        {type_: MainDate(None if code == "-" else code, tuple(e)) for type_, code, *e in rows}
    )


MAIN_DATES = _table(
    """
    Account period servicePeriod
    ActivityDefinition date date
    AdverseEvent date date detected recordedDate
    AllergyIntolerance date recordedDate onset
    Appointment date start created
    AppointmentResponse - start
    AuditEvent date recorded
    Basic created created
    Bundle timestamp timestamp
    CapabilityStatement date date
    CarePlan date period created
    CareTeam date period
    CatalogEntry - lastUpdated
    ChargeItem occurrence occurrence enteredDate
    ChargeItemDefinition date date
    Claim created created billablePeriod
    ClaimResponse created created
    ClinicalImpression date date effective
    CodeSystem date date
    Communication sent sent received
    CommunicationRequest authored authoredOn occurrence
    CompartmentDefinition date date
    Composition date date
    ConceptMap date date
    Condition onset-date onset recordedDate
    Consent date dateTime
    Contract issued issued applies
    Coverage - period
    CoverageEligibilityRequest created created
    CoverageEligibilityResponse created created
    DetectedIssue identified identified
    DeviceRequest authored-on authoredOn occurrence
    DeviceUseStatement - timing recordedOn
    DiagnosticReport date effective issued
    DocumentManifest created created
    DocumentReference date date
    EffectEvidenceSynthesis date date
    Encounter date period
    EnrollmentRequest - created
    EnrollmentResponse - created
    EpisodeOfCare date period
    EventDefinition date date
    Evidence date date
    EvidenceVariable date date
    ExampleScenario date date
    ExplanationOfBenefit created created billablePeriod
    FamilyMemberHistory date date
    Flag date period
    Goal start-date start statusDate
    GraphDefinition date date
    GuidanceResponse - occurrenceDateTime
    ImagingStudy started started
    Immunization date occurrence recorded
    ImmunizationEvaluation date date
    ImmunizationRecommendation date date
    ImplementationGuide date date
    InsurancePlan - period
    Invoice date date
    Library date date
    List date date
    Measure date date
    MeasureReport date date period
    Media created created issued
    MedicationAdministration effective-time effective
    MedicationDispense whenhandedover whenHandedOver whenPrepared
    MedicationRequest authoredon authoredOn
    MedicationStatement effective effective dateAsserted
    MessageDefinition date date
    NamingSystem date date
    NutritionOrder datetime dateTime
    Observation date effective issued
    OperationDefinition date date
    OrganizationAffiliation date period
    PaymentNotice created created
    PaymentReconciliation created created
    PlanDefinition date date
    PractitionerRole date period
    Procedure date performed
    Provenance recorded recorded
    Questionnaire date date
    QuestionnaireResponse authored authored
    RequestGroup authored authoredOn
    ResearchDefinition date date
    ResearchElementDefinition date date
    ResearchStudy date period
    ResearchSubject date period
    RiskAssessment date occurrence
    RiskEvidenceSynthesis date date
    Schedule date planningHorizon
    SearchParameter date date
    ServiceRequest authored authoredOn occurrence
    Slot start start
    Specimen collected collection.collected receivedTime
    StructureDefinition date date
    StructureMap date date
    SupplyDelivery - occurrence
    SupplyRequest date authoredOn occurrence
    Task authored-on authoredOn lastModified
    TerminologyCapabilities date date
    TestReport issued issued
    TestScript date date
    ValueSet date date
    VerificationResult - statusDate
    VisionPrescription datewritten dateWritten created
    """
)


def main_date(type_: str, resource: Mapping[str, Any]) -> Days:
    """The first and the last day of a resource's main date, as written, in its own zone.

    (None, None) when it has none. A period that began nobody knows when begins on `date.min`; the
    last day of one that is still open is None.
    """
    return read_dates(date_readers(type_), resource)


def read_dates(readers: "DateReaders", resource: Mapping[str, Any]) -> Days:
    """As `main_date`, with the readers of the type at hand."""
    for read, days in readers:
        value = read(resource)
        if value is not None:
            found = days(value)
            if found[0] is not None:
                return found
    return None, None


Read = Callable[[Mapping[str, Any]], Any]
DateReaders = tuple[tuple[Read, Callable[[Any], Days]], ...]


@cache
def date_readers(type_: str) -> DateReaders:
    """How the date is found, and how it is read: one pair for each JSON key it may have."""
    known = MAIN_DATES.get(type_)
    if known is None:
        return ()
    found = []
    for element in known.elements:
        outer, _, inner = element.rpartition(".")
        owner = f"{type_}.{outer}" if outer else type_
        definition = next(e for e in type_definition(owner).elements if e.name == inner)
        for key, of in definition.keys().items():
            if of in _DAYS:
                found.append((_getter(outer, key), _DAYS[of]))
    return tuple(found)


def _getter(outer: str, key: str) -> Read:
    if outer:
        return lambda resource: (resource.get(outer) or {}).get(key)
    return lambda resource: resource.get(key)


def _days(text: str) -> Days:
    """The days a date covers: one, or a month's or a year's."""
    if len(text) >= 10:
        day = date.fromisoformat(text[:10])
        return day, day
    year = int(text[:4])
    if len(text) == 7:
        month = int(text[5:])
        return date(year, month, 1), _last_day(year, month)
    return date(year, 1, 1), date(year, 12, 31)


def _last_day(year: int, month: int) -> date:
    if month == 12:
        return date(year, 12, 31)
    return date(year, month + 1, 1) - timedelta(days=1)


def _period_days(value: Mapping[str, Any]) -> Days:
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None, None
    return (
        date.min if start is None else _days(start)[0],
        None if end is None else _days(end)[1],
    )


def _timing_days(value: Mapping[str, Any]) -> Days:
    spans = [_days(event) for event in value.get("event", ()) if event is not None]
    spans.append(_period_days((value.get("repeat") or {}).get("boundsPeriod") or {}))
    known = [span for span in spans if span[0] is not None]
    if not known:
        return None, None
    ends = [end for _, end in known]
    first = min(start for start, _ in known if start is not None)
    return first, None if None in ends else max(end for end in ends if end is not None)


_DAYS: Mapping[str, Callable[[Any], Days]] = MappingProxyType(
    {
        "date": _days,
        "dateTime": _days,
        "instant": _days,
        "Period": _period_days,
        "Timing": _timing_days,
    }
)
