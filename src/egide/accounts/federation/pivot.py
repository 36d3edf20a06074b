"""FranceConnect's identité pivot, from its userinfo: pure.

Six traits of civil status, which propose a patient and never are one: a person is matched by
strict traits and a second factor or a human being.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from egide.accounts.federation.identity import Pivot
from egide.accounts.federation.refusal import FederationRefused

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
_Code = Annotated[str, msgspec.Meta(pattern=r"^([0-9][0-9AB][0-9]{3})?$")]


class _Userinfo(msgspec.Struct):
    given_name: _Name
    family_name: _Name
    birthdate: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    gender: Annotated[str, msgspec.Meta(pattern=r"^(male|female|unknown)$")]
    birthcountry: _Code
    birthplace: _Code = ""


def pivot(userinfo: Mapping[str, Any]) -> Pivot:
    """The traits. Raises FederationRefused (`claims`) when one is missing or malformed.

    The date is as it was declared: a birthday that is not known has zeros.
    """
    try:
        found = msgspec.convert(dict(userinfo), _Userinfo)
    except msgspec.ValidationError:
        raise FederationRefused("claims") from None
    return Pivot(
        found.given_name,
        found.family_name,
        found.birthdate,
        found.gender,
        found.birthplace,
        found.birthcountry,
    )
