"""Decoding and canonical encoding of one resource."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from egide.fhir import Invalid, decode, encode, parse, type_of

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def stored(raw, **options):
    if not isinstance(raw, bytes):
        raw = json.dumps(raw).encode()
    return encode(decode(raw, **options), id="x", version=7, updated=AT)


def test_the_canonical_form_starts_with_what_the_server_sets():
    body = stored({"active": True, "resourceType": "Patient"})
    assert body == (
        b'{"resourceType":"Patient","id":"x","meta":{"versionId":"7",'
        b'"lastUpdated":"2026-01-02T03:04:05.678Z"},"active":true}'
    )


def test_elements_are_written_in_the_order_of_the_standard():
    raw = (
        b'{"gender":"male","name":[{"given":["b"],"family":"a"}],"resourceType":"Patient","id":"q"}'
    )
    assert stored(raw).endswith(b'"name":[{"family":"a","given":["b"]}],"gender":"male"}')


def test_a_client_s_version_and_time_are_replaced_and_the_rest_of_meta_kept():
    meta = {
        "tag": [{"code": "a"}],
        "versionId": "99",
        "source": "urn:x",
        "lastUpdated": "2001-01-01T00:00:00Z",
    }
    body = parse(stored({"resourceType": "Patient", "meta": meta}))
    assert body["meta"] == {
        "versionId": "7",
        "lastUpdated": "2026-01-02T03:04:05.678Z",
        "source": "urn:x",
        "tag": [{"code": "a"}],
    }


def test_extensions_of_the_version_and_time_go_with_them():
    extension = {"extension": [{"url": "u", "valueCode": "a"}]}
    meta = {"_versionId": extension, "_lastUpdated": extension, "source": "urn:x"}
    body = parse(stored({"resourceType": "Patient", "meta": meta}))
    assert set(body["meta"]) == {"versionId", "lastUpdated", "source"}


def test_equal_contents_are_equal_whatever_the_server_has_set():
    first = decode(b'{"resourceType":"Patient","id":"a","active":true}')
    second = decode(
        b'{"resourceType":"Patient","meta":{"versionId":"3"},"id":"b", "active" : true}'
    )
    assert first.content == second.content == b'{"resourceType":"Patient","active":true}'
    tagged = decode(b'{"resourceType":"Patient","meta":{"source":"urn:x"},"active":true}')
    assert tagged.content == b'{"resourceType":"Patient","meta":{"source":"urn:x"},"active":true}'


def test_a_resource_knows_its_type_and_id():
    resource = decode(b'{"resourceType":"Patient","id":"a-b.C"}', type="Patient")
    assert (type_of(resource), resource.type, resource.id) == ("Patient", "Patient", "a-b.C")
    assert decode(b'{"resourceType":"Patient"}').id is None


@pytest.mark.parametrize(
    "number",
    [
        "1",
        "1.0",
        "1.50",
        "-0.0",
        "1e3",
        "1E+3",
        "0.1000000000000000055511151231257827",
        "-0",
        "1e-9",
    ],
)
def test_a_decimal_is_kept_digit_for_digit(number):
    raw = (
        '{"resourceType":"Observation","status":"final","code":{"text":"a"},'
        f'"valueQuantity":{{"value":{number}}}}}'
    ).encode()
    body = stored(raw)
    assert f'"value":{number}}}'.encode() in body
    assert Decimal(parse(body)["valueQuantity"]["value"]) == Decimal(number)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (rb"\u00e9", "é"),
        (rb"\/", "/"),
        (rb"\ud83d\ude00", "😀"),
        (b"\x7f", "\x7f"),
        (rb"a\nb\tc", "a\nb\tc"),
        (rb"\\u0000", r"\u0000"),
        (b"  ", "  "),
    ],
)
def test_a_string_is_kept_whatever_way_it_was_written(written, kept):
    body = stored(b'{"resourceType":"Patient","name":[{"text":"' + written + b'"}]}')
    assert parse(body)["name"][0]["text"] == kept


def test_the_integer_minus_zero_is_zero():
    assert b'"multipleBirthInteger":0}' in stored(
        b'{"resourceType":"Patient","multipleBirthInteger":-0}'
    )


def test_an_escaped_property_name_is_the_name():
    assert b'"gender":"male"' in stored(rb'{"resourceType":"Patient","gend\u0065r":"male"}')


def test_white_space_anywhere_changes_nothing():
    compact = b'{"resourceType":"Patient","name":[{"given":["a b","c"]}],"active":true}'
    spaced = compact.replace(b":", b" : ").replace(b",", b"\n,\t").replace(b"[", b"[ ")
    halfway = b'{"resourceType":"Patient","name":[{"given":["a b", "c"]}],"active":true}'
    assert decode(spaced) == decode(halfway) == decode(compact)


def test_extensions_of_primitives_and_their_nulls_are_kept():
    name = {
        "given": ["a", None],
        "_given": [None, {"extension": [{"url": "u", "valueDecimal": 1.5}]}],
    }
    raw = json.dumps({"resourceType": "Patient", "name": [name], "id": "p"})
    assert parse(stored(raw.encode()))["name"] == [
        {**name, "_given": [None, {"extension": [{"url": "u", "valueDecimal": Decimal("1.5")}]}]}
    ]


def test_a_required_primitive_may_have_an_extension_for_its_value():
    body = {
        "resourceType": "Observation",
        "_status": {"extension": [{"url": "u", "valueCode": "unknown"}]},
        "code": {"text": "a"},
    }
    assert {**parse(stored(body)), "id": 0, "meta": 0} == {**body, "id": 0, "meta": 0}


def test_sixty_four_levels_are_read():
    body = extension = {"url": "u", "valueCode": "a"}
    for _ in range(30):
        extension = {"url": "u", "extension": [extension]}
    body = {"resourceType": "Patient", "extension": [extension]}
    assert parse(stored(body))["extension"] == [extension]


def test_contained_resources_are_canonical_too():
    raw = (
        b'{"resourceType":"Patient","contained":[{"name":"a","id":"o","resourceType":"Organization",'
        b'"partOf":{"reference":"#"}}]}'
    )
    assert b'"contained":[{"resourceType":"Organization","id":"o","name":"a","partOf":' in stored(
        raw
    )


def test_resources_in_a_bundle_keep_their_version_and_become_canonical():
    raw = (
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":'
        b'{"active":true,"meta":{"versionId":"5"},"resourceType":"Patient"}}]}'
    )
    assert stored(raw).endswith(
        b'"entry":[{"resource":{"resourceType":"Patient","meta":{"versionId":"5"},"active":true}}]}'
    )


def test_a_nested_resource_may_need_the_slow_pass():
    raw = (
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":'
        b'"Patient","name":[{"text":"{}"}],"birthDate":"2000","_birthDate":{"id":"a"}}}]}'
    )
    assert stored(raw).endswith(raw.partition(b'"type"')[2])


def test_the_issues_name_places_and_rules_but_never_values():
    canary = "Zzyzxcanary"
    body = {
        "resourceType": "Patient",
        canary + " name": canary,
        "gender": canary,
        "birthDate": canary,
        "name": [{"family": [canary], "given": canary, "use": canary}],
        "text": {"status": "generated", "div": canary},
        "managingOrganization": {"reference": canary, "type": canary},
        "telecom": [{"value": canary, "rank": canary}],
        "identifier": [{"system": canary + " x", "value": ""}],
        "extension": [{"url": canary, "valueDecimal": canary, "valueCode": canary}],
    }
    with pytest.raises(Invalid) as caught:
        decode(json.dumps(body).encode())
    assert len(caught.value.issues) > 10
    assert canary not in str(caught.value)
    assert canary not in repr(caught.value.issues)
