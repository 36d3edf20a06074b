"""`_count`: how many entries a page has. https://hl7.org/fhir/R4/search.html#count"""

from egide.errors import Incorrect

DEFAULT = 20
MOST = 1_000


def count_of(text: str | None) -> int:
    """The page size asked for, 1 to 1,000; 20 when none was. More than 1,000 is 1,000."""
    if text is None:
        return DEFAULT
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) == 0:
        raise Incorrect("_count is a whole number from 1 on")
    return min(int(text), MOST)
