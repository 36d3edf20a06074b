"""search of several types, by GET or by POST `_search`. https://hl7.org/fhir/R4/http.html#search"""

from egide.api.rest.call import Call
from egide.api.rest.search_type import search
from egide.http import Response


async def search_system(call: Call) -> Response:
    """200 with a searchset of the types in `_type`, or of all the caller may search."""
    return await search(call, None)
