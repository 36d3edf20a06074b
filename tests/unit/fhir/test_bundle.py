"""Bundles taken apart."""

import json

import pytest

from egide.fhir import Entry, Invalid, Resource, decode_bundle

OLD = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"


def bundle(type_, *entries):
    return json.dumps({"resourceType": "Bundle", "type": type_, "entry": list(entries)}).encode()


def post(resource, **request):
    return {"resource": resource, "request": {"method": "POST", "url": "Patient", **request}}


def test_an_entry_says_what_is_asked_and_with_which_resource():
    raw = bundle(
        "transaction",
        {
            "fullUrl": OLD,
            **post({"resourceType": "Patient", "active": True}, ifNoneExist="identifier=a"),
        },
        {"request": {"method": "DELETE", "url": "Patient/1", "ifMatch": 'W/"1"'}},
    )
    found = decode_bundle(raw)
    assert found.type == "transaction"
    assert found.entries == (
        Entry(
            full_url=OLD,
            resource=Resource("Patient", None, b"", b',"active":true}'),
            method="POST",
            url="Patient",
            if_none_exist="identifier=a",
        ),
        Entry(method="DELETE", url="Patient/1", if_match='W/"1"'),
    )


def test_a_bundle_without_entries_is_empty():
    assert decode_bundle(b'{"resourceType":"Bundle","type":"batch"}').entries == ()


def test_a_transaction_with_a_bad_resource_is_refused_whole():
    good = {"resourceType": "Patient"}
    bad = {"resourceType": "Patient", "gender": "banana", "name": [{"given": [""]}]}
    with pytest.raises(Invalid) as caught:
        decode_bundle(bundle("transaction", post(good), post(bad), post({})))
    assert [(issue.code, issue.expression) for issue in caught.value.issues] == [
        ("value", "Bundle.entry[1].resource.name[0].given[0]"),
        ("code-invalid", "Bundle.entry[1].resource.gender"),
        ("required", "Bundle.entry[2].resource"),
    ]


@pytest.mark.parametrize("extended", [False, True])
def test_the_resources_of_a_batch_are_left_to_who_does_each_entry(extended):
    entries = [
        post({"resourceType": "Patient"}),
        post({"resourceType": "Patient", "gender": "banana"}),
        post("banana"),
    ]
    if extended:  # leaves the bundle itself to the slow pass
        entries[0]["request"]["_url"] = {"extension": [{"url": "u", "valueCode": "a"}]}
    found = decode_bundle(bundle("batch", *entries)).entries
    assert [json.loads(each.resource) for each in found] == [each["resource"] for each in entries]


def test_a_batch_that_is_itself_wrong_is_refused():
    entry = {**post({"resourceType": "Patient", "gender": "banana"}), "banana": 1}
    with pytest.raises(Invalid) as caught:
        decode_bundle(bundle("batch", entry))
    assert [i.expression for i in caught.value.issues] == ["Bundle.entry[0].banana"]


def test_a_repeated_property_of_an_entry_is_refused():
    raw = bundle("batch", post({"resourceType": "Patient"}))
    with pytest.raises(Invalid) as caught:
        decode_bundle(raw.replace(b'"url": "Patient"', b'"url": "Patient", "url": "Group"'))
    assert [i.expression for i in caught.value.issues] == ["Bundle.entry[0].request.url"]


def test_a_search_for_a_reference_is_taken_in_a_transaction():
    resource = {
        "resourceType": "Patient",
        "managingOrganization": {"reference": "Organization?a=b"},
    }
    assert len(decode_bundle(bundle("transaction", post(resource))).entries) == 1


def test_something_other_than_a_bundle_is_refused():
    with pytest.raises(Invalid) as caught:
        decode_bundle(b'{"resourceType":"Patient"}')
    assert caught.value.issues[0].code == "invalid"


def test_a_bundle_in_pretty_writing_is_the_same():
    raw = bundle("transaction", post({"resourceType": "Patient", "id": "a", "active": True}))
    pretty = json.dumps(json.loads(raw), indent=4).encode()
    assert decode_bundle(raw) == decode_bundle(pretty)
