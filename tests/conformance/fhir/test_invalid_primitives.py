"""Values that a primitive type does not allow, as an element and as an extension's value.

https://hl7.org/fhir/R4/datatypes.html#primitive
"""

import pytest

LONG = "a" * 1_048_577


def extended(type_, value):
    """A patient whose extension holds the value: there every primitive type can be tried."""
    key = "value" + type_[0].upper() + type_[1:]
    return {"resourceType": "Patient", "extension": [{"url": "u", key: value}]}


VALUES = {
    "boolean": [("a string", "true", "structure"), ("a number", 1, "structure")],
    "integer": [
        ("a string", "5", "structure"),
        ("a fraction", 1.5, "structure"),
        ("a whole number with a point", 1.0, "structure"),
        ("a boolean", True, "structure"),
        ("one more than 32 bits hold", 2**31, "value"),
        ("one less than 32 bits hold", -(2**31) - 1, "value"),
        ("far too large", 10**40, "value"),
    ],
    "unsignedInt": [("a negative number", -1, "value"), ("too large", 2**31, "value")],
    "positiveInt": [("zero", 0, "value"), ("too large", 2**31, "value")],
    "decimal": [
        ("a string", "1.5", "structure"),
        ("a boolean", True, "structure"),
        ("an object", {"value": 1}, "structure"),
        ("an array", [1.5], "structure"),
    ],
    "string": [
        ("a number", 5, "structure"),
        ("nothing in it", "", "value"),
        ("NUL", "a\0b", "value"),
        ("an escape character", "a\x1bb", "value"),
        ("a backspace", "a\bb", "value"),
        ("a form feed", "a\fb", "value"),
        ("more than a megabyte", LONG, "too-long"),
    ],
    "markdown": [("NUL", "a\0b", "value"), ("more than a megabyte", LONG, "too-long")],
    "code": [
        ("a space at the start", " a", "value"),
        ("a space at the end", "a ", "value"),
        ("two spaces inside", "a  b", "value"),
        ("a tab inside", "a\tb", "value"),
        ("a line end", "a\n", "value"),
        ("only a space", " ", "value"),
    ],
    "id": [
        ("a space", "a b", "value"),
        ("an underscore", "a_b", "value"),
        ("a slash", "a/b", "value"),
        ("an accent", "é", "value"),
        ("65 characters", "a" * 65, "value"),
        ("a line end", "a\n", "value"),
    ],
    "uri": [("a space", "http://example.org/a b", "value"), ("a line end", "urn:x\n", "value")],
    "url": [("a space", "http://example.org/a b", "value"), ("a tab", "a\t", "value")],
    "canonical": [("a space", "http://example.org/a |1", "value")],
    "oid": [
        ("no prefix", "1.2.3", "value"),
        ("a first arc of 3", "urn:oid:3.1", "value"),
        ("a leading zero", "urn:oid:1.02", "value"),
        ("one arc", "urn:oid:1", "value"),
    ],
    "uuid": [
        ("no prefix", "c757873d-ec9a-4326-a141-556f43239520", "value"),
        ("upper case", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "value"),
        ("too short", "urn:uuid:c757873d-ec9a-4326-a141-556f4323952", "value"),
        ("a letter that is not a digit", "urn:uuid:g757873d-ec9a-4326-a141-556f43239520", "value"),
    ],
    "date": [
        ("a month of 99", "2020-99-99", "value"),
        ("a month of 0", "2020-00-10", "value"),
        ("a day of 0", "2020-01-00", "value"),
        ("31 April", "2020-04-31", "value"),
        ("30 February", "2020-02-30", "value"),
        ("29 February of a common year", "2019-02-29", "value"),
        ("29 February of 1900", "1900-02-29", "value"),
        ("the year 0", "0000", "value"),
        ("two digits of year", "20", "value"),
        ("five digits of year", "12020-01-01", "value"),
        ("one digit of month", "2020-1-01", "value"),
        ("no hyphens", "20200101", "value"),
        ("a French date", "31/12/2020", "value"),
        ("a time", "2020-01-01T00:00:00Z", "value"),
        ("a space at the end", "2020-01-01 ", "value"),
        ("digits that are not ASCII", "２０２０", "value"),
        ("a number", 2020, "structure"),
    ],
    "dateTime": [
        ("no time zone", "2020-01-01T10:00:00", "value"),
        ("no seconds", "2020-01-01T10:00Z", "value"),
        ("hour 24", "2020-01-01T24:00:00Z", "value"),
        ("minute 60", "2020-01-01T10:60:00Z", "value"),
        ("second 61", "2020-01-01T10:00:61Z", "value"),
        ("a space for the T", "2020-01-01 10:00:00Z", "value"),
        ("a point without digits", "2020-01-01T10:00:00.Z", "value"),
        ("a time zone without colon", "2020-01-01T10:00:00+0100", "value"),
        ("a time zone past 14 hours", "2020-01-01T10:00:00+14:01", "value"),
        ("a month with a time", "2020-01T10:00:00Z", "value"),
        ("a day that is not", "2021-02-29T10:00:00Z", "value"),
        ("a small z", "2020-01-01T10:00:00z", "value"),
    ],
    "instant": [
        ("a date", "2020-01-01", "value"),
        ("no time zone", "2020-01-01T10:00:00", "value"),
        ("a day that is not", "2020-06-31T10:00:00Z", "value"),
    ],
    "time": [
        ("no seconds", "10:00", "value"),
        ("hour 24", "24:00:00", "value"),
        ("a time zone", "10:00:00Z", "value"),
    ],
    "base64Binary": [
        ("a character that is not base64", "QU*D", "value"),
        ("a length that cannot be", "QUJDR", "value"),
        ("no padding", "QUJDRA", "value"),
        ("padding in the middle", "QQ==QUJD", "value"),
        ("only padding", "====", "value"),
        ("only white space", " ", "value"),
        ("the alphabet of URLs", "QU-_", "value"),
        ("a data URL", "data:text/plain;base64,QUJD", "value"),
    ],
}

# name: (body, issue code, FHIRPath location)
CASES = {
    f"{type_}: {name}": (extended(type_, value), code, "Patient.extension[0].value")
    for type_, rows in VALUES.items()
    for name, value, code in rows
}
CASES |= {
    "a date as an element": (
        {"resourceType": "Patient", "birthDate": "2020-99-99"},
        "value",
        "Patient.birthDate",
    ),
    "a dateTime as a choice": (
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "a"},
            "effectiveDateTime": "2020-13",
        },
        "value",
        "Observation.effective",
    ),
    "an instant as an element": (
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "a"},
            "issued": "2020",
        },
        "value",
        "Observation.issued",
    ),
    "a time in an array": (
        {"resourceType": "Location", "hoursOfOperation": [{"openingTime": "8:00"}]},
        "value",
        "Location.hoursOfOperation[0].openingTime",
    ),
    "a canonical in an array": (
        {"resourceType": "Patient", "meta": {"profile": ["http://example.org/a", "a b"]}},
        "value",
        "Patient.meta.profile[1]",
    ),
    "base64 in an attachment": (
        {"resourceType": "Patient", "photo": [{"contentType": "image/png", "data": "*"}]},
        "value",
        "Patient.photo[0].data",
    ),
    "base64 in a Binary": (
        {"resourceType": "Binary", "contentType": "text/plain", "data": "QUJ"},
        "value",
        "Binary.data",
    ),
    "a decimal in a quantity, as a string": (
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "a"},
            "valueQuantity": {"value": "7"},
        },
        "structure",
        "Observation.value.value",
    ),
    "a decimal with an exponent of four digits": (
        b'{"resourceType":"Patient","extension":[{"url":"u","valueDecimal":1e1000}]}',
        "value",
        "Patient.extension[0].value",
    ),
    "an integer with an exponent": (
        b'{"resourceType":"Patient","multipleBirthInteger":1e0}',
        "structure",
        "Patient.multipleBirth",
    ),
    "a resource's id": ({"resourceType": "Patient", "id": "a b"}, "value", "Patient.id"),
    "a resource's id that is a number": (
        {"resourceType": "Patient", "id": 5},
        "structure",
        "Patient.id",
    ),
    "an element's id with a space": (
        {"resourceType": "Patient", "name": [{"id": "a b", "text": "a"}]},
        "value",
        "Patient.name[0].id",
    ),
    "a version id": (
        {"resourceType": "Patient", "meta": {"versionId": "a b"}},
        "value",
        "Patient.meta.versionId",
    ),
    "a system": (
        {"resourceType": "Patient", "identifier": [{"system": "not a uri"}]},
        "value",
        "Patient.identifier[0].system",
    ),
    "the url of an extension": (
        {"resourceType": "Patient", "extension": [{"url": "a b", "valueCode": "a"}]},
        "value",
        "Patient.extension[0].url",
    ),
    "an escaped NUL in a name": (
        rb'{"resourceType":"Patient","name":[{"family":"a\u0000"}]}',
        "value",
        "Patient.name[0].family",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_and_for_what_it_is(name, refusal):
    body, code, expression = CASES[name]
    assert refusal(body) == [(code, expression)]
