"""The store: sealed rows, blind index, edges. Only `record`, `app` and some of `ops` may use it."""

from egide.store.changes import (
    Instant,
    Stretch,
    before_deletion,
    changes,
    horizon,
    keys_of,
    latest,
    successors,
)
from egide.store.compartment import lasting, of_nobody, sealed_for
from egide.store.drafts import STRANGER, Draft, Prepared
from egide.store.erasing import Certificate, Eraser, certificates, take_effect
from egide.store.finding import Candidate, Finder
from egide.store.keys import Keys
from egide.store.lookups import Lookups
from egide.store.narrowing import Led, Narrowing, Order, Place, Refers
from egide.store.parameters import parameter_number
from egide.store.population import Population
from egide.store.reading import Opened, Reader
from egide.store.reindexing import Reindexer
from egide.store.row import Row
from egide.store.standing import Ties, Within, ties_to
from egide.store.writing import Writer

__all__ = [
    "STRANGER",
    "Candidate",
    "Certificate",
    "Draft",
    "Eraser",
    "Finder",
    "Instant",
    "Keys",
    "Led",
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
    "Ties",
    "Within",
    "Writer",
    "before_deletion",
    "certificates",
    "changes",
    "horizon",
    "keys_of",
    "lasting",
    "latest",
    "of_nobody",
    "parameter_number",
    "sealed_for",
    "successors",
    "take_effect",
    "ties_to",
]
