"""Conditional read: whether a client has the version it asks for.

https://hl7.org/fhir/R4/http.html#cread and https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime

from egide.record import Emitted

_ETAGS = re.compile(r'(?:W/)?"([^"]*)"')


def unmodified(emitted: Emitted, none_match: str | None, modified_since: str | None) -> bool:
    """Whether the client has `emitted`, by its `If-None-Match` or, without one, by its
    `If-Modified-Since`. ETags that are none of ours match nothing; a date that is none is no
    condition."""
    if none_match is not None:
        known = _ETAGS.findall(none_match)
        return none_match.strip() == "*" or str(emitted.version) in known
    return modified_since is not None and _since(emitted, modified_since)


def _since(emitted: Emitted, text: str) -> bool:
    """Whether `emitted` is not newer than a date as HTTP writes it, or an instant as FHIR does."""
    try:
        if text[:4].isdigit():
            return emitted.updated <= datetime.fromisoformat(text)
        since = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return False
    return since.tzinfo is not None and emitted.updated.replace(microsecond=0) <= since
