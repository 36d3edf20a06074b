"""URI searches: the whole address, what lies under it, what it lies under, its version."""

from collections.abc import Callable
from typing import Any

import pytest

from egide.errors import Incorrect
from egide.fhir.search import Context, parse

Ask = Callable[[dict[str, Any], str, str], bool]

SET = {"resourceType": "ValueSet", "url": "http://acme.example/fhir/ValueSet/123", "version": "2.0"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("url", "http://acme.example/fhir/ValueSet/123", True),
        ("url", "http://acme.example/fhir/ValueSet/12", False),
        ("url", "http://ACME.example/fhir/ValueSet/123", False),
        ("url", "http://acme.example/fhir/ValueSet/123|2.0", True),
        ("url", "http://acme.example/fhir/ValueSet/123|2.1", False),
        ("url", "urn:oid:1.2,http://acme.example/fhir/ValueSet/123", True),
        ("url:below", "http://acme.example/fhir/", True),
        ("url:below", "http://acme.example/other/", False),
        ("url:above", "http://acme.example/fhir/ValueSet/123/_history/5", True),
        ("url:above", "http://acme.example/fhir/ValueSet/123", True),
        ("url:above", "http://acme.example/fhir/ValueSet/1234", False),
        ("url:missing", "false", True),
    ],
)
def test_a_url_is_found(ask: Ask, name: str, value: str, expected: bool) -> None:
    assert ask(SET, name, value) is expected


def test_a_profile_is_found_in_any_version_unless_one_is_asked_for(ask: Ask) -> None:
    labelled = {"resourceType": "Patient", "meta": {"profile": ["http://x.example/p|1.0"]}}
    assert ask(labelled, "_profile", "http://x.example/p")
    assert ask(labelled, "_profile", "http://x.example/p|1.0")
    assert not ask(labelled, "_profile", "http://x.example/p|1.1")


def test_urns_have_no_hierarchy(paris: Context) -> None:
    with pytest.raises(Incorrect, match=r"^url:below: "):
        parse("ValueSet", [("url:below", "urn:oid:1.2")], paris)
