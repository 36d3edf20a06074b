"""Which network zone a request came from: the one place that says so, and no client can.

Invariants, tested in tests/unit/http/test_zone.py: what a client writes never brings it inside, and
what cannot be told is outside.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from egide.actor import Zone
from egide.http.forwarded import among
from egide.settings import Network

_PASSED_ON = (b"x-forwarded-for", b"forwarded")


def zone_of(
    peer: str,
    origin: str,
    headers: Mapping[bytes, bytes],
    networks: Sequence[Network],
    proxies: Sequence[Network],
) -> Zone:
    """`inside` when `origin` is in `networks`, the establishment's own.

    `peer` is who speaks to us, `origin` for whom (`origin_of`). Where that is a proxy, or somebody
    who is none of `proxies` says that he forwards, nobody knows whose the request is: outside.
    """
    if _known(origin, networks, proxies) and (
        peer != origin or not any(name in headers for name in _PASSED_ON)
    ):
        return "inside"
    return "outside"


@lru_cache(maxsize=4096)
def _known(origin: str, networks: Sequence[Network], proxies: Sequence[Network]) -> bool:
    return among(origin, networks) and not among(origin, proxies)
