"""Which formats go in and out."""

import pytest

from egide.http.negotiation import FHIR_JSON, PLAIN_JSON, check_body, language, media_type, written
from egide.http.refusals import MediaTypeUnsupported, NotAcceptable


@pytest.mark.parametrize(
    "accept",
    [
        b"application/fhir+xml",
        b"text/html",
        b"text/turtle, application/xml;q=0.5",
        b"application/fhir+json;q=0",
        b"*/*;q=0",
        b"application/fhir+json;q=0, application/json;q=0, */*;q=1",
        b"application/fhir+json;fhirVersion=3.0",
        b"application/fhir+json;fhirVersion=5.0",
        b"",
        b"garbage",
        b"application/fhir+json;q=2",
        b"application/fhir+json;q=nan",
    ],
)
def test_formats_nobody_writes_are_not_acceptable(accept: bytes) -> None:
    with pytest.raises(NotAcceptable) as caught:
        written(accept)
    assert caught.value.status == 406
    assert "application/fhir+json" in caught.value.message


@pytest.mark.parametrize(
    "format",
    ["xml", "text/xml", "application/fhir+xml", "html", "ttl", "jsonp", "application/fhir+json; "
     "fhirVersion=3.0", "x" * 10_000],
)  # fmt: skip
def test_a_format_parameter_nobody_writes_is_not_acceptable(format: str) -> None:
    with pytest.raises(NotAcceptable):
        written(b"application/fhir+json", format)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, FHIR_JSON),
        (b"*/*", FHIR_JSON),
        (b"application/*", FHIR_JSON),
        (b"application/fhir+json", FHIR_JSON),
        (b"APPLICATION/FHIR+JSON", FHIR_JSON),
        (b"application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        (b'application/fhir+json;fhirversion="4.0"', FHIR_JSON),
        (b"application/json", PLAIN_JSON),
        (b"application/json, application/fhir+json", FHIR_JSON),
        (b"application/json, application/fhir+json;q=0.9", PLAIN_JSON),
        (b"application/fhir+xml, application/fhir+json;q=0.1", FHIR_JSON),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", FHIR_JSON),
        (b"application/json;q=0.5, */*;q=0.1", PLAIN_JSON),
        (b"application/fhir+json;q=0, application/json", PLAIN_JSON),
        (b"application/fhir+json;q=0, */*", PLAIN_JSON),
    ],
)
def test_accept_chooses_by_quality_and_the_most_specific_range(
    accept: bytes | None, expected: bytes
) -> None:
    assert written(accept) == expected


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("json", FHIR_JSON),
        ("JSON", FHIR_JSON),
        ("text/json", FHIR_JSON),
        ("application/fhir+json", FHIR_JSON),
        ("application/fhir json", FHIR_JSON),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        ("application/json", PLAIN_JSON),
    ],
)
def test_the_format_parameter_wins_over_accept(format: str, expected: bytes) -> None:
    assert written(b"text/html", format) == expected


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"text/plain",
        b"application/xml",
        b"application/fhir+xml",
        b"application/x-www-form-urlencoded",
        b"application/json; charset=iso-8859-1",
        b"application/fhir+json; fhirVersion=3.0",
        b"application/json garbage",
        b"application/json; charset",
        b"application/json" + b";a=b" * 100,
    ],
)
def test_a_body_in_another_format_is_refused(content_type: bytes | None) -> None:
    with pytest.raises(MediaTypeUnsupported) as caught:
        check_body(content_type)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/fhir+json",
        b"application/json",
        b"Application/FHIR+JSON; Charset=UTF-8",
        b'application/fhir+json;charset="utf-8";fhirVersion=4.0',
        b"application/json ; charset=utf-8 ",
    ],
)
def test_a_body_in_json_is_taken(content_type: bytes) -> None:
    check_body(content_type)


def test_a_door_may_take_other_types() -> None:
    form = frozenset({"application/x-www-form-urlencoded"})
    check_body(b"application/x-www-form-urlencoded", form)
    with pytest.raises(MediaTypeUnsupported):
        check_body(b"application/json", form)


@pytest.mark.parametrize("text", ["", "a", "a/", "/b", "a/b;", "a/b; c", "a/b;c=d e", "a b/c"])
def test_what_is_no_media_type_is_none(text: str) -> None:
    assert media_type(text) is None


@pytest.mark.parametrize(
    ("accept_language", "expected"),
    [
        (None, "en"),
        (b"", "en"),
        (b"de", "en"),
        (b"fr", "fr"),
        (b"fr-FR", "fr"),
        (b"fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        (b"en-GB,en;q=0.9,fr;q=0.8", "en"),
        (b"en;q=0.1, FR", "fr"),
        (b"fr;q=0", "en"),
        (b"fr;q=nonsense", "en"),
        (b"\xff\xfe", "en"),
    ],
)
def test_errors_are_said_in_the_language_preferred(
    accept_language: bytes | None, expected: str
) -> None:
    assert language(accept_language) == expected
