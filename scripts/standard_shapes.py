"""Which elements records of each type usually carry.

A shape is a list of element names in any order: `name` always there, `name?` in half of the
records, `name??` in one of eight; `*` after a name gives one to three values, `(…)` says what a
part carries. Elements of choice are named with their type (`valueQuantity`).
"""

SHAPES = {
    "AllergyIntolerance": """
        clinicalStatus verificationStatus type category* criticality? code patient
        encounter?? onsetDateTime?? recordedDate recorder? reaction?(manifestation*
        severity?)
    """,
    "Appointment": """
        status serviceType? specialty? reasonCode? description? start end
        minutesDuration? created participant*(actor required? status)
    """,
    "Basic": """
        code subject created author?
    """,
    "CarePlan": """
        status intent category* title? subject encounter period addresses goal?
        careTeam? activity*(detail(code status location? description?))
    """,
    "CareTeam": """
        status category? name? subject encounter? period participant*(role member
        onBehalfOf??) reasonCode? managingOrganization
    """,
    "Claim": """
        status type use patient billablePeriod created provider priority insurer??
        facility? supportingInfo?(sequence category valueReference) prescription??
        diagnosis*(sequence diagnosisReference) procedure?(sequence procedureReference)
        insurance(sequence focal coverage) total item*(sequence diagnosisSequence?
        procedureSequence? productOrService net? encounter)
    """,
    "ClaimResponse": """
        status type use patient created insurer requestor? request outcome
        item*(itemSequence adjudication*(category amount value?)) total*(category
        amount)
    """,
    "Communication": """
        status category? subject? encounter? sent received recipient sender
        payload(contentString)
    """,
    "Composition": """
        status type subject encounter? date author title confidentiality? custodian?
        section*(title code text entry*)
    """,
    "Condition": """
        clinicalStatus verificationStatus category? severity? code subject encounter
        onsetDateTime abatementDateTime? recordedDate recorder? asserter?
    """,
    "Consent": """
        status scope category* patient dateTime performer? organization? policyRule?
        provision(type? period? actor?(role reference) action? purpose?)
    """,
    "Coverage": """
        status type subscriber? subscriberId? beneficiary relationship? period payor
        class?(type value name?)
    """,
    "Device": """
        udiCarrier(deviceIdentifier carrierHRF) status distinctIdentifier?
        manufactureDate expirationDate lotNumber serialNumber deviceName(name type) type
        patient
    """,
    "DiagnosticReport": """
        basedOn?? status category code subject encounter effectiveDateTime issued
        performer? resultsInterpreter?? result* conclusion?? presentedForm??
    """,
    "DocumentReference": """
        masterIdentifier? identifier? status docStatus? type category subject date
        author custodian? securityLabel? content(attachment format?) context(encounter
        period? facilityType?)
    """,
    "Encounter": """
        identifier? status class type subject participant*(type? period? individual)
        period reasonCode? diagnosis??(condition use rank?)
        hospitalization??(admitSource? dischargeDisposition) location?(location)
        serviceProvider
    """,
    "EpisodeOfCare": """
        status type patient managingOrganization period careManager
    """,
    "ExplanationOfBenefit": """
        contained?(ServiceRequest Coverage) identifier* status type use patient
        billablePeriod created insurer provider referral?? facility? claim outcome
        careTeam*(sequence provider responsible?? role) supportingInfo?(sequence
        category code? timingDate?) diagnosis*(sequence diagnosisReference type?
        packageCode??) procedure??(sequence date procedureReference) insurance(focal
        coverage) item*(sequence careTeamSequence?? diagnosisSequence? category
        productOrService servicedPeriod locationCodeableConcept encounter? net?
        adjudication*(category reason?? amount value??)) total*(category amount)
        payment?(type? date? amount)
    """,
    "FamilyMemberHistory": """
        status patient date? relationship sex? condition*(code onsetAge?)
    """,
    "Flag": """
        status category code subject period author?
    """,
    "Goal": """
        lifecycleStatus achievementStatus category? description subject startDate?
        target?(measure? dueDate?) addresses*
    """,
    "ImagingStudy": """
        identifier status modality? subject encounter started procedureCode? location?
        numberOfSeries numberOfInstances series(uid number modality numberOfInstances
        bodySite started instance*(uid sopClass number title?))
    """,
    "Immunization": """
        identifier?? status vaccineCode patient encounter occurrenceDateTime
        primarySource location? lotNumber?? site?? route?? performer?(function? actor)
        protocolApplied??(doseNumberPositiveInt)
    """,
    "List": """
        status mode title? code? subject date source? entry*(item)
    """,
    "Location": """
        identifier? status name description? mode? type? telecom address physicalType?
        position?(longitude latitude) managingOrganization
    """,
    "Media": """
        status type? subject encounter? createdDateTime content
    """,
    "Medication": """
        code status? form? ingredient?(itemCodeableConcept strength)
    """,
    "MedicationAdministration": """
        status medicationCodeableConcept subject context effectiveDateTime
        performer?(actor) reasonReference? dosage?(text? route? dose)
    """,
    "MedicationDispense": """
        status medicationCodeableConcept subject context? authorizingPrescription
        quantity daysSupply whenHandedOver dosageInstruction?
    """,
    "MedicationRequest": """
        status intent category? medicationCodeableConcept subject encounter authoredOn
        requester reasonCode? reasonReference? dosageInstruction
        dispenseRequest?(numberOfRepeatsAllowed quantity expectedSupplyDuration)
    """,
    "MedicationStatement": """
        status medicationCodeableConcept subject effectivePeriod dateAsserted dosage?
    """,
    "Observation": """
        status category code subject encounter effectiveDateTime issued performer??
        valueQuantity? valueCodeableConcept?? valueString?? interpretation?? bodySite??
        referenceRange??(low high) component??*(code valueQuantity)
    """,
    "Organization": """
        identifier* active type name telecom address partOf??
    """,
    "Patient": """
        extension? identifier* active? name* telecom* gender birthDate
        deceasedDateTime?? address maritalStatus multipleBirthBoolean?
        contact??(relationship name telecom) communication generalPractitioner??
        managingOrganization??
    """,
    "Practitioner": """
        identifier active name telecom? address gender qualification??(code)
    """,
    "PractitionerRole": """
        active? practitioner organization code specialty location? telecom?
    """,
    "Procedure": """
        basedOn?? status category?? code subject encounter performedPeriod
        performedDateTime?? performer?(actor) location? reasonCode? reasonReference?
        bodySite??
    """,
    "Provenance": """
        target* recorded agent*(type who onBehalfOf?)
    """,
    "Questionnaire": """
        url status title item*(linkId text type required?)
    """,
    "QuestionnaireResponse": """
        questionnaire status subject authored author? item*(linkId text
        answer(valueString? valueBoolean? valueInteger?))
    """,
    "RelatedPerson": """
        active patient relationship name telecom gender? address?
    """,
    "Schedule": """
        active serviceType? actor planningHorizon
    """,
    "ServiceRequest": """
        status intent category? priority? code subject encounter occurrenceDateTime?
        authoredOn requester performer? reasonCode? reasonReference?
    """,
    "Slot": """
        serviceType? schedule status start end
    """,
    "Specimen": """
        identifier? status type subject receivedTime? collection(collector?
        collectedDateTime)
    """,
    "SupplyDelivery": """
        status patient type suppliedItem(quantity itemCodeableConcept)
        occurrenceDateTime
    """,
    "Task": """
        status intent priority? code? description? focus for encounter? executionPeriod?
        authoredOn lastModified requester owner
    """,
}
