"""What is declared of includes is what a search takes."""

import msgspec
import pytest

from egide.api.rest.capabilities import capabilities
from egide.errors import EgideError
from egide.fhir.definitions import TYPES, search_parameters
from egide.fhir.search.join import parse_include


def taken(name: str, value: str, type: str) -> bool:
    try:
        parse_include(name, value, type)
    except EgideError:
        return False
    return True


@pytest.mark.parametrize("type", (*TYPES[::6], "Patient", "Observation"))
def test_just_the_includes_a_search_takes_are_declared(type: str) -> None:
    statement = msgspec.json.decode(capabilities("https://example.org/fhir", pretty=False))
    (declared,) = [each for each in statement["rest"][0]["resource"] if each["type"] == type]
    own = [f"{type}:{code}" for code in search_parameters(type)]
    every = [f"{source}:{code}" for source in TYPES for code in search_parameters(source)]
    includes = [each for each in ["*", *own] if taken("_include", each, type)]
    assert declared["searchInclude"] == includes
    reverse = [each for each in ["*", *every] if taken("_revinclude", each, type)]
    assert declared["searchRevInclude"] == reverse
