"""The store: sealed rows, blind index, edges. Only `record`, `app` and some of `ops` may use it."""

from egide.store.changes import (
    Instant,
    Stretch,
    before_deletion,
    changes,
    horizon,
    keys_of,
    successors,
)
from egide.store.erasing import Certificate, Eraser, certificates, take_effect
from egide.store.finding import Candidate, Narrowing, Order, Place, Refers, candidates, count
from egide.store.keys import Keys
from egide.store.lookups import Lookups
from egide.store.parameters import parameter_number
from egide.store.population import Population
from egide.store.reading import Opened, Reader
from egide.store.reindexing import Reindexer
from egide.store.row import Row
from egide.store.writing import Draft, Prepared, Writer

__all__ = [
    "Candidate",
    "Certificate",
    "Draft",
    "Eraser",
    "Instant",
    "Keys",
    "Lookups",
    "Narrowing",
    "Opened",
    "Order",
    "Place",
    "Population",
    "Prepared",
    "Reader",
    "Refers",
    "Reindexer",
    "Row",
    "Stretch",
    "Writer",
    "before_deletion",
    "candidates",
    "certificates",
    "changes",
    "count",
    "horizon",
    "keys_of",
    "parameter_number",
    "successors",
    "take_effect",
]
