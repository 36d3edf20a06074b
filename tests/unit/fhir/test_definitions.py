"""The compiled R4 definitions: types, elements, search parameters, compartments."""

import re

import pytest

from egide.fhir import definitions
from egide.fhir.definitions import (
    TYPES,
    code_list,
    compartment,
    number,
    search_parameters,
    type_definition,
    type_name,
)


def element(type_, name):
    return next(e for e in type_definition(type_).elements if e.name == name)


def test_the_listed_types_are_the_concrete_resource_types_of_the_data_file():
    assert definitions.definitions().resource_types == TYPES
    assert len(TYPES) == 146


def test_a_type_and_its_number_name_each_other():
    assert [type_name(number(name)) for name in TYPES] == list(TYPES)
    assert number("Account") == 1
    assert number("Patient") == 103


@pytest.mark.parametrize("wrong", [0, -1, 147])
def test_a_number_outside_the_list_names_nothing(wrong):
    with pytest.raises(IndexError):
        type_name(wrong)


def test_an_unknown_type_has_no_number():
    with pytest.raises(KeyError):
        number("DomainResource")


def test_elements_carry_cardinality_types_targets_and_code_lists():
    gender = element("Patient", "gender")
    assert (gender.types, gender.min, gender.many) == (("code",), 0, False)
    assert code_list(gender.binding).systems == {
        "http://hl7.org/fhir/administrative-gender": {"male", "female", "other", "unknown"}
    }
    assert element("Observation", "status").min == 1
    assert element("Observation", "component").types == ("Observation.component",)
    assert element("Patient.link", "other").targets == ("Patient", "RelatedPerson")
    assert element("Patient", "deceased").keys() == {
        "deceasedBoolean": "boolean",
        "deceasedDateTime": "dateTime",
    }


def test_a_content_reference_names_the_type_it_repeats():
    assert element("Questionnaire.item", "item").types == ("Questionnaire.item",)
    assert element("Observation.component", "referenceRange").types == (
        "Observation.referenceRange",
    )


def test_a_simple_quantity_has_no_comparator():
    names = [e.name for e in type_definition("SimpleQuantity").elements]
    assert "comparator" not in names
    assert element("Range", "low").types == ("SimpleQuantity",)


def test_every_element_type_is_defined_or_primitive():
    known = definitions.definitions()
    primitives = {*known.primitives, "System.String"}
    for name, type_ in known.types.items():
        for item in type_.elements:
            for used in item.types:
                assert used in known.types or used in primitives, (name, item.name, used)


def test_every_reference_target_is_a_resource_type():
    for name, type_ in definitions.definitions().types.items():
        for item in type_.elements:
            assert set(item.targets) <= set(TYPES), (name, item.name)


def test_every_required_code_list_is_listed_or_has_a_pattern():
    for name, codes in definitions.definitions().codes.items():
        assert any(codes.systems.values()) or codes.pattern, name


def test_search_parameters_include_those_of_every_resource():
    of_patient = search_parameters("Patient")
    assert {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_text"} <= set(
        of_patient
    )
    assert of_patient["birthdate"].type == "date"
    assert "_text" not in search_parameters("Binary")


def test_a_shared_search_parameter_keeps_only_the_part_about_its_type():
    code = search_parameters("Observation")["code"]
    assert code.expression == "Observation.code"
    patient = search_parameters("Condition")["patient"]
    assert patient.expression == "Condition.subject.where(resolve() is Patient)"
    assert patient.description == "Who has the condition?"


def test_a_composite_names_its_components_by_code():
    composite = search_parameters("Observation")["code-value-quantity"]
    assert [(c.code, c.expression) for c in composite.components] == [
        ("code", "code"),
        ("value-quantity", "value.as(Quantity)"),
    ]
    assert not composite.multiple_or


def test_every_expression_speaks_of_its_own_type():
    for type_ in TYPES:
        for parameter in search_parameters(type_).values():
            for word in re.findall(r"(?<![./:\w'])[A-Z][A-Za-z]+(?=\.)", parameter.expression):
                assert word in (type_, "Resource", "DomainResource"), (type_, parameter.code)


def test_every_component_of_a_composite_is_a_parameter_of_the_type():
    for type_ in TYPES:
        known = search_parameters(type_)
        for parameter in known.values():
            for component in parameter.components:
                assert component.code in known, (type_, parameter.code, component.code)


def test_the_five_compartments_name_parameters_that_exist():
    assert set(definitions.definitions().compartments) == {
        "Device",
        "Encounter",
        "Patient",
        "Practitioner",
        "RelatedPerson",
    }
    for name in definitions.definitions().compartments:
        for type_, codes in compartment(name).items():
            assert set(codes) <= {*search_parameters(type_), "{def}"}, (name, type_)
    assert compartment("Patient")["Observation"] == ("subject", "performer")
