"""Answers of OAuth's endpoints: JSON that nobody keeps, errors in the words of RFC 6749 §5.2."""

from collections.abc import Awaitable, Mapping, Sequence

import msgspec

from egide.api.smart.refusals import GrantRefused
from egide.http.negotiation import PLAIN_JSON
from egide.http.response import Header, Response

_KEPT_NOWHERE: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


def answer(status: int, said: Mapping[str, object], headers: Sequence[Header] = ()) -> Response:
    """`said` as JSON."""
    body = msgspec.json.encode(said)
    return Response(status, body, [*_KEPT_NOWHERE, *headers], PLAIN_JSON)


async def answering(work: Awaitable[Response]) -> Response:
    """What `work` answers, or its refusal."""
    try:
        return await work
    except GrantRefused as error:
        said = {"error": error.error, "error_description": error.message}
        return answer(error.status, said, error.headers)
