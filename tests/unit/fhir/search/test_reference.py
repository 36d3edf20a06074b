"""Reference searches: ids, types, addresses, versions, canonicals, identifiers."""

from collections.abc import Callable
from typing import Any

import pytest

from egide.errors import Incorrect, Unsupported
from egide.fhir.search import Context, parse
from egide.fhir.search.literal import local_target

Ask = Callable[[dict[str, Any], str, str], bool]


def about(reference: str | None, **more: Any) -> dict[str, Any]:
    subject = {"reference": reference, **more} if reference else more
    return {"resourceType": "Observation", "subject": subject}


@pytest.mark.parametrize(
    ("name", "value", "reference", "expected"),
    [
        ("subject", "Patient/1", "Patient/1", True),
        ("subject", "Patient/1", "Patient/11", False),
        ("subject", "Patient/1", "Group/1", False),
        ("subject", "1", "Patient/1", True),
        ("subject", "1", "Group/1", True),
        ("subject", "1", "Practitioner/1", False),
        ("subject:Patient", "1", "Patient/1", True),
        ("subject:Patient", "1", "Group/1", False),
        ("subject:Patient", "Patient/1", "Patient/1", True),
        ("patient", "1", "Patient/1", True),
        ("patient", "1", "Group/1", False),
        ("patient", "Patient/1", "Patient/1", True),
        ("subject", "2,Patient/1", "Patient/1", True),
        # The own address, on either side.
        ("subject", "https://chu.example/fhir/Patient/1", "Patient/1", True),
        ("subject", "Patient/1", "https://chu.example/fhir/Patient/1", True),
        ("patient", "1", "https://chu.example/fhir/Patient/1", True),
        ("subject", "Patient/1", "https://other.example/fhir/Patient/1", False),
        (
            "subject",
            "https://other.example/fhir/Patient/1",
            "https://other.example/fhir/Patient/1",
            True,
        ),
        ("subject", "https://other.example/fhir/Patient/1", "Patient/1", False),
        # Versions.
        ("subject", "Patient/1", "Patient/1/_history/3", True),
        ("subject", "Patient/1/_history/3", "Patient/1/_history/3", True),
        ("subject", "Patient/1/_history/3", "Patient/1/_history/4", False),
        ("subject", "Patient/1/_history/3", "Patient/1", False),
        # What is no address of a resource is compared as it is.
        ("subject", "urn:uuid:7c0f7c3e", "urn:uuid:7c0f7c3e", True),
        ("subject", "#p", "#p", True),
        ("subject", "1", "#1", False),
    ],
)
def test_a_reference_is_found(
    ask: Ask, name: str, value: str, reference: str, expected: bool
) -> None:
    assert ask(about(reference), name, value) is expected


def test_an_identifier_is_found_where_there_is_no_literal(ask: Ask) -> None:
    said = {"identifier": {"system": "urn:ipp", "value": "A1"}}
    assert ask(about(None, **said), "subject:identifier", "urn:ipp|A1")
    assert ask(about(None, **said), "subject:identifier", "A1")
    assert ask(about(None, **said), "subject:identifier", "urn:ipp|")
    assert not ask(about(None, **said), "subject:identifier", "|A1")
    assert not ask(about(None, **said), "subject:identifier", "a1")
    assert not ask(about(None, **said), "subject", "A1")
    assert ask(about(None, **said), "subject:missing", "false")


def test_a_contained_patient_is_told_from_a_contained_group(ask: Ask) -> None:
    inside = {"contained": [{"resourceType": "Group", "id": "g"}]}
    assert ask({**about("#g"), **inside}, "patient:missing", "true")
    assert ask({**about("#g"), **inside}, "subject:missing", "false")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("instantiates-canonical", "http://x.example/plan", True),
        ("instantiates-canonical", "http://x.example/plan|1.2", True),
        ("instantiates-canonical", "http://x.example/plan|1.3", False),
        ("instantiates-canonical", "http://x.example/pla", False),
        ("instantiates-canonical:below", "http://x.example/plan", True),
        ("instantiates-canonical:below", "http://x.example/plan|1", True),
        ("instantiates-canonical:below", "http://x.example/plan|2", False),
    ],
)
def test_a_canonical_is_found_with_and_without_its_version(
    ask: Ask, name: str, value: str, expected: bool
) -> None:
    plan = {"resourceType": "CarePlan", "instantiatesCanonical": ["http://x.example/plan|1.2"]}
    assert ask(plan, name, value) is expected


def test_a_resource_inside_a_bundle_is_found(ask: Ask) -> None:
    entry = [{"resource": {"resourceType": "Composition", "id": "c"}}]
    bundle = {"resourceType": "Bundle", "entry": entry}
    assert ask(bundle, "composition", "Composition/c")
    assert not ask(bundle, "composition", "Composition/d")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "Nonsense/1"),
        ("subject", "a b"),
        ("subject", "Patient/1/more"),
        ("subject:Patient", "Group/1"),
        ("subject:Practitioner", "1"),
        ("subject:nonsense", "1"),
    ],
)
def test_what_is_no_reference_is_refused(name: str, value: str, paris: Context) -> None:
    with pytest.raises(Incorrect, match=f"^{name}: "):
        parse("Observation", [(name, value)], paris)


def test_a_hierarchy_is_not_searched(paris: Context) -> None:
    for name in ("subject:below", "subject:above"):
        with pytest.raises(Unsupported):
            parse("Observation", [(name, "1")], paris)


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("Patient/1", "Patient/1"),
        ("Patient/1/_history/2", "Patient/1"),
        ("https://chu.example/fhir/Patient/1", "Patient/1"),
        ("https://chu.example/fhir/Patient/1/_history/2", "Patient/1"),
        ("https://chu.example/Patient/1", None),
        ("https://chu.example/fhir/more/Patient/1", None),
        ("http://chu.example/fhir/Patient/1", None),
        ("Nonsense/1", None),
        ("Patient/", None),
        ("Patient", None),
        ("Patient?identifier=1", None),
        ("Patient/1/2", None),
        ("#1", None),
        ("urn:uuid:7c0f7c3e-0000-4000-8000-000000000000", None),
        ("", None),
    ],
)
def test_a_literal_points_here_or_it_does_not(reference: str, target: str | None) -> None:
    assert local_target(reference, {"https://chu.example/fhir/"}) == target
