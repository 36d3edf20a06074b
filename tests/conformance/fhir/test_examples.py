"""Official examples and Synthea's records: taken, given back equal, decimals digit for digit."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from egide.fhir import Invalid, Resource, decode, decode_bundle, encode, parse
from egide.fhir.json_text import read

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)

BREAKING_R4 = {
    # R4 wants Questionnaire.item.linkId (1..1); many items of this R3 file have none
    "bundle-questionnaire.json": ("required", "Questionnaire.item[0].item[0].linkId", 50),
    # R4's DeviceMetric.parent is a Reference(Device); this one names a DeviceDefinition
    "devicemetric-example.json": ("value", "DeviceMetric.parent.reference", 1),
    # a Procedure is not among the targets of DeviceUseStatement.reasonReference
    "deviceusestatement-example.json": (
        "value",
        "DeviceUseStatement.reasonReference[0].reference",
        1,
    ),
    # MedicationRequest.dispenseRequest.performer is a Reference(Organization), not Practitioner
    "medicationrequest0301.json": (
        "value",
        "MedicationRequest.dispenseRequest.performer.reference",
        1,
    ),
}
"""The examples that do not follow R4: first finding, and how many there are."""


def exact(raw: bytes, **replaced: object) -> object:
    """The exact tree (numbers as written) without what a server sets in meta."""
    tree = read(raw)
    assert isinstance(tree, dict)
    meta = {k: v for k, v in tree.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    return {**tree, "meta": meta, **replaced}


def given_back(resource: Resource) -> bytes:
    return encode(resource, id=resource.id or "new", version=3, updated=AT)


def examples(shared: Path) -> list[Path]:
    found = sorted((shared / "suites" / "examples-r4").glob("*.json"))
    assert len(found) == 72
    return found


def test_every_official_example_that_follows_r4_is_given_back_equal(shared):
    for path in examples(shared):
        if path.name not in BREAKING_R4:
            raw = path.read_bytes()
            resource = decode(raw)
            back = given_back(resource)
            assert exact(back) == exact(raw, id=resource.id or "new"), path.name
            meta = b'"meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678Z"'
            head = f'{{"resourceType":"{resource.type}","id":"{resource.id or "new"}",'.encode()
            assert back.startswith(head + meta), path.name


def test_every_example_given_back_is_canonical(shared):
    for path in examples(shared):
        if path.name not in BREAKING_R4:
            back = given_back(decode(path.read_bytes()))
            assert given_back(decode(back)) == back, path.name


@pytest.mark.parametrize("name", BREAKING_R4)
def test_an_example_that_breaks_r4_is_refused_for_what_it_breaks(name, shared):
    code, expression, count = BREAKING_R4[name]
    with pytest.raises(Invalid) as caught:
        decode((shared / "suites" / "examples-r4" / name).read_bytes())
    issues = caught.value.issues
    assert (issues[0].code, issues[0].expression, len(issues)) == (code, expression, count)
    assert {issue.code for issue in issues} == {code}


def test_every_synthea_resource_is_given_back_equal(shared):
    count = 0
    for path in sorted((shared / "data" / "synthea").glob("*.json.gz")):
        raw = gzip.decompress(path.read_bytes())
        tree = read(raw)
        assert isinstance(tree, dict)
        bundle = decode_bundle(raw)
        assert bundle.type == "transaction"
        for entry, given in zip(bundle.entries, tree["entry"], strict=True):
            assert isinstance(entry.resource, Resource)
            assert (entry.method, entry.full_url) == ("POST", given["fullUrl"])
            resource = {"meta": {}, **given["resource"]}
            assert exact(given_back(entry.resource)) == resource
            count += 1
    assert count == 29_156


def test_synthea_resources_are_taken_in_any_writing(shared):
    path = sorted((shared / "data" / "synthea").glob("*.json.gz"))[0]
    for entry in json.loads(gzip.decompress(path.read_bytes()))["entry"][::7]:
        resource = entry["resource"]
        compact = json.dumps(resource, separators=(",", ":"), ensure_ascii=False)
        pretty = json.dumps(dict(reversed(resource.items())), indent=2)
        assert decode(compact.encode(), conditional=True) == decode(
            pretty.encode(), conditional=True
        )


def test_parsed_decimals_are_exact(shared):
    path = shared / "suites" / "examples-r4" / "observation-example.json"
    body = given_back(decode(path.read_bytes().replace(b"185", b"185.00")))
    assert str(parse(body)["valueQuantity"]["value"]) == "185.00"
