"""What this server can do, derived from what it does.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from functools import cache, lru_cache
from typing import Any

import msgspec

from egide import __version__
from egide.api.operations.definitions import OPERATIONS, definition
from egide.api.smart import introspection, revocation, token
from egide.api.smart.configuration import AUTHORIZE, REGISTER, Offer
from egide.fhir.definitions import TYPES, search_parameters
from egide.fhir.search.clause import MODIFIERS
from egide.fhir.search.parameter import parameter
from egide.fhir.search.words import TEXTUAL
from egide.record import compartments

_INTERACTIONS = (
    "read",
    "vread",
    "update",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
_OF_SYSTEM = ("transaction", "batch", "history-system", "search-system")
_OF_ALL = ("_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_content")
"""Parameters every type has, by which a search of all types may be asked."""
_LIST = {"name": "_list", "type": "special"}
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_NO_MORE = Offer()
_PUBLISHED = "2026-11-23"


@lru_cache(maxsize=16)
def capabilities(base: str, *, pretty: bool, offer: Offer = _NO_MORE) -> bytes:
    """The CapabilityStatement of the server at `base`, in JSON; `offer`: who can let one in."""
    document = _statement() | {
        "implementation": {"description": "Égide", "url": base},
    }
    [rest] = document["rest"]
    document["rest"] = [rest | {"security": _security(base.removesuffix("/fhir"), offer)}]
    body = msgspec.json.encode(document)
    return msgspec.json.format(body, indent=2) if pretty else body


@cache
def _statement() -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "contained": [definition(each) for each in OPERATIONS if not each.standard],
        "status": "active",
        "date": _PUBLISHED,
        "kind": "instance",
        "software": {"name": "Égide", "version": __version__},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "resource": [_resource(type) for type in TYPES],
                "interaction": [{"code": code} for code in _OF_SYSTEM],
                "compartment": [
                    f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}"
                    for name in sorted(compartments())
                ],
                "searchParam": [
                    *(
                        {
                            "name": code,
                            "definition": search_parameters("Basic")[code].url,
                            "type": _searched_as("Basic", code),
                        }
                        for code in _OF_ALL
                    ),
                    _LIST,
                    {"name": "_type", "type": "special"},
                ],
                "operation": [
                    {"name": each.name, "definition": each.canonical}
                    for each in OPERATIONS
                    if each.on == "system"
                ],
            }
        ],
    }


def _security(issuer: str, offer: Offer) -> dict[str, Any]:
    """https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-cs"""
    addresses = [
        ("token", token.PATH),
        ("introspect", introspection.PATH),
        ("revoke", revocation.PATH),
    ]
    if offer.authorizes:
        addresses.insert(0, ("authorize", AUTHORIZE))
    if offer.registers:
        addresses.append(("register", REGISTER))
    return {
        "extension": [
            {
                "url": _OAUTH_URIS,
                "extension": [
                    {"url": name, "valueUri": f"{issuer}{path}"} for name, path in addresses
                ],
            }
        ],
        "service": [{"coding": [{"system": _SERVICES, "code": "SMART-on-FHIR"}]}],
        "description": "Every request carries a bearer access token, obtained at /oauth/token.",
    }


def _resource(type: str) -> dict[str, Any]:
    return {
        "type": type,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "operation": [
            {"name": each.name, "definition": each.canonical}
            for each in OPERATIONS
            if each.on == "instance" and each.type in (None, type)
        ],
        "searchInclude": ["*", *(f"{type}:{code}" for code in _references(type))],
        "searchRevInclude": [
            f"{source}:{code}"
            for source in TYPES
            for code, targets in _references(source).items()
            if not targets or type in targets
        ],
        "searchParam": [
            {"name": code, "definition": each.url, "type": kind}
            for code, each in search_parameters(type).items()
            if (kind := _searched_as(type, code))
        ]
        + [_LIST],
    }


@cache
def _references(type: str) -> dict[str, tuple[str, ...]]:
    """The parameters of a type that an include may follow, and the types each leads to, none for
    any."""
    return {
        code: known.targets
        for code in search_parameters(type)
        if (known := parameter(type, code))
        and known.kind == "reference"
        and "Reference" in known.types()
    }


def _searched_as(type: str, code: str) -> str | None:
    """The search type of a parameter this server answers; None for one it refuses."""
    known = parameter(type, code)
    if known is not None and code in TEXTUAL:
        return known.kind
    if known is None or known.kind not in MODIFIERS or not (known.every or known.focuses):
        return None
    return known.kind
