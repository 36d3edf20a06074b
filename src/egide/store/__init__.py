"""The store: sealed rows, blind index, edges. Only `record`, `app` and some of `ops` may use it."""

from egide.store.erasing import Certificate, Eraser, certificates, take_effect
from egide.store.finding import Candidate, Narrowing, Place, candidates
from egide.store.keys import Keys
from egide.store.reading import Opened, Reader
from egide.store.row import Row
from egide.store.writing import Draft, Prepared, Writer

__all__ = [
    "Candidate",
    "Certificate",
    "Draft",
    "Eraser",
    "Keys",
    "Narrowing",
    "Opened",
    "Place",
    "Prepared",
    "Reader",
    "Row",
    "Writer",
    "candidates",
    "certificates",
    "take_effect",
]
