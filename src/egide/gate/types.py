"""The resource types of R4, sorted by what they can tell about a patient.

https://hl7.org/fhir/R4/resourcelist.html. Every type is in exactly one of the four sets
(test: tests/unit/gate/test_types.py); a type in none of them is granted to nobody.
"""


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


RECORD = _types(
    """
    Account AdverseEvent AllergyIntolerance Appointment AppointmentResponse Basic Binary
    BiologicallyDerivedProduct BodyStructure Bundle CarePlan CareTeam ChargeItem Claim
    ClaimResponse ClinicalImpression Communication CommunicationRequest Composition Condition
    Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse
    DetectedIssue Device DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport
    DocumentManifest DocumentReference Encounter EnrollmentRequest EnrollmentResponse
    EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal Group GuidanceResponse
    ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation Invoice Linkage
    List MeasureReport Media MedicationAdministration MedicationDispense MedicationRequest
    MedicationStatement MessageHeader MolecularSequence NutritionOrder Observation
    OperationOutcome Parameters Patient PaymentNotice PaymentReconciliation Person Procedure
    Provenance QuestionnaireResponse RelatedPerson RequestGroup ResearchSubject RiskAssessment
    Schedule ServiceRequest Slot Specimen SupplyDelivery SupplyRequest Task VisionPrescription
    """
)
"""About persons cared for, or able to be."""

DIRECTORY = _types(
    """
    Endpoint HealthcareService InsurancePlan Location Organization OrganizationAffiliation
    Practitioner PractitionerRole ResearchStudy Subscription VerificationResult
    """
)
"""Who cares, where and under which contract."""

KNOWLEDGE = _types(
    """
    ActivityDefinition CapabilityStatement CatalogEntry ChargeItemDefinition CodeSystem
    CompartmentDefinition ConceptMap DeviceDefinition EffectEvidenceSynthesis EventDefinition
    Evidence EvidenceVariable ExampleScenario GraphDefinition ImplementationGuide Library
    Measure Medication MedicationKnowledge MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
    MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition
    NamingSystem ObservationDefinition OperationDefinition PlanDefinition Questionnaire
    ResearchDefinition ResearchElementDefinition RiskEvidenceSynthesis SearchParameter
    SpecimenDefinition StructureDefinition StructureMap Substance SubstanceNucleicAcid
    SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
    SubstanceSpecification TerminologyCapabilities TestReport TestScript ValueSet
    """
)
"""Definitions, products and rules: about no one."""

AUDIT = frozenset({"AuditEvent"})
"""Who looked."""

ALL = RECORD | DIRECTORY | KNOWLEDGE | AUDIT
ADMISSION = _types(
    """
    Account Appointment AppointmentResponse Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse Encounter EpisodeOfCare Patient Person RelatedPerson Schedule
    Slot
    """
)
"""The part of the record an admission desk works on: who comes, when, and who pays."""
