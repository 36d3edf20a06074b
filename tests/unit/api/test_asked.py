"""Every address of the FHIR door can be explained, and nothing else."""

from collections.abc import Iterator

import pytest

from egide.api.rest import FHIR
from egide.api.rest.asked import asked_by
from egide.errors import Incorrect
from egide.http.routes import Answer, Route, Routes
from egide.record import Asked

VALUES = {"{type}": "Observation", "{id}": "o1", "{version}": "3", "{member}": "Condition"}


def addresses() -> Iterator[tuple[str, str, Answer]]:
    """Every method and address of the door, its variables filled in."""
    for route in FHIR:
        pieces = route.template.split("/")
        filled = "/".join(VALUES[each] if each.startswith("{") else each for each in pieces)
        for method in route.methods:
            yield method, filled, route.answer(method)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/Observation/o1"),
        ("GET", "Observation/o1"),
        ("GET", "/health/live"),
        ("BREW", "/fhir/Observation/o1"),
        ("PATCH", "/fhir"),
        ("GET", "/fhir/Unicorn"),
        ("GET", "/fhir/Unicorn/1"),
        ("GET", "/fhir/Observation/not an id"),
        ("GET", "/fhir/Observation/o%2F1"),
        ("GET", "/fhir/Observation/%zz"),
        ("GET", "/fhir/Observation/o1/x/y"),
        ("GET", "/fhir/Observation/o1/$everything"),
        ("GET", "/fhir/Observation/o1/_history/first"),
        ("GET", "/fhir/Observation/o1/_history/-1"),
        ("POST", "/fhir/Observation/o1/_history"),
        ("DELETE", "/fhir/Observation/o1/_history"),
        ("DELETE", "/fhir/Observation/o1/_history/3"),
        ("PUT", "/fhir/Observation/o1/$meta"),
        ("GET", "/fhir/Patient/p/$break-glass"),
        ("GET", "/fhir/$explain"),
        ("DELETE", "/fhir/$broken-glass"),
        ("GET", "http://[x/fhir/Observation/o1"),
    ],
)
def test_what_the_door_does_not_answer_cannot_be_explained(method: str, address: str) -> None:
    with pytest.raises(Incorrect):
        asked_by(FHIR, method, address)


def test_every_address_of_the_door_is_explained_by_its_interactions() -> None:
    found = list(addresses())
    assert len(found) > 20
    for method, address, answer in found:
        for form in (
            address,
            f"{address}?code=x",
            f"{address}/" if address != "/fhir" else address,
        ):
            asked = asked_by(FHIR, method.lower(), form)
            assert asked.interactions == answer.interactions, (method, address)
            named = address.split("/")[2:]
            about = asked.type if named and named[0][0] not in "$_m" else None
            within = len(named) > 2 and named[2] == "Condition"
            assert about == (named[2 if within else 0] if about else None)
            assert (asked.version == 3) == ("/_history/3" in address)
            assert (asked.id == "o1") == (not within and len(named) > 1 and named[1] == "o1")


@pytest.mark.parametrize(
    ("template", "address", "asked"),
    [
        ("/fhir/Patient/{id}/{type}", "/fhir/Patient/p/Observation", ("Observation", None)),
        ("/fhir/{type}/{id}/{member}", "/fhir/Patient/p/Observation", ("Observation", None)),
        ("/fhir/{type}/{id}/*", "/fhir/Patient/p/*", (None, None)),
        ("/fhir/Patient/{id}/$everything", "/fhir/Patient/p/$everything", ("Patient", "p")),
        ("/fhir/{type}/$validate", "/fhir/Patient/$validate", ("Patient", None)),
    ],
)
def test_a_compartment_is_searched_and_an_operation_is_on_what_it_names(
    template: str, address: str, asked: tuple[str | None, str | None]
) -> None:
    async def respond() -> None: ...

    table = Routes([Route(template, {"GET": Answer(respond, ("search",))})])  # type: ignore[arg-type]
    assert asked_by(table, "GET", address) == Asked(("search",), *asked)


def test_the_criterion_of_a_write_is_read_as_the_write_reads_it_and_no_other_query() -> None:
    query = "identifier=urn:x%7C1&code=a+b&_format=json&_pretty=true&code="
    wanted = (("identifier", "urn:x|1"), ("code", "a b"), ("code", ""))
    for method in ("PUT", "delete"):
        assert asked_by(FHIR, method, f"/fhir/Observation?{query}").criterion == wanted
        assert asked_by(FHIR, method, "/fhir/Observation").criterion == ()
        assert asked_by(FHIR, method, f"/fhir/Observation/o1?{query}").criterion is None
    for method in ("GET", "POST"):
        assert asked_by(FHIR, method, f"/fhir/Observation?{query}").criterion is None
    with pytest.raises(Incorrect):
        asked_by(FHIR, "PUT", "/fhir/Observation?code=%zz")


def test_nothing_is_asked_of_anybody_where_anyone_may() -> None:
    assert asked_by(FHIR, "GET", "/fhir/metadata") == Asked(())
