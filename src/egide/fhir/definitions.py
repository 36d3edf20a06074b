"""What R4 defines: types and their elements, code lists, search parameters, compartments.

Compiled from HL7's package by `scripts/compile_definitions.py` into `data/r4.json.zst`; read once,
on first use. https://hl7.org/fhir/R4/structuredefinition.html
https://hl7.org/fhir/R4/searchparameter-registry.html
https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources
from types import MappingProxyType
from typing import Literal

import msgspec
import zstandard

SearchType = Literal[
    "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"
]


class Element(msgspec.Struct, frozen=True, array_like=True):
    """One element of a type. `name` is FHIR's without `[x]`; see `keys` for the JSON names."""

    name: str
    types: tuple[str, ...]
    min: int
    many: bool
    choice: bool
    targets: tuple[str, ...]
    """Resource types a Reference may point to; empty: any."""
    binding: str | None
    """Name of the required code list in `codes`, when there is one that can be checked."""
    summary: bool

    def keys(self) -> dict[str, str]:
        """JSON property name → FHIR type."""
        if not self.choice:
            return {self.name: self.types[0]}
        suffixes = {type_: type_.removeprefix("Simple") for type_ in self.types}
        return {self.name + s[0].upper() + s[1:]: type_ for type_, s in suffixes.items()}


class Invariant(msgspec.Struct, frozen=True, array_like=True):
    """One constraint, in FHIRPath, on the type or on its child `element`."""

    key: str
    severity: Literal["error", "warning"]
    human: str
    expression: str
    element: str


class Type(msgspec.Struct, frozen=True):
    """A resource type, a data type or a backbone element (`Patient.contact`)."""

    base: str
    kind: Literal["resource", "type", "backbone", "abstract"]
    elements: tuple[Element, ...]
    invariants: tuple[Invariant, ...]


class CodeList(msgspec.Struct, frozen=True):
    """The codes a required binding allows: listed by system, or told by a pattern."""

    systems: Mapping[str, frozenset[str]]
    pattern: str | None


class Component(msgspec.Struct, frozen=True, array_like=True):
    """One part of a composite: a parameter's code, and its expression on the composite's focus."""

    code: str
    expression: str


class SearchParameter(msgspec.Struct, frozen=True, array_like=True):
    """One search parameter as it applies to one resource type.

    `expression` is the part of the standard's FHIRPath that concerns the type (empty for the
    parameters that have none: `_content`, `_text`, `_filter`, `_query`). `targets` are resource
    types, empty for any. `multiple_or` and `multiple_and`: whether a value list, or a repetition
    of the parameter, is allowed.
    """

    code: str
    type: SearchType
    expression: str
    targets: tuple[str, ...]
    components: tuple[Component, ...]
    comparators: tuple[str, ...]
    multiple_or: bool
    multiple_and: bool
    description: str
    url: str


class Definitions(msgspec.Struct, dict=True):
    """Everything in the data file."""

    version: str
    types: dict[str, Type]
    primitives: dict[str, str]
    codes: dict[str, CodeList]
    search: dict[str, tuple[SearchParameter, ...]]
    compartments: dict[str, dict[str, tuple[str, ...]]]

    @cached_property
    def resource_types(self) -> tuple[str, ...]:
        return tuple(sorted(n for n, type_ in self.types.items() if type_.kind == "resource"))


@cache
def definitions() -> Definitions:
    """The data file, read once."""
    packed = resources.files("egide.fhir").joinpath("data/r4.json.zst").read_bytes()
    return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(packed), type=Definitions)


_TYPES = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse
AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement
CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Claim ClaimResponse
ClinicalImpression CodeSystem Communication CommunicationRequest CompartmentDefinition Composition
ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest
CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest
DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal
GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice
Library Linkage List Location Measure MeasureReport Media Medication MedicationAdministration
MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement MedicinalProduct
MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured
MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect
MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder Observation
ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation
Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner
PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson
RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen
SpecimenDefinition StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid
SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport
TestScript ValueSet VerificationResult VisionPrescription
"""
TYPES: tuple[str, ...] = tuple(_TYPES.split())
"""The 146 concrete R4 resource types, sorted (the standard's 148 less Resource and DomainResource,
which are abstract: nothing is ever stored under them)."""

_NUMBERS = {name: number for number, name in enumerate(TYPES, 1)}


def number(type_: str) -> int:
    """The stable 1-based number of a resource type. Raises KeyError for anything else."""
    return _NUMBERS[type_]


def type_name(number: int) -> str:
    """The resource type of a number. Raises IndexError outside 1…146."""
    if number < 1:
        raise IndexError(number)
    return TYPES[number - 1]


def type_definition(name: str) -> Type:
    """The definition of a resource type, data type or backbone path. Raises KeyError."""
    return definitions().types[name]


def code_list(name: str) -> CodeList:
    """A required code list by the name `Element.binding` gives. Raises KeyError."""
    return definitions().codes[name]


@cache
def search_parameters(type_: str) -> Mapping[str, SearchParameter]:
    """Every search parameter of a resource type by code, those of all resources included.

    Raises KeyError for a type that is not in `TYPES`.
    """
    known = definitions()
    bases = ["Resource", type_]
    if known.types[type_].base == "DomainResource":
        bases.insert(1, "DomainResource")
    if type_ not in _NUMBERS:
        raise KeyError(type_)
    found = {p.code: p for base in bases for p in known.search.get(base, ())}
    return MappingProxyType(dict(sorted(found.items())))


@cache
def compartment(name: str) -> Mapping[str, tuple[str, ...]]:
    """Resource type → codes of the parameters that put it in the compartment `name`.

    The compartment's own resource belongs to it without being listed for that (`Patient` is here
    for `link`). `{def}` stands for the resource itself. Raises KeyError for an unknown compartment.
    """
    return MappingProxyType(definitions().compartments[name])
