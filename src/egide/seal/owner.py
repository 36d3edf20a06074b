"""Whose key seals a resource: one row for every type of FHIR R4, and four kinds of key.

| Rule | Types | Key |
|---|---|---|
| itself | Patient | the patient's, whatever other patients it links to |
| person | Practitioner, Person | the person's own |
| practitioner | PractitionerRole | the person's when it names one, else the establishment's |
| concerned | the Patient compartment and what may name a patient besides it | see below |
| house | definitions, terminology, organisations, places, products | the establishment's, always |

*Concerned* types follow the number of patients the resource names:

- none: the establishment's key. So is the record of a patient who is named only by identifier, by
  display or as a contained resource: erasing a patient reaches only what refers to him.
- one: that patient's key, also when a relative, a device or a practitioner is named beside him.
  RelatedPerson and FamilyMemberHistory are therefore the patient's, a newborn's record is the
  newborn's, and what only names a RelatedPerson or PractitionerRole counts as naming nobody.
- several (Group, List, Appointment, Communication, Account, Coverage, Composition, Provenance …):
  the resource's own key, wrapped for each of these patients and for the establishment.

The patients are those named by the Patient compartment's parameters
(https://hl7.org/fhir/R4/compartmentdefinition-patient.html) and by `BESIDE_COMPARTMENT`. For
Bundle and Parameters they are those of the resources inside. Binary follows what its
`securityContext` refers to: the patient, or the patients of the resource named there (refused when
that is nowhere, `egide.store.owning`); with none it is under the establishment's key, so
attachments of a record must say their context. Attachments inside a resource are part of its body.

A Person may be the same human being as a Patient: its key is apart, so erasing a patient has to
list the Person resources that link to him.

Invariant: no type is without a row, and an unknown type is refused, never sealed by a default
(test_every_type_has_exactly_one_rule, test_an_unknown_type_has_no_owner).
"""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from egide.errors import Fault

Kind = Literal["patient", "person", "resource", "establishment"]


class Owner(NamedTuple):
    """The kind of key, and the sorted holders it is wrapped for besides the establishment.

    Holders of a `patient` or `resource` key are ids of Patient; of a `person` key one reference
    (`Practitioner/…` or `Person/…`); an `establishment` key has none.
    """

    kind: Kind
    holders: tuple[str, ...] = ()


PERSONS = frozenset({"Person", "Practitioner"})
OF_PERSONS = frozenset({"PractitionerRole"})

CONCERNED = frozenset(
    """
    Account AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
    BiologicallyDerivedProduct BodyStructure Bundle CarePlan CareTeam ChargeItem Claim ClaimResponse
    ClinicalImpression Communication CommunicationRequest Composition Condition Consent Contract
    Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device
    DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest
    DocumentReference Encounter EnrollmentRequest EnrollmentResponse EpisodeOfCare
    ExplanationOfBenefit FamilyMemberHistory Flag Goal Group GuidanceResponse ImagingStudy
    Immunization ImmunizationEvaluation ImmunizationRecommendation Invoice Linkage List
    MeasureReport Media MedicationAdministration MedicationDispense MedicationRequest
    MedicationStatement MessageHeader MolecularSequence NutritionOrder Observation Parameters
    PaymentNotice PaymentReconciliation Procedure Provenance QuestionnaireResponse RelatedPerson
    RequestGroup ResearchSubject RiskAssessment Schedule ServiceRequest Specimen SupplyDelivery
    SupplyRequest Task VerificationResult VisionPrescription
    """.split()  # noqa: SIM905  (a table to read)
)

HOUSE = frozenset(
    """
    ActivityDefinition CapabilityStatement CatalogEntry ChargeItemDefinition CodeSystem
    CompartmentDefinition ConceptMap DeviceDefinition EffectEvidenceSynthesis Endpoint
    EventDefinition Evidence EvidenceVariable ExampleScenario GraphDefinition HealthcareService
    ImplementationGuide InsurancePlan Library Location Measure Medication MedicationKnowledge
    MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
    MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction
    MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
    MedicinalProductUndesirableEffect MessageDefinition NamingSystem ObservationDefinition
    OperationDefinition OperationOutcome Organization OrganizationAffiliation PlanDefinition
    Questionnaire ResearchDefinition ResearchElementDefinition ResearchStudy RiskEvidenceSynthesis
    SearchParameter Slot SpecimenDefinition StructureDefinition StructureMap Subscription Substance
    SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation
    SubstanceSourceMaterial SubstanceSpecification TerminologyCapabilities TestReport TestScript
    ValueSet
    """.split()  # noqa: SIM905  (a table to read)
)

BESIDE_COMPARTMENT: Mapping[str, tuple[str, ...]] = {
    "Binary": ("securityContext",),
    "BiologicallyDerivedProduct": ("collection.source",),
    "Contract": ("subject", "signer.party"),
    "Device": ("patient",),
    "GuidanceResponse": ("subject",),
    "Linkage": ("item.resource",),
    "List": ("entry.item",),
    "Task": ("for",),
    "VerificationResult": ("target",),
}
"""Elements that may name a patient and that the Patient compartment leaves out."""


def owner(type: str, id: str, patients: Collection[str], *, persons: Collection[str] = ()) -> Owner:
    """Whose key seals the resource `type`/`id`.

    `patients` are the ids of Patient it names as said above, `persons` the references
    (`Practitioner/…`) a PractitionerRole names. Raises Fault for a type that is not of R4.
    """
    if type in CONCERNED:
        named = sorted(set(patients))
        if len(named) == 1:
            return Owner("patient", (named[0],))
        return Owner("resource", tuple(named)) if named else Owner("establishment")
    if type == "Patient":
        return Owner("patient", (id,))
    if type in PERSONS:
        return Owner("person", (f"{type}/{id}",))
    if type in OF_PERSONS and len(set(persons)) == 1:
        return Owner("person", tuple(set(persons)))
    if type in HOUSE or type in OF_PERSONS:
        return Owner("establishment")
    raise Fault(f"no rule says whose key seals the type {type}")
