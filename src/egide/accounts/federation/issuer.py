"""An issuer of identities as data: where it is, what is asked of it, what its word is worth.

OpenID Connect Core 1.0: https://openid.net/specs/openid-connect-core-1_0.html. Nothing of an issuer
is in code: Pro Santé Connect and FranceConnect are entries of a file
(docs/guides/federation.md shows them).
"""

import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from egide.accounts.federation.identity import Kind

SIGNATURES = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
"""What an issuer may sign with. Nothing symmetric: its public keys are no secrets."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_ROLE = re.compile(r"[a-z][a-z-]{1,30}")
_HOST = re.compile(r"[a-z0-9.-]{1,253}(:[0-9]{1,5})?")
_FINESS = re.compile(r"[0-9AB]{9}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of authentication the issuer can state, and how many factors it counts for here."""

    acr: str
    assurance: Literal[1, 2]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles of the exercise situations that meet every condition; an empty one is met by all.

    A condition lists codes, as in `Situation`. Raises ValueError without a role or a condition:
    a rule for everybody is a mistake.
    """

    roles: tuple[str, ...]
    profession: frozenset[str] = frozenset()
    category: frozenset[str] = frozenset()
    specialty: frozenset[str] = frozenset()
    mode: frozenset[str] = frozenset()
    sector: frozenset[str] = frozenset()
    finess: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.roles or not all(_ROLE.fullmatch(role) for role in self.roles):
            raise ValueError("a rule gives at least one role, by its name")
        if not (
            self.profession
            or self.category
            or self.specialty
            or self.mode
            or self.sector
            or self.finess
        ):
            raise ValueError("a rule has at least one condition")


class Authentication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How we prove ourselves to the token endpoint; `file` holds the secret or the private key.

    `file` is mode 0600, beside the configuration when relative. `algorithm` and `key_id` are for
    private_key_jwt (RFC 7523); without `key_id` the key's thumbprint (RFC 7638) names it.
    """

    method: Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
    file: str
    algorithm: str = "ES256"
    key_id: str = ""

    def __post_init__(self) -> None:
        if self.algorithm not in SIGNATURES:
            raise ValueError("the algorithm of private_key_jwt is none we sign with")


class Encryption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the issuer encrypts its tokens and userinfo to us; `file` holds our private key."""

    file: str
    algorithm: Literal[
        "RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"
    ] = "ECDH-ES"
    content: Literal["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"] = "A256GCM"


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One issuer. `issuer` is its identifier, an https address (http on loopback only).

    `encryption`, when there is one, is asked of id tokens and of signed userinfo.
    `discovery` is the path below it of its metadata; `hosts` are other hosts its endpoints may be
    on. `ask` is sent as `acr_values`; `levels` go from weakest to strongest, and one at least as
    strong as `ask` must be answered. `algorithms` are those it may sign with. `max_age`, in
    seconds, asks for an authentication not older. `establishments` maps FINESS numbers to ids of
    Organization resources. Raises ValueError, naming the field, for what cannot be.
    """

    name: str
    title: str
    kind: Kind
    issuer: str
    client_id: str
    authentication: Authentication
    ask: str
    levels: tuple[Level, ...]
    algorithms: tuple[str, ...]
    userinfo: Literal["signed", "plain"]
    discovery: str = ".well-known/openid-configuration"
    hosts: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ("openid",)
    max_age: int | None = None
    roles: tuple[Rule, ...] = ()
    establishments: dict[str, str] = {}
    logout: bool = True
    encryption: Encryption | None = None

    def __post_init__(self) -> None:
        for holds, field in (
            (_NAME.fullmatch(self.name), "name"),
            (0 < len(self.title) <= 100 and self.title.isprintable(), "title"),
            (is_secure(self.issuer) and not urlsplit(self.issuer).query, "issuer"),
            (0 < len(self.client_id) <= 200 and self.client_id.isprintable(), "client_id"),
            (self.ask in [level.acr for level in self.levels], "ask"),
            (len({level.acr for level in self.levels}) == len(self.levels), "levels"),
            (self.algorithms and set(self.algorithms) <= SIGNATURES, "algorithms"),
            (re.fullmatch(r"[\w.-]+(/[\w.-]+)*", self.discovery), "discovery"),
            (all(_HOST.fullmatch(host) for host in self.hosts), "hosts"),
            ("openid" in self.scopes, "scopes"),
            (self.max_age is None or self.max_age >= 0, "max_age"),
            (self.kind == "professional" or not self.roles, "roles"),
            (self.encryption is None or self.userinfo == "signed", "encryption"),
            (all(_FINESS.fullmatch(each) for each in self.establishments), "establishments"),
        ):
            if not holds:
                raise ValueError(f"{field} of an issuer is not as it must be")

    @property
    def discovery_address(self) -> str:
        """Where the issuer's metadata are."""
        return f"{self.issuer.rstrip('/')}/{self.discovery}"

    def allows(self, address: str) -> bool:
        """Whether an endpoint may be there: https, and on the issuer's host or a listed one."""
        return is_secure(address) and (
            _host(address) == _host(self.issuer) or _host(address) in self.hosts
        )

    def assurance(self, acr: str) -> int | None:
        """The factors `acr` counts for; None when it is unknown or weaker than what was asked."""
        order = [level.acr for level in self.levels]
        if acr not in order or order.index(acr) < order.index(self.ask):
            return None
        return self.levels[order.index(acr)].assurance


def is_secure(address: str) -> bool:
    """Whether `address` is https, or http on loopback: absolute, no user, no fragment."""
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or "#" in address:
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _host(address: str) -> str:
    """Host and port as the address has them; the port https has anyway is left out."""
    return urlsplit(address).netloc.lower().removesuffix(":443")
