"""The primitive types: what each allows, for both passes of validation.

https://hl7.org/fhir/R4/datatypes.html#primitive. The patterns are the standard's, made exact where
its text says more than its regex: real calendar dates, one space between the words of a code,
base64 that has an end. White space is ASCII's.
"""

import re
from dataclasses import dataclass
from typing import Literal

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_MONTH_DAY = (
    r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)"
    r"|(?:0[13578]|1[02])-31"
)
_LEAP_DAY = (
    r"(?!0000)(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
)
_DAY = rf"(?:{_YEAR}-(?:{_MONTH_DAY})|{_LEAP_DAY})"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
DECIMAL = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?\Z")
"""A JSON number; the standard sets no limit to exponents, three digits are ours."""

_NO_SPACE = r"(?a)\A\S+\Z"


@dataclass(frozen=True, slots=True)
class Primitive:
    """One primitive type: its JSON form and the limits of its values."""

    json: Literal["string", "boolean", "integer", "decimal"] = "string"
    pattern: str | None = None
    low: int = -(2**31)
    high: int = 2**31 - 1
    longest: int | None = None
    """Characters."""

    @property
    def regex(self) -> "re.Pattern[str] | None":
        return None if self.pattern is None else re.compile(self.pattern)


PRIMITIVES = {
    "base64Binary": Primitive(
        pattern=r"\A(?=(?a:\s*)[A-Za-z0-9+/])(?:(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
        r"|(?a:\s*(?:(?:[A-Za-z0-9+/]\s*){4})*+(?:(?:[A-Za-z0-9+/]\s*){2}=\s*=\s*"
        r"|(?:[A-Za-z0-9+/]\s*){3}=\s*)?))\Z"
    ),
    "boolean": Primitive(json="boolean"),
    "canonical": Primitive(pattern=_NO_SPACE),
    "code": Primitive(pattern=r"(?a)\A\S+(?: \S+)*\Z"),
    "date": Primitive(pattern=rf"\A(?:{_DAY}|{_YEAR}(?:-{_MONTH})?)\Z"),
    "dateTime": Primitive(
        pattern=rf"\A(?:{_DAY}(?:T{_TIME}{_ZONE})?|{_YEAR}(?:-{_MONTH})?)\Z",
    ),
    "decimal": Primitive(json="decimal"),
    "id": Primitive(pattern=r"\A[A-Za-z0-9\-.]{1,64}\Z"),
    "instant": Primitive(pattern=rf"\A{_DAY}T{_TIME}{_ZONE}\Z"),
    "integer": Primitive(json="integer"),
    "markdown": Primitive(longest=1_048_576),
    "oid": Primitive(pattern=r"\Aurn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+\Z"),
    "positiveInt": Primitive(json="integer", low=1),
    "string": Primitive(longest=1_048_576),
    "time": Primitive(pattern=rf"\A{_TIME}\Z"),
    "unsignedInt": Primitive(json="integer", low=0),
    "uri": Primitive(pattern=_NO_SPACE),
    "url": Primitive(pattern=_NO_SPACE),
    "uuid": Primitive(
        pattern=r"\Aurn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
    ),
    "xhtml": Primitive(),
    "System.String": Primitive(pattern=_NO_SPACE),
}
"""By FHIR type; `System.String` is what `Element.id` is: any text without spaces."""
