"""Bodies that are not JSON, not one resource, or say something twice.

https://hl7.org/fhir/R4/json.html
"""

import pytest

PATIENT = b'{"resourceType":"Patient"'

# name: (body, issue code, FHIRPath location)
CASES = {
    "nothing": (b"", "structure", ""),
    "only white space": (b" \n", "structure", ""),
    "cut short": (PATIENT + b',"active":tr', "structure", ""),
    "a trailing comma": (PATIENT + b',"active":true,}', "structure", ""),
    "a comment": (PATIENT + b"/* x */}", "structure", ""),
    "single quotes": (b"{'resourceType':'Patient'}", "structure", ""),
    "a name without quotes": (b'{resourceType:"Patient"}', "structure", ""),
    "two values": (PATIENT + b"}{}", "structure", ""),
    "text after the end": (PATIENT + b"} x", "structure", ""),
    "NaN": (PATIENT + b',"multipleBirthInteger":NaN}', "structure", ""),
    "Infinity": (PATIENT + b',"multipleBirthInteger":-Infinity}', "structure", ""),
    "a leading zero": (PATIENT + b',"multipleBirthInteger":01}', "structure", ""),
    "a plus sign": (PATIENT + b',"multipleBirthInteger":+1}', "structure", ""),
    "a number without digits before the point": (
        PATIENT + b',"extension":[{"url":"http://example.org/x","valueDecimal":.5}]}',
        "structure",
        "",
    ),
    "a number without digits after the point": (
        PATIENT + b',"extension":[{"url":"http://example.org/x","valueDecimal":5.}]}',
        "structure",
        "",
    ),
    "an unknown escape": (PATIENT + rb',"language":"\x41"}', "structure", ""),
    "a raw control character in a string": (PATIENT + b',"language":"a\x01"}', "structure", ""),
    "a raw line end in a string": (PATIENT + b',"language":"a\n"}', "structure", ""),
    "a byte order mark": (b"\xef\xbb\xbf" + PATIENT + b"}", "structure", ""),
    "UTF-16": ('{"resourceType":"Patient"}'.encode("utf-16"), "structure", ""),
    "a byte that is not UTF-8": (PATIENT + b',"language":"\xff"}', "structure", ""),
    "an overlong UTF-8 form": (PATIENT + b',"language":"\xc0\xaf"}', "structure", ""),
    "a surrogate in UTF-8": (PATIENT + b',"language":"\xed\xa0\x80"}', "structure", ""),
    "Latin-1": (
        '{"resourceType":"Patient","name":[{"text":"é"}]}'.encode("latin-1"),
        "structure",
        "",
    ),
    "a lone high surrogate escape": (
        PATIENT + rb',"name":[{"text":"a\ud800"}]}',
        "value",
        "Patient.name[0].text",
    ),
    "a lone low surrogate escape": (
        PATIENT + rb',"name":[{"text":"\udc00a"}]}',
        "value",
        "Patient.name[0].text",
    ),
    "ten thousand arrays": (
        PATIENT + b',"name":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "structure",
        "",
    ),
    "ten thousand objects": (
        PATIENT + b',"name":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        "structure",
        "",
    ),
    "ten thousand arrays never closed": (b"[" * 10_000, "structure", ""),
    "extensions in extensions deeper than is read": (
        PATIENT + b',"extension":[{"url":"u"' * 40 + b',"valueCode":"x"' + b"}]" * 40 + b"}",
        "structure",
        "",
    ),
    "an array at the top": (b'[{"resourceType":"Patient"}]', "structure", ""),
    "a string at the top": (b'"Patient"', "structure", ""),
    "a number at the top": (b"5", "structure", ""),
    "null at the top": (b"null", "structure", ""),
    "true at the top": (b"true", "structure", ""),
    "an empty object": (b"{}", "required", ""),
    "no resourceType": (b'{"active":true}', "required", ""),
    "a resourceType that is a number": (b'{"resourceType":5}', "structure", ""),
    "a resourceType that is null": (b'{"resourceType":null}', "structure", ""),
    "a resourceType that is an array": (b'{"resourceType":["Patient"]}', "structure", ""),
    "an unknown resourceType": (b'{"resourceType":"Banana"}', "not-supported", ""),
    "a resourceType in lower case": (b'{"resourceType":"patient"}', "not-supported", ""),
    "an abstract resourceType": (b'{"resourceType":"DomainResource"}', "not-supported", ""),
    "a data type as resourceType": (b'{"resourceType":"HumanName"}', "not-supported", ""),
    "a profile as resourceType": (b'{"resourceType":"vitalsigns"}', "not-supported", ""),
    "a resourceType of a later version": (b'{"resourceType":"Transport"}', "not-supported", ""),
    "a second resourceType, the same": (
        PATIENT + b',"resourceType":"Patient"}',
        "structure",
        "Patient.resourceType",
    ),
    "a second resourceType, another": (
        PATIENT + b',"resourceType":"Group"}',
        "structure",
        "Group.resourceType",
    ),
    "a property twice, the same": (
        PATIENT + b',"active":true,"active":true}',
        "structure",
        "Patient.active",
    ),
    "a property twice, overridden": (
        PATIENT + b',"gender":"male","gender":"female"}',
        "structure",
        "Patient.gender",
    ),
    "a property three times": (
        PATIENT + b',"active":true,"active":false,"active":true}',
        "structure",
        "Patient.active",
    ),
    "a property twice, once escaped": (
        PATIENT + rb',"gender":"male","gend\u0065r":"female"}',
        "structure",
        "Patient.gender",
    ),
    "a property twice in a data type": (
        PATIENT + b',"name":[{"text":"a"},{"family":"a","family":"b"}]}',
        "structure",
        "Patient.name[1].family",
    ),
    "a property twice in a pretty body": (
        b'{\n "resourceType": "Patient",\n "active": true,\n "active": false\n}',
        "structure",
        "Patient.active",
    ),
    "an array twice": (
        PATIENT + b',"name":[{"text":"a"}],"name":[{"text":"b"}]}',
        "structure",
        "Patient.name",
    ),
    "the extension of a primitive twice": (
        PATIENT
        + b',"_birthDate":{"extension":[{"url":"u","valueCode":"a"}]}'
        + b',"_birthDate":{"extension":[{"url":"u","valueCode":"b"}]}}',
        "structure",
        "Patient.birthDate",
    ),
    "a property twice in an extension of a primitive": (
        PATIENT + b',"birthDate":"2000","_birthDate":{"id":"a","id":"b"}}',
        "structure",
        "Patient.birthDate.id",
    ),
    "a property twice in a contained resource": (
        PATIENT
        + b',"contained":[{"resourceType":"Organization","id":"o","name":"a","name":"b"}]'
        + b',"managingOrganization":{"reference":"#o"}}',
        "structure",
        "Patient.contained[0].name",
    ),
    "a property twice in a bundle's entry": (
        b'{"resourceType":"Bundle","type":"collection","entry":'
        b'[{"resource":{"resourceType":"Patient","active":true,"active":false}}]}',
        "structure",
        "Bundle.entry[0].resource.active",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_and_for_what_it_is(name, refusal):
    body, code, expression = CASES[name]
    assert (code, expression) in refusal(body)


def test_every_row_of_the_table_finds_nothing_else(refusal):
    more = {"a second resourceType, another"}
    for name, (body, code, expression) in CASES.items():
        if name not in more:
            assert refusal(body) == [(code, expression)], name


def test_a_type_that_was_not_asked_for_is_refused(refusal):
    assert refusal(b'{"resourceType":"Patient"}', type="Group") == [("invalid", "Group")]
