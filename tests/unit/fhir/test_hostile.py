"""Bodies made to cost much: each is judged in time proportional to its length.

Nothing here is timed; a judgement that took the square of the length would never end.
"""

import json

import pytest

from egide.fhir import Invalid, decode

LONG = 2_000_000
OPEN = '<div xmlns="http://www.w3.org/1999/xhtml">'


def patient(**elements):
    return json.dumps({"resourceType": "Patient", **elements}).encode()


def extension(**value):
    return patient(extension=[{"url": "u", **value}])


BODIES = {
    "a narrative of text and then an element": patient(
        text={"status": "generated", "div": OPEN + "a" * LONG + "<x/></div>"}
    ),
    "a narrative of spaces": patient(
        text={"status": "generated", "div": OPEN + " " * LONG + "</div>"}
    ),
    "a media type that ends badly": patient(photo=[{"contentType": "a/" + "a" * LONG + "\n"}]),
    "a media type of spaces": patient(photo=[{"contentType": "a/a" + " " * LONG + "\n"}]),
    "a code of words that ends badly": extension(valueCode="a " * LONG),
    "a uri that ends badly": extension(valueUri="a" * LONG + " "),
    "base64 that ends badly": extension(valueBase64Binary="QUJD" * (LONG // 4) + "*"),
    "base64 with spaces that ends badly": extension(valueBase64Binary="QUJD " * (LONG // 5) + "*"),
    "a reference of slashes": patient(
        managingOrganization={"reference": "http://a" + "/a" * LONG + " "}
    ),
    "a reference to a very long type": patient(
        managingOrganization={"reference": "http://a/" + "A" * LONG + "/ "}
    ),
    "an oid that ends badly": extension(valueOid="urn:oid:1" + ".1" * LONG + "x"),
    "a time with a long fraction": extension(valueTime="10:00:00." + "1" * LONG + "x"),
    "a number of many digits": b'{"resourceType":"Patient","multipleBirthInteger":'
    + b"1" * LONG
    + b"}",
    "a decimal with a huge exponent": extension(valueDecimal=0).replace(
        b'"valueDecimal": 0', b'"valueDecimal": 1e' + b"9" * 1000
    ),
    "many repeated properties": b'{"resourceType":"Patient"' + b',"active":true' * 200_000 + b"}",
    "many unknown properties": patient(**{f"x{at}": at for at in range(200_000)}),
    "brackets that nest in a string and outside": b'{"resourceType":"Patient","language":"'
    + b"[" * LONG
    + b'"'
    + b"]" * 100
    + b"}",
    "many link ids": json.dumps(
        {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [{"linkId": str(at % 60_000), "type": "string"} for at in range(60_001)],
        }
    ).encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_it_is_refused(name):
    with pytest.raises(Invalid):
        decode(BODIES[name])


def test_no_more_findings_are_listed_than_anybody_reads():
    with pytest.raises(Invalid) as caught:
        decode(BODIES["many unknown properties"])
    issues = caught.value.issues
    assert len(issues) == 1001
    assert (issues[-1].code, issues[-1].severity) == ("incomplete", "information")


def test_what_is_long_and_valid_is_taken():
    assert decode(extension(valueBase64Binary="QUJD" * (LONG // 4))).type == "Patient"
    assert decode(extension(valueDecimal=0).replace(b": 0", b": 0." + b"1" * LONG))
    assert decode(patient(text={"status": "generated", "div": f"{OPEN}{'a ' * LONG}</div>"}))
