"""The two passes of validation agree, on what is valid and on what happens to it.

Valid resources are damaged at random places. What the structs accept, the slow pass accepts and
writes to the same bytes; what they refuse, it refuses, unless it has an extension of a primitive,
which only the slow pass reads.
"""

import copy
import json
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.errors import Issue
from egide.fhir import Invalid, decode, json_text, resource
from egide.fhir.canonical import write
from egide.fhir.resource import settled
from egide.fhir.validation import findings

EXTENSION = {"url": "http://example.org/x", "valueCode": "x"}
CODED = {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "HbA1c"}]}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
SEEDS = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {"versionId": "1", "profile": ["http://example.org/p"], "tag": [{"code": "a"}]},
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">a <b>b</b></div>',
        },
        "contained": [{"resourceType": "Organization", "id": "o", "name": "a"}],
        "extension": [EXTENSION, {"url": "u", "extension": [{"url": "v", "valueDecimal": 1.50}]}],
        "identifier": [{"system": "http://example.org/ids", "value": "1", "use": "official"}],
        "active": True,
        "name": [{"family": "Synthetic", "given": ["Aa", "Bb"], "period": {"start": "2001"}}],
        "telecom": [{"system": "phone", "value": "0", "rank": 1}],
        "gender": "female",
        "birthDate": "2000-02-29",
        "_birthDate": {"extension": [EXTENSION]},
        "deceasedBoolean": False,
        "photo": [{"contentType": "image/png", "data": "QUJD"}],
        "contact": [{"name": {"text": "a"}, "relationship": [CODED]}],
        "managingOrganization": {"reference": "#o"},
        "link": [{"other": {"reference": "Patient/2", "type": "Patient"}, "type": "refer"}],
    },
    {
        "resourceType": "Observation",
        "status": "final",
        "category": [CODED],
        "code": CODED,
        "subject": {"reference": "Patient/p1"},
        "effectivePeriod": {"start": "2020-01-01T10:00:00Z", "end": "2020-01-01T11:00:00+01:00"},
        "issued": "2020-01-01T10:00:00.123Z",
        "valueQuantity": {
            "value": 7.10,
            "unit": "%",
            "system": "http://unitsofmeasure.org",
            "code": "%",
        },
        "referenceRange": [{"low": {"value": 4}, "text": "a"}],
        "component": [{"code": {"text": "a"}, "valueInteger": 3}],
    },
    {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "resolved"}]},
        "code": CODED,
        "subject": {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
        "onsetAge": {"value": 5, "code": "a", "system": "http://unitsofmeasure.org"},
        "abatementDateTime": "2020-05",
        "note": [{"text": "a", "time": "2020"}],
    },
    {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [
            {
                "linkId": "1",
                "type": "choice",
                "answerOption": [{"valueCoding": {"code": "a"}}],
                "enableWhen": [{"question": "2", "operator": "=", "answerInteger": 1}],
            },
            {"linkId": "2", "type": "group", "item": [{"linkId": "3", "type": "display"}]},
        ],
    },
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
                "resource": {
                    "resourceType": "Encounter",
                    "status": "finished",
                    "class": {"code": "AMB"},
                    "subject": {"reference": "Patient?identifier=a|1"},
                },
                "request": {"method": "POST", "url": "Encounter"},
            }
        ],
    },
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "valueTime": "10:00:00"},
            {
                "name": "b",
                "part": [{"name": "c", "resource": {"resourceType": "Basic", "code": CODED}}],
            },
        ],
    },
]
STRINGS = [
    *("", " ", "a", "a b", "a  b", "a\u00a0b", "\u200b", "é", "a\nb", "a\0b", "a\\b", "\ud800"),
    *("{}", "null", "x,null,", '"_', '{"id":"a"}', "#", "#o", "#x", "final", "active", "male"),
    *(
        "Patient/1",
        "Practitioner/1",
        "Patient?a=b",
        "http://example.org/fhir/Group/1",
        "urn:oid:1.2",
    ),
    *("2020", "2020-02-30", "2020-02-29", "2020-01-01T10:00:00Z", "10:00:00", "QUJD", "QUI"),
]
OTHERS = [
    *(0, 1, -1, 5, 2**31, 1.5, True, False, None, [], {}, [None], [{}], [[]], {"id": "a"}),
    *({"text": "a"}, {"value": 1}, {"reference": "Patient/1"}, {"extension": [EXTENSION]}),
]
NAMES = [
    *("id", "extension", "_status", "_birthDate", "_given", "text", "contained", "value", "class"),
    *("valueString", "valueQuantity", "valueDecimal", "reference", "type", "code", "status"),
    *("banana", "meta", "start", "end", "resourceType", "url", "system", "use", "comparator"),
]
COMPANIONS = [{"extension": [EXTENSION]}, {"id": "a"}, [None, {"id": "a"}], {}, None]


def places(tree, path=()):
    yield path
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places(value, (*path, key))


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def damaged(tree, chance):
    """`tree` with one random change."""
    paths = [path for path in places(tree) if path]
    if not paths:
        return tree
    path = chance.choice(paths)
    parent, key = at(tree, path[:-1]), path[-1]
    value = parent[key]
    match chance.randrange(9):
        case 0:
            del parent[key]
        case 1:
            parent[key] = copy.deepcopy(chance.choice(STRINGS + OTHERS))
        case 2 if isinstance(parent, dict):
            parent[chance.choice(NAMES)] = parent.pop(key)
        case 3 if isinstance(parent, dict):
            parent[chance.choice(NAMES)] = copy.deepcopy(chance.choice(STRINGS + OTHERS))
        case 4:
            parent[key] = [value]
        case 5 if isinstance(value, list):
            value.append(copy.deepcopy(chance.choice(value + OTHERS)))
        case 6:
            parent[key] = copy.deepcopy(at(tree, chance.choice(paths)))
        case 7 if isinstance(key, str):
            parent[f"_{key}"] = copy.deepcopy(chance.choice(COMPANIONS))
        case 8 if isinstance(value, str) and value:
            place = chance.randrange(len(value))
            parent[key] = value[:place] + chance.choice(' é\n1"\u2028') + value[place + 1 :]
    return tree


def written(tree, chance):
    separators = chance.choice([(",", ":"), (", ", ": ")])
    text = json.dumps(tree, ensure_ascii=chance.random() < 0.3, separators=separators)
    return text.encode("utf-8", "surrogatepass")


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(
    seed=st.sampled_from(range(len(SEEDS))), number=st.integers(0, 2**63), times=st.integers(0, 3)
)
def test_both_passes_agree_on_damaged_resources(seed, number, times):
    chance = random.Random(number)
    tree = copy.deepcopy(SEEDS[seed])
    for _ in range(times):
        tree = damaged(tree, chance)
    raw = written(tree, chance)
    try:
        _, canonical = settled(raw, None, False)
        verdict = "accepted"
    except resource.Doubtful:
        verdict = "left to the slow pass"
    except (msgspec.MsgspecError, ValueError, RecursionError):
        verdict = "refused"
    try:
        read = json_text.read(raw)
    except Invalid:
        assert verdict == "refused"
        return
    issues = findings(read)
    if verdict == "accepted":
        assert issues == []
        assert write(read) == canonical
    elif verdict == "refused" and b'"_' not in raw:
        assert issues
    assert all(issue.expression.isascii() for issue in issues)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed["resourceType"])
def test_the_seeds_are_valid(seed):
    decode(json.dumps(seed).encode())


def test_what_the_structs_refuse_is_refused_even_when_the_slow_pass_finds_nothing(monkeypatch):
    monkeypatch.setattr(resource, "findings", lambda *_, **__: [])
    with pytest.raises(Invalid) as caught:
        decode(b'{"resourceType":"Patient","gender":"banana"}')
    assert caught.value.issues == (Issue("invalid", "the resource breaks a rule of its type"),)
