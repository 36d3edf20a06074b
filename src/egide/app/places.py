"""Where requests may go whose address others chose: https, to the public Internet and to what the
operator allows.

The name is resolved once, and the connection goes to the very address that was looked at: a name
that means another place a moment later leads nowhere (DNS rebinding).

Invariants (tests/integration/smart/test_key_sets.py): an address inside is not connected to
(test_no_place_inside_is_asked), nor one of a name that has others too
(test_a_name_that_also_means_a_place_inside_is_not_asked).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx2

from egide.accounts.federation import Unreachable
from egide.settings import Network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The network addresses of a host's name. Raises OSError."""

_WRAPPING: tuple[Network, ...] = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96"))
)
"""IPv6 addresses that stand for an IPv4 one, which could be anywhere."""

_GLOBAL = ip_network("2000::/3")
"""The only IPv6 addresses of the public Internet: what lies elsewhere is of a site, or of nobody.
https://www.iana.org/assignments/ipv6-address-space"""

_SPECIAL: tuple[Network, ...] = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20"))
)
"""Protocol assignments, the nearest 6to4 relay and examples, which `is_global` lets through.
https://www.iana.org/assignments/iana-ipv4-special-registry"""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A request's address, with the place it means: `url` has the network address in it, `host` and
    `name` are what the other end and its certificate are called."""

    url: httpx2.URL
    host: str
    name: str


async def resolve(name: str, port: int) -> Sequence[str]:
    """What this machine knows a name by."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclass(frozen=True, slots=True)
class Places:
    """The places that may be asked: public ones, and those in `allowed`."""

    allowed: tuple[Network, ...] = ()
    resolve: Resolve = resolve

    async def pinned(self, address: str) -> Pinned:
        """The one place `address` means. Raises Unreachable when it may not be asked."""
        try:
            url = httpx2.URL(address)
        except httpx2.InvalidURL:
            raise Unreachable("not-allowed") from None
        if url.scheme != "https" or not url.host or url.userinfo:
            raise Unreachable("not-allowed")
        try:
            found = [ip_address(each) for each in await self.resolve(url.host, url.port or 443)]
        except (OSError, ValueError, UnicodeError):
            raise Unreachable("network") from None
        if not found or not all(map(self.may_be_asked, found)):
            raise Unreachable("not-allowed")
        host, name = url.netloc.decode("ascii"), url.raw_host.decode("ascii")
        return Pinned(url.copy_with(host=str(found[0])), host, name)

    def may_be_asked(self, address: Address) -> bool:
        """Whether a network address is public, or allowed."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in each for each in self.allowed):
            return True
        if any(address in each for each in (*_WRAPPING, *_SPECIAL)):
            return False
        if isinstance(address, IPv6Address) and address not in _GLOBAL:
            return False
        return address.is_global and not address.is_multicast and not address.is_reserved
