"""search within a compartment, by GET or by POST `_search`: what belongs to one resource.

https://hl7.org/fhir/R4/http.html#search, https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from egide.api.rest.call import Call
from egide.api.rest.search_type import search
from egide.errors import NotFound
from egide.fhir.definitions import TYPES
from egide.http import Response
from egide.record import Compartment

ALL = "*"
"""In place of a type: of all types that can belong there."""

_TYPES = frozenset(TYPES)


async def search_compartment(call: Call, name: str, id: str, member: str) -> Response:
    """200 with a searchset of what belongs to `name`/`id`; 404 when that is not there."""
    if member != ALL and member not in _TYPES:
        raise NotFound("there is nothing under this address")
    return await search(call, None if member == ALL else member, Compartment(name, id))
