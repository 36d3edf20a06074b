"""The meaning of search, pure: what a row is indexed by, what a query asks, whether it matches.

https://hl7.org/fhir/R4/search.html. `index` gives the values a row carries, `parse` reads a query,
`terms_for`, `targets_for`, `ids_for` and `days_for` say where its matches can be, and `matches`
decides for each opened resource.
"""

from egide.fhir.search.allowlist import (
    STANDARD,
    WITHHELD,
    AllowList,
    Term,
    leading,
    leading_parameter,
)
from egide.fhir.search.clause import Clause
from egide.fhir.search.edge import Edge, edge, patient_edges
from egide.fhir.search.index import Index, Indexer, index
from egide.fhir.search.join import Chain, Condition, Has, Include
from egide.fhir.search.main_date import MAIN_DATES, main_date
from egide.fhir.search.narrow import Days, days_for, ids_for, targets_for, terms_for
from egide.fhir.search.parameter import Context, Parameter, parameter
from egide.fhir.search.query import Ignored, Query, Sort, matches, parse

__all__ = [
    "MAIN_DATES",
    "STANDARD",
    "WITHHELD",
    "AllowList",
    "Chain",
    "Clause",
    "Condition",
    "Context",
    "Days",
    "Edge",
    "Has",
    "Ignored",
    "Include",
    "Index",
    "Indexer",
    "Parameter",
    "Query",
    "Sort",
    "Term",
    "days_for",
    "edge",
    "ids_for",
    "index",
    "leading",
    "leading_parameter",
    "main_date",
    "matches",
    "parameter",
    "parse",
    "patient_edges",
    "targets_for",
    "terms_for",
]
