"""Transaction bundles: the hospital's first, then one a patient, each loadable twice.

Every entry is a PUT under the resource's own id: https://hl7.org/fhir/R4/http.html#transaction.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from egide.synthetic.draw import Draw
from egide.synthetic.element import Json
from egide.synthetic.establishment import establishment
from egide.synthetic.history import live
from egide.synthetic.patient import person

UNTIL = date(2026, 9, 1)
"""The day synthetic histories end when no other is asked for."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def bundles(seed: int, patients: int, *, until: date = UNTIL) -> Iterator[Json]:
    """A hospital's bundle, then `patients` bundles of one patient each (about 100 resources).

    Values are plain JSON but for numbers with decimals, which are `Decimal`: `encode` writes them
    digit for digit. A bundle refers only to itself and to the first one.
    """
    home = establishment(Draw(f"egide {seed} establishment"))
    yield _transaction(home.resources)
    for number in range(patients):
        draw = Draw(f"egide {seed} patient {number}")
        made = person(draw, home, until)
        live(made, draw, until)
        yield _transaction(made.resources)


def encode(bundle: Json) -> bytes:
    """The bundle as JSON."""
    return _ENCODER.encode(bundle)


def _transaction(resources: Iterable[Json]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{resource['id']}",
                "resource": resource,
                "request": {
                    "method": "PUT",
                    "url": f"{resource['resourceType']}/{resource['id']}",
                },
            }
            for resource in resources
        ],
    }
