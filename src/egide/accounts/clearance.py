"""Whether a person is in order, from dates and now: it runs out without anybody doing anything.

Invariant: nobody is held to be in order past the end of a training or the beginning of a charter he
has not signed, remembered or not (tests/integration/accounts/people/test_clearance.py).
"""

from datetime import datetime

from egide.actor import Clearance
from egide.db import Fetched


def clearance(row: Fetched, at: datetime) -> Clearance:
    """What a row of the view `clearance` comes to at an instant."""
    charter = since = signed = None
    changes = [] if row["trained"] is None else [row["trained"]]
    for version, begins, signature in zip(
        row["charters"], row["since"], row["signed"], strict=True
    ):
        if begins <= at:
            charter, since, signed = version, begins, signature
        changes.append(begins)
    until = min((each for each in changes if each > at), default=None)
    return Clearance(at, row["trained"], charter, since, signed, until)
