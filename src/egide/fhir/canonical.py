"""The canonical form written from an exact tree: what the slow pass stores.

The same bytes that the generated structs encode, for bodies they cannot hold: with extensions of
primitives and nulls, or read by the slow pass for another reason.
"""

from collections.abc import Mapping

import msgspec

from egide.fhir.json_text import Number
from egide.fhir.shapes import shape

_encode = msgspec.json.encode


def write(tree: object, type_: str | None = None) -> bytes:
    """A valid exact tree in the standard's order; `type_` defaults to its `resourceType`."""
    assert isinstance(tree, Mapping)
    parts = []
    if "resourceType" in tree:
        type_ = str(tree["resourceType"])
        parts.append(b'"resourceType":"' + type_.encode() + b'"')
    for item in shape(type_ or "").present(tree):
        kind = "Element" if item.companion else item.type
        parts.append(b'"' + item.name.encode() + b'":' + _value(tree[item.name], kind))
    return b"{" + b",".join(parts) + b"}"


def _value(value: object, type_: str) -> bytes:
    if isinstance(value, list):
        return b"[" + b",".join(_value(item, type_) for item in value) + b"]"
    if isinstance(value, Number):
        return b"0" if value == "-0" and type_ != "decimal" else value.encode()
    if isinstance(value, dict):
        return write(value, None if type_ == "Resource" else type_)
    return _encode(value)
