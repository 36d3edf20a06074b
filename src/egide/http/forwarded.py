"""Where a request came from, when proxies we were told of passed it on.

`X-Forwarded-For` is believed from nobody else, and only as far as those proxies wrote it: each puts
the address it was spoken to from at the end, so what stands before the first address that is no
proxy's was written by a stranger. https://www.rfc-editor.org/rfc/rfc7239#section-8.1
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from egide.settings import Network


@lru_cache(maxsize=4096)
def origin_of(peer: str, forwarded: bytes, proxies: Sequence[Network]) -> str:
    """The address nearest to us that is no proxy's, `peer` being who speaks to us.

    The proxy's own when it forwarded nothing that is an address.
    """
    address = peer
    for piece in reversed(forwarded.decode("latin-1").split(",")):
        if not among(address, proxies):
            break
        try:
            address = str(ip_address(piece.strip()))
        except ValueError:
            break
    return address


def among(address: str, networks: Sequence[Network]) -> bool:
    """Whether `address` is in one of `networks`; what is no address is in none."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)
