"""Numbers of reference parameters, as `ref.parameter` holds them.

The number is the place of the parameter's code among all reference parameters of R4, which is
frozen: numbers never change. Parameters an establishment adds start at 10,000.
"""

from functools import cache

from egide.fhir.definitions import TYPES, search_parameters


@cache
def _numbers() -> dict[str, int]:
    codes = {
        parameter.code
        for type in TYPES
        for parameter in search_parameters(type).values()
        if parameter.type == "reference"
    }
    return {code: place for place, code in enumerate(sorted(codes), start=1)}


def parameter_number(code: str) -> int:
    """The number of a reference parameter, such as `encounter`. KeyError if R4 has none."""
    return _numbers()[code]
