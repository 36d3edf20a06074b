"""capabilities: what this server can do, told to anyone.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from egide.api.rest.capabilities import capabilities
from egide.api.smart.configuration import Offer
from egide.http import Request, Response


async def metadata(
    request: Request, base: str, media: bytes, pretty: bool, offer: Offer
) -> Response:
    """200 with the CapabilityStatement; needs no access token."""
    return Response(200, capabilities(base, pretty=pretty, offer=offer), [], media)
