"""Who a synthetic person is: traits, national test identifier, addresses, telephones.

The INS is of the test authority (OID 1.2.250.1.213.1.4.10) with a valid key; its order number is
one that births of one month in one commune do not reach. Telephone numbers are of the ranges kept
for works of fiction.
"""

from datetime import date
from typing import NamedTuple

from egide.synthetic.draw import Draw
from egide.synthetic.element import Json, identifier_type
from egide.synthetic.lists import (
    BIRTHPLACES,
    FAMILY,
    GIVEN_FEMALE,
    GIVEN_MALE,
    STREETS,
    TOWNS,
)

INS_TEST = "urn:oid:1.2.250.1.213.1.4.10"


class Traits(NamedTuple):
    """The strict traits of an identity."""

    family: str
    given: tuple[str, ...]
    female: bool
    born: date
    commune: str
    insee: str

    @property
    def gender(self) -> str:
        """As AdministrativeGender."""
        return "female" if self.female else "male"


def traits(draw: Draw, born: date, family: str | None = None) -> Traits:
    """Somebody born on `born`, drawn."""
    female = draw.chance(0.51)
    commune, insee = draw.pick(BIRTHPLACES)
    given = draw.some(GIVEN_FEMALE if female else GIVEN_MALE, draw.whole(1, 3))
    name = family or draw.pick(FAMILY).replace("-", " ")
    return Traits(name, tuple(given), female, born, commune, insee)


def nir(who: Traits, order: int) -> str:
    """The 13 digits and 2 of key of a national number; `order` has three digits."""
    month = f"{who.born.year % 100:02d}{who.born.month:02d}"
    number = f"{2 if who.female else 1}{month}{who.insee}{order:03d}"
    return f"{number}{97 - int(number) % 97:02d}"


def ins(who: Traits, draw: Draw) -> Json:
    """The Identifier of the test authority."""
    return {
        "use": "official",
        "type": identifier_type("INS-NIR-TEST"),
        "system": INS_TEST,
        "value": nir(who, draw.whole(950, 999)),
    }


def mobile(draw: Draw) -> Json:
    """A ContactPoint: a mobile telephone number kept for fiction."""
    number = draw.digits(4)
    return {"system": "phone", "value": f"06 39 98 {number[:2]} {number[2:]}", "use": "mobile"}


def landline(draw: Draw, use: str = "home") -> Json:
    """A ContactPoint: a telephone number kept for fiction."""
    number = draw.digits(4)
    start = draw.pick(("01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49"))
    return {"system": "phone", "value": f"{start} {number[:2]} {number[2:]}", "use": use}


def address(draw: Draw, use: str = "home") -> Json:
    """An invented Address."""
    line = f"{draw.whole(1, 180)} {draw.pick(STREETS)}"
    town, postal = draw.pick(TOWNS)
    return {
        "use": use,
        "type": "both",
        "line": [line],
        "city": town,
        "postalCode": postal,
        "country": "FR",
    }
