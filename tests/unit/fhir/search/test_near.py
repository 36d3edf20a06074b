"""Near a place: distances on the globe, units, and what is no place."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.errors import Incorrect, Unsupported
from egide.fhir.search import Context, matches, parse
from egide.fhir.search.near import Near, metres
from egide.fhir.units import conversion

PARIS = (Decimal("48.8566"), Decimal("2.3522"))
LYON = (Decimal("45.7640"), Decimal("4.8357"))


@pytest.fixture
def context(paris: Context) -> Context:
    return Context(paris.zone, paris.now, convert=conversion())


def at(latitude: Decimal | int, longitude: Decimal | int) -> dict[str, Any]:
    position = {"longitude": longitude, "latitude": latitude}
    return {"resourceType": "Location", "id": "a", "position": position}


def near(context: Context, resource: dict[str, Any], text: str, name: str = "near") -> bool:
    return matches(parse("Location", [(name, text)], context), resource)


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        (LYON, "48.8566|2.3522|390|km", False),
        (LYON, "48.8566|2.3522|393|km", True),
        (LYON, "48.8566|2.3522|393", True),
        (LYON, "48.8566|2.3522|393|", True),
        (LYON, "48.8566|2.3522|393|m", False),
        (LYON, "48.8566|2.3522|393000.0|m", True),
        (LYON, "48.8566|2.3522|243|[mi_i]", False),
        (LYON, "48.8566|2.3522|245|[mi_i]", True),
        (LYON, "48.8566|2.3522|0.393|Mm", True),
        (LYON, "48.8566|2.3522|1|km,45.76|4.83|1|km", True),
        (LYON, "2.3522|48.8566|393|km", False),
        (PARIS, "48.8566|2.3522|0|km", True),
        (PARIS, "48.8566|2.3522", True),
        (PARIS, "48.95|2.3522", False),
        (PARIS, "48.94|2.3522||", True),
        ((0, Decimal("179.9")), "0|-179.9|23|km", True),
        ((0, Decimal("179.9")), "0|-179.9|22|km", False),
        ((90, 0), "90|135|1|m", True),
        ((-90, 0), "90|0|20015|km", False),
        ((-90, 0), "90|0|20016|km", True),
        ((0, 0), "0|180|20016|km", True),
    ],
)
def test_what_is_no_farther_than_said_is_near(
    place: tuple[Decimal | int, Decimal | int], text: str, expected: bool, context: Context
) -> None:
    assert near(context, at(*place), text) is expected


@pytest.mark.parametrize(
    "place", [(91, 0), (0, 181), (Decimal("1e400"), 0), (0, Decimal("-1e4000"))]
)
def test_a_position_that_is_nowhere_on_earth_is_near_nothing(
    place: tuple[Decimal | int, Decimal | int], context: Context
) -> None:
    assert not near(context, at(*place), "0|0|99999|km")
    assert near(context, at(*place), "false", "near:missing")


def test_what_has_no_position_is_near_nothing(context: Context) -> None:
    nowhere = {"resourceType": "Location", "id": "a"}
    assert not near(context, nowhere, "0|0|99999|km")
    assert near(context, nowhere, "true", "near:missing")


@pytest.mark.parametrize(
    "text",
    [
        *("48.8566", "48|2|1|km|", "|2|1|km", "48||1|km", "x|2", "48|x", "nan|0", "48|2|x|km"),
        *("91|0", "-90.1|0", "0|181", "0|-180.01", "1e1|0", "48|2|-1|km", "48|2|1e9|km"),
        *("48|2|1|kg", "48|2|1|miles", "48|2|1|m2", "48,2", "48|2,", "٤|2", "48|2|inf|km"),
        "0" * 1_000 + "|0",
    ],
)
def test_what_is_no_place_or_no_distance_is_refused_by_name(text: str, context: Context) -> None:
    with pytest.raises(Incorrect, match="near"):
        parse("Location", [("near", text)], context)


def test_a_place_takes_no_modifier_and_no_order(context: Context) -> None:
    with pytest.raises(Unsupported):
        parse("Location", [("near:above", "48|2")], context)
    with pytest.raises(Unsupported, match="near"):
        parse("Location", [("_sort", "near")], context, supports=frozenset({"sort"}))


latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes)
def test_a_distance_is_that_of_the_angle_between_two_directions(
    north: float, east: float, other_north: float, other_east: float
) -> None:
    """The chord between the two points in space, told as an arc."""

    def direction(latitude: float, longitude: float) -> tuple[float, float, float]:
        up, round = math.radians(latitude), math.radians(longitude)
        flat = math.cos(up)
        return flat * math.cos(round), flat * math.sin(round), math.sin(up)

    chord = math.dist(direction(north, east), direction(other_north, other_east))
    arc = 2 * math.asin(min(chord / 2, 1.0)) * 6_371_008.8
    assert math.isclose(metres(Near(north, east, 0), other_north, other_east), arc, abs_tol=1.0)
