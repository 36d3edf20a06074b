"""Operations: one file for each `$name`. https://hl7.org/fhir/R4/operations.html"""
