"""The statement names every operation there is, and no other."""

import json
from typing import Any

import msgspec
import pytest

from egide import fhir
from egide.api.operations.definitions import OPERATIONS, Operation
from egide.api.rest import FHIR
from egide.api.rest.capabilities import capabilities
from egide.fhir.definitions import TYPES

OWN = [each for each in OPERATIONS if not each.standard]


def statement() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(capabilities("http://x/fhir", pretty=False))
    return found


def declared() -> dict[str, str]:
    """Address → definition of every operation the statement names."""
    (rest,) = statement()["rest"]
    found = {f"/fhir/${each['name']}": each["definition"] for each in rest["operation"]}
    for resource in rest["resource"]:
        for each in resource["operation"]:
            address = f"/fhir/{resource['type']}/{{id}}/${each['name']}"
            found[address] = each["definition"]
    return found


def answered() -> set[str]:
    """Every address of an operation the server answers, `{type}` written out."""
    templates = [route.template for route in FHIR if "$" in route.template]
    return {each.replace("{type}", type) for each in templates for type in TYPES}


def test_no_address_of_an_operation_is_without_its_line_in_the_statement() -> None:
    assert answered() - declared().keys() == set()


def test_no_line_of_the_statement_is_without_its_address() -> None:
    assert declared().keys() - answered() == set()
    assert {each.template for each in OPERATIONS} == {
        route.template for route in FHIR if "$" in route.template
    }


def test_every_definition_named_is_r4_s_or_in_the_statement_itself() -> None:
    contained = {f"#{each['id']}": each for each in statement()["contained"]}
    named = set(declared().values())
    own = {each for each in named if each.startswith("#")}
    assert own == contained.keys() == {f"#{each.name}" for each in OWN}
    assert all(each.startswith("http://hl7.org/fhir/OperationDefinition/") for each in named - own)


@pytest.mark.parametrize("operation", OWN, ids=lambda each: each.name)
def test_a_definition_says_where_and_what_goes_in(operation: Operation) -> None:
    (found,) = [each for each in statement()["contained"] if each["id"] == operation.name]
    assert (found["system"], found["instance"]) == (
        operation.on == "system",
        operation.on == "instance",
    )
    said = {each["name"]: each["type"] for each in found["parameter"] if each["use"] == "in"}
    assert said == {each.name: each.type for each in operation.given}
    assert found["description"]


def test_the_statement_with_its_definitions_is_a_valid_resource() -> None:
    body = json.dumps(statement()).encode()
    assert fhir.type_of(fhir.decode(body)) == "CapabilityStatement"
