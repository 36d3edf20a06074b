"""history of all types, newest first. https://hl7.org/fhir/R4/http.html#history"""

from egide.api.rest.call import Call
from egide.api.rest.history_type import changes
from egide.http import Response


async def history_system(call: Call) -> Response:
    """200 with a history Bundle; the next page behind an encrypted link."""
    return await changes(call, None)
