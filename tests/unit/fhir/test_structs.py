"""The structs generated for the fast pass."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from egide.fhir.definitions import TYPES, type_definition
from egide.fhir.structs import decoder


@pytest.mark.parametrize("type_", TYPES)
def test_every_resource_type_has_a_struct_with_every_element(type_):
    struct = decoder(type_).type
    names = set().union(*(element.keys() for element in type_definition(type_).elements))
    assert set(struct.__struct_encode_fields__) == names
    assert struct.__struct_encode_fields__[:2] == ("id", "meta")
    assert struct.__struct_config__.tag == type_


def test_every_element_that_must_be_there_is_required():
    with pytest.raises(msgspec.ValidationError, match="code"):
        decoder("Observation").decode(b'{"resourceType":"Observation","status":"final"}')


def test_structs_may_be_first_needed_by_several_threads():
    decoder.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decoder, TYPES[:40] * 2))
    body = b'{"resourceType":"Account","status":"active"}'
    assert decoder("Account").decode(body).status == "active"
