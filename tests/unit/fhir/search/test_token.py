"""Token searches: codes, identifiers, flags, contacts, and what each is compared by."""

from collections.abc import Callable
from typing import Any

import pytest

from egide.errors import Incorrect, Unsupported
from egide.fhir.search import Context, parse

Ask = Callable[[dict[str, Any], str, str], bool]
LOINC = "http://loinc.org"
STATUS = "http://hl7.org/fhir/observation-status"
V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"

OBSERVATION = {
    "resourceType": "Observation",
    "id": "AbC",
    "status": "final",
    "category": [{"coding": [{"code": "local"}], "text": "Signes vitaux"}],
    "code": {
        "coding": [
            {"system": LOINC, "code": "8302-2", "display": "Body height"},
            {"system": "http://chu.example/codes", "code": "Taille", "display": "Taille debout"},
        ]
    },
    "identifier": [
        {
            "type": {"coding": [{"system": V2, "code": "MR"}], "text": "Dossier médical"},
            "system": "http://chu.example/ipp",
            "value": "aB12",
        },
        {"value": "lonely"},
    ],
    "meta": {"tag": [{"system": "http://chu.example/tags", "code": "checked"}]},
}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("code", "8302-2", True),
        ("code", f"{LOINC}|8302-2", True),
        ("code", "http://other.example|8302-2", False),
        ("code", "|8302-2", False),
        ("code", f"{LOINC}|", True),
        ("code", "http://other.example|", False),
        ("code", "taille", True),
        ("code", "TAILLE", True),
        ("code", "HTTP://LOINC.ORG|8302-2", False),
        ("code", "8302", False),
        ("code", f"nothing,{LOINC}|8302-2", True),
        ("category", "local", True),
        ("category", "|local", True),
        ("category", f"{LOINC}|local", False),
        ("status", "final", True),
        ("status", f"{STATUS}|final", True),
        ("status", f"{STATUS}|", True),
        ("status", "|final", True),
        ("status", f"{LOINC}|final", False),
        ("status", "amended", False),
        ("identifier", "aB12", True),
        ("identifier", "ab12", False),
        ("identifier", "http://chu.example/ipp|aB12", True),
        ("identifier", "http://chu.example/ipp|", True),
        ("identifier", "|aB12", False),
        ("identifier", "|lonely", True),
        ("identifier:of-type", f"{V2}|MR|aB12", True),
        ("identifier:of-type", f"{V2}|SS|aB12", False),
        ("identifier:of-type", f"{V2}|MR|lonely", False),
        ("_id", "AbC", True),
        ("_id", "abc", False),
        ("_id", "x,AbC", True),
        ("_tag", "http://chu.example/tags|checked", True),
        ("code:not", "8302-2", False),
        ("code:not", "1234-5", True),
        ("code:not", "1234-5,8302-2", False),
        ("method:not", "x", True),
        ("code:text", "body", True),
        ("code:text", "height", True),
        ("code:text", "debout", True),
        ("code:text", "eight", False),
        ("category:text", "SIGNES", True),
        ("identifier:text", "medical", True),
        ("method:missing", "true", True),
        ("method:missing", "false", False),
        ("code:missing", "false", True),
        ("code:missing", "true", False),
    ],
)
def test_an_observation_is_found_by_token(ask: Ask, name: str, value: str, expected: bool) -> None:
    assert ask(OBSERVATION, name, value) is expected


@pytest.mark.parametrize(
    ("more", "name", "value", "expected"),
    [
        ({"active": True}, "active", "true", True),
        ({"active": True}, "active", "false", False),
        ({"active": False}, "active", "false", True),
        ({}, "active", "false", False),
        ({}, "active:not", "true", True),
        ({}, "active:missing", "true", True),
        ({}, "deceased", "false", True),
        ({"deceasedBoolean": False}, "deceased", "false", True),
        ({"deceasedDateTime": "2020"}, "deceased", "true", True),
        ({"gender": "male"}, "gender", "male", True),
        ({"gender": "male"}, "gender:not", "male", False),
        ({}, "gender:not", "male", True),
        ({"_gender": {"extension": [{"url": "urn:x"}]}}, "gender:missing", "true", True),
        (
            {"telecom": [{"system": "phone", "value": "01 23 45-67.89"}]},
            "phone",
            "0123456789",
            True,
        ),
        (
            {"telecom": [{"system": "phone", "value": "0123456789"}]},
            "phone",
            "01.23.45.67.89",
            True,
        ),
        ({"telecom": [{"system": "fax", "value": "0123456789"}]}, "phone", "0123456789", False),
        ({"telecom": [{"system": "email", "value": "A@B.example"}]}, "email", "a@b.example", True),
        (
            {"telecom": [{"system": "email", "value": "a-b@c.example"}]},
            "email",
            "ab@c.example",
            False,
        ),
        ({"telecom": [{"system": "fax", "value": "01"}]}, "telecom", "01", True),
    ],
)
def test_a_patient_is_found_by_token(
    ask: Ask, more: dict[str, Any], name: str, value: str, expected: bool
) -> None:
    assert ask({"resourceType": "Patient", **more}, name, value) is expected


def test_a_string_is_found_without_case_and_a_uri_with_it(ask: Ask) -> None:
    assert ask({"resourceType": "ValueSet", "version": "1.0-Draft"}, "version", "1.0-draft")
    header = {"resourceType": "MessageHeader", "eventUri": "http://x.example/A"}
    assert ask(header, "event", "http://x.example/A")
    assert not ask(header, "event", "http://x.example/a")


def test_a_pipe_is_looked_for_when_it_is_escaped(ask: Ask) -> None:
    odd = {"resourceType": "Basic", "identifier": [{"system": "urn:s", "value": "a|b$c\\d,e"}]}
    assert ask(odd, "identifier", r"urn:s|a\|b\$c\\d\,e")
    assert not ask(odd, "identifier", r"urn:s|a\|b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "|"),
        ("code", "a|b|c"),
        ("code", "a,,b"),
        ("code", ",a"),
        ("code", r"a\b"),
        ("code", "a\\"),
        ("identifier:of-type", "MR|1"),
        ("identifier:of-type", f"{V2}||1"),
        ("code:of-type", f"{V2}|MR|1"),
        ("code:missing", "perhaps"),
        ("code:missing", "true,false"),
        ("code:sounds-like", "x"),
    ],
)
def test_what_is_no_token_is_refused(name: str, value: str, paris: Context) -> None:
    with pytest.raises(Incorrect, match=f"^{name}: "):
        parse("Observation", [(name, value)], paris)


@pytest.mark.parametrize("value", ["yes", "1", "true|x", "special|"])
def test_a_flag_is_true_or_false(value: str, paris: Context) -> None:
    with pytest.raises(Incorrect, match="true or false"):
        parse("Patient", [("active", value)], paris)


@pytest.mark.parametrize("modifier", ["in", "not-in", "above", "below", "exact", "identifier"])
def test_a_modifier_that_is_not_supported_is_refused(modifier: str, paris: Context) -> None:
    with pytest.raises(Unsupported, match=modifier):
        parse("Observation", [(f"code:{modifier}", "x")], paris)
