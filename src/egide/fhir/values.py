"""What is wrong with one primitive value, in words that never repeat it.

https://hl7.org/fhir/R4/datatypes.html#primitive
"""

import re

from egide.fhir.definitions import Element, code_list
from egide.fhir.json_text import Number
from egide.fhir.primitives import DECIMAL, PRIMITIVES

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FORMS = {
    "string": "a JSON string",
    "boolean": "true or false",
    "integer": "a JSON number without fraction or exponent",
    "decimal": "a JSON number",
}

Problem = tuple[str, str] | None
"""Issue code and message; None: nothing is wrong."""


def problem(value: object, type_: str, element: Element) -> Problem:
    """What is wrong with a JSON value (of an exact tree) as a primitive of `element`."""
    if value is None:
        return "structure", "null is not allowed here"
    wanted = PRIMITIVES[type_].json
    form = _form(value)
    if form != wanted and (form, wanted) != ("integer", "decimal"):
        return "structure", f"{named(type_)} must be {_FORMS[wanted]}"
    if isinstance(value, Number):
        return _of_number(value, type_)
    return _of_text(value, type_, element) if isinstance(value, str) else None


def text(value: object) -> str | None:
    """`value` if it is a JSON string with something in it."""
    return value if isinstance(value, str) and value and _form(value) == "string" else None


def named(type_: str) -> str:
    """The type with its article."""
    return f"{'an' if type_[0] in 'AEIOaeio' else 'a'} {type_}"


def _form(value: object) -> str:
    """The kind of JSON value, in the words of `Primitive.json`."""
    if isinstance(value, Number):
        return "integer" if value.lstrip("-").isdigit() else "decimal"
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "other"


def _of_number(value: Number, type_: str) -> Problem:
    primitive = PRIMITIVES[type_]
    if primitive.json == "decimal":
        if DECIMAL.match(value.encode()):
            return None
        return "value", "a decimal's exponent has at most three digits"
    if len(value) <= 11 and primitive.low <= int(value) <= primitive.high:
        return None
    return "value", f"{named(type_)} must be from {primitive.low} to {primitive.high}"


def _of_text(value: str, type_: str, element: Element) -> Problem:
    primitive = PRIMITIVES[type_]
    if not value:
        return "value", "a string must not be empty"
    if _SURROGATE.search(value):
        return "value", "a string must be valid Unicode"
    if _CONTROL.search(value):
        return "value", "a string must not hold control characters"
    if primitive.longest is not None and len(value) > primitive.longest:
        return "too-long", f"at most {primitive.longest} characters are allowed"
    if element.binding and type_ == "code":
        return _of_code(value, element.binding)
    if primitive.regex is not None and not primitive.regex.search(value):
        return "value", f"this is not {named(type_)}"
    return None


def _of_code(value: str, binding: str) -> Problem:
    codes = code_list(binding)
    if codes.pattern is not None:
        allowed = re.fullmatch(codes.pattern, value) is not None
    else:
        allowed = any(value in listed for listed in codes.systems.values())
    return None if allowed else ("code-invalid", f"the code is not in the required list {binding}")
