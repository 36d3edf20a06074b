"""Near: what is within a distance of a place. https://hl7.org/fhir/R4/location.html#search

`48.8566|2.3522|5|km` is a latitude, a longitude (WGS 84), a distance and its UCUM unit, kilometres
when there is none. Distances are great circles of a sphere as large as the Earth, up to 0.6 % off
those of the ellipsoid. Where the distance is left out, R4 lets the server say what is near.
"""

import math
import re
from decimal import Decimal
from typing import NamedTuple

from egide.fhir.search.escape import plain, split
from egide.fhir.search.expression import Json
from egide.fhir.search.parameter import Context, Parameter, Test
from egide.fhir.search.refusal import wrong

USUAL = 10_000.0
"""Metres that are near when nobody says how far."""

_RADIUS = 6_371_008.8
"""Metres; the mean radius of the Earth."""
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?")
_DISTANCE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,20})?")
_METRES = {"km": Decimal(1_000), "m": Decimal(1)}


class Near(NamedTuple):
    """A place searched around: degrees, and how many metres away is near."""

    latitude: float
    longitude: float
    metres: float


def parse_near(name: str, text: str, context: Context) -> Near:
    """The place and the distance in `text`. Raises Incorrect, naming the parameter `name`."""
    parts = [plain(part, name) for part in split(text, "|")]
    if not 2 <= len(parts) <= 4:
        raise wrong(name, "is latitude|longitude, or with |distance, or with |distance|unit")
    latitude, longitude = _degrees(name, parts[0], 90), _degrees(name, parts[1], 180)
    distance, unit = (*parts[2:], "", "")[:2]
    if not distance:
        return Near(latitude, longitude, USUAL)
    if not _DISTANCE.fullmatch(distance):
        raise wrong(name, "a distance is written as 5 or 0.5")
    return Near(latitude, longitude, _metres(name, Decimal(distance), unit or "km", context))


def near_test(parameter: Parameter, values: tuple[Near, ...]) -> Test:
    """Is the position of the resource near any of `values`? One that is nowhere on Earth is not."""

    def test(focus: Json, resource: Json) -> bool:
        for _, position in parameter.values(focus, resource):
            here = position.get("latitude"), position.get("longitude")
            if None in here or abs(here[0]) > 90 or abs(here[1]) > 180:
                continue
            if any(
                metres(value, float(here[0]), float(here[1])) <= value.metres for value in values
            ):
                return True
        return False

    return test


def metres(place: Near, latitude: float, longitude: float) -> float:
    """How far a point is from a place, along the sphere (haversine)."""
    north, east = math.radians(latitude - place.latitude), math.radians(longitude - place.longitude)
    cosines = math.cos(math.radians(place.latitude)) * math.cos(math.radians(latitude))
    square = math.sin(north / 2) ** 2 + cosines * math.sin(east / 2) ** 2
    return 2 * _RADIUS * math.asin(math.sqrt(min(square, 1.0)))


def _degrees(name: str, text: str, most: int) -> float:
    if not _DEGREES.fullmatch(text) or abs(Decimal(text)) > most:
        raise wrong(name, "is a latitude from -90 to 90, then a longitude from -180 to 180")
    return float(text)


def _metres(name: str, distance: Decimal, unit: str, context: Context) -> float:
    if unit in _METRES:
        return float(distance * _METRES[unit])
    found = context.convert(distance, unit, "m") if context.convert else None
    if found is None:
        raise wrong(name, "the unit of the distance is a UCUM unit of length, as km or m")
    return float(found)
