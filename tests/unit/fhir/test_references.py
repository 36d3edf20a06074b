"""Finding and replacing references in canonical bytes."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from egide.clock import system_clock
from egide.fhir import Replacements, decode, encode, parse, reference_strings, replace_references
from egide.fhir.references import has_conditional, is_conditional

OLD = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
NEW = "Patient/1"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def canonical(**elements):
    body = json.dumps({"resourceType": "Basic", "code": {"text": "a"}, **elements})
    return encode(decode(body.encode()), id="b", version=1, updated=system_clock())


def test_references_are_listed_in_order_with_repetitions():
    body = canonical(
        subject={"reference": "Patient/2"},
        author={"reference": "Patient/1"},
        extension=[{"url": "u", "valueReference": {"reference": "Patient/2"}}],
    )
    assert reference_strings(body) == ["Patient/2", "Patient/2", "Patient/1"]


def test_an_escaped_reference_is_listed_as_it_reads():
    body = canonical(
        subject={"reference": 'urn:x:"y'}, text={"status": "empty", "div": DIV.format("a")}
    )
    assert reference_strings(body) == ['urn:x:"y']


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(['"reference":"', "\\", '"', "reference", ":", OLD, "é", ","]), max_size=8
    ).map("".join)
)
@example('"reference":"' + OLD + '"')
@example('","reference":"' + OLD)
@example('\\"reference":"' + OLD)
def test_a_string_never_looks_like_a_reference(text):
    body = canonical(
        extension=[{"url": "u", "valueString": text or "a"}], subject={"reference": OLD}
    )
    assert reference_strings(body) == [OLD]
    after = parse(replace_references(body, {OLD: NEW}))
    assert after["extension"][0]["valueString"] == (text or "a")
    assert after["subject"]["reference"] == NEW


@pytest.mark.parametrize(
    "elements",
    [
        {"subject": {"reference": OLD}},
        {"extension": [{"url": OLD, "valueCode": "a"}]},
        {"extension": [{"url": "u", "valueUri": OLD}]},
        {"extension": [{"url": "u", "valueUrl": OLD}]},
        {"extension": [{"url": "u", "valueUuid": OLD}]},
        {"extension": [{"url": "u", "valueCanonical": OLD}]},
        {"extension": [{"url": "u", "valueAttachment": {"url": OLD}}]},
        {"text": {"status": "generated", "div": DIV.format(f'<a href="{OLD}">a</a>')}},
        {"text": {"status": "generated", "div": DIV.format(f"<img src='{OLD}'/>")}},
        {
            "text": {"status": "generated", "div": DIV.format('<p title="&quot;">a</p>')},
            "subject": {"reference": OLD},
        },
    ],
)
def test_a_whole_value_is_replaced_wherever_a_transaction_asks_for_it(elements):
    body = canonical(**elements)
    assert body.count(OLD.encode()) == 1
    assert replace_references(body, {OLD: NEW}) == body.replace(OLD.encode(), NEW.encode())


@pytest.mark.parametrize(
    "elements",
    [
        {"subject": {"reference": OLD + "0"}},
        {"subject": {"display": OLD}},
        {"identifier": [{"value": OLD}]},
        {"identifier": [{"system": OLD}]},
        {"extension": [{"url": "u", "valueString": OLD}]},
        {"text": {"status": "generated", "div": DIV.format(OLD)}},
        {"extension": [{"url": "u", "valueString": f'<div><a href="{OLD}">a</a></div>'}]},
        {"text": {"status": "generated", "div": DIV.format(f'<p title="{OLD}">a</p>')}},
    ],
)
def test_other_strings_are_left_alone(elements):
    body = canonical(**elements)
    assert replace_references(body, {OLD: NEW}) == body


def test_a_search_is_replaced_like_any_other_value():
    search = 'Patient?name="é'
    raw = json.dumps(
        {"resourceType": "Basic", "code": {"text": "a"}, "subject": {"reference": search}}
    )
    resource = decode(raw.encode(), conditional=True)
    body = encode(resource, id="b", version=1, updated=system_clock())
    assert has_conditional(body)
    assert parse(replace_references(body, {search: NEW}))["subject"] == {"reference": NEW}


def test_nothing_is_replaced_by_an_empty_mapping():
    body = canonical(subject={"reference": OLD})
    assert replace_references(body, {}) is body
    assert Replacements({"urn:other": NEW}).apply(body) == body


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("Patient?a=b", True), ("Patient/1", False), ("http://a/Patient?a=b", False), ("#?", False)],
)
def test_a_search_is_told_from_other_references(reference, expected):
    assert is_conditional(reference) is expected
