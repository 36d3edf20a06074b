"""The store: sealed rows, blind index, edges. Only `record`, `app` and some of `ops` may use it."""

from egide.store.erasing import Certificate, Eraser, certificates, take_effect
from egide.store.finding import Candidate, Narrowing, Order, Place, Refers, candidates, count
from egide.store.keys import Keys
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
    "Keys",
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
    "Writer",
    "candidates",
    "certificates",
    "count",
    "parameter_number",
    "take_effect",
]
