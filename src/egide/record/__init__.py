"""The one door to data: gate, store and ledger in one unit of work."""

from egide.gate.explaining import Cited, Explanation
from egide.gate.explaining import Line as ExplainedLine
from egide.record.batches import batch
from egide.record.behind import Behind, Deed
from egide.record.bundle import AnyPage, Bundle, Result, bundle_of, query_of
from egide.record.bundle import Asked as Entry
from egide.record.changes import History
from egide.record.compartments import Compartment, compartments
from egide.record.deriving import Derivation, derivation, rule_of
from egide.record.emission import Emitted
from egide.record.everything import EverythingPage
from egide.record.explaining import Asked
from egide.record.glass import REASONS, Glass
from egide.record.indexing import Indexing, index_rows_left, index_state
from egide.record.interaction import StepUp
from egide.record.loading import (
    IMPORT_ACCOUNT,
    Item,
    Loaded,
    Refusal,
    part_digest,
)
from egide.record.reads import NO_VERSION, Versions
from egide.record.record import Record
from egide.record.represented import Represented
from egide.record.rights import Right
from egide.record.searches import Page
from egide.record.session import Session
from egide.record.wanted import (
    CURSOR,
    OF_HTTP,
    OfInstance,
    OfMany,
    OfRecord,
    link_of,
    of_instance,
    of_many,
    of_meta,
    of_record,
)
from egide.store import Certificate

__all__ = [
    "CURSOR",
    "IMPORT_ACCOUNT",
    "NO_VERSION",
    "OF_HTTP",
    "REASONS",
    "AnyPage",
    "Asked",
    "Behind",
    "Bundle",
    "Certificate",
    "Cited",
    "Compartment",
    "Deed",
    "Derivation",
    "Emitted",
    "Entry",
    "EverythingPage",
    "ExplainedLine",
    "Explanation",
    "Glass",
    "History",
    "Indexing",
    "Item",
    "Loaded",
    "OfInstance",
    "OfMany",
    "OfRecord",
    "Page",
    "Record",
    "Refusal",
    "Represented",
    "Result",
    "Right",
    "Session",
    "StepUp",
    "Versions",
    "batch",
    "bundle_of",
    "compartments",
    "derivation",
    "index_rows_left",
    "index_state",
    "link_of",
    "of_instance",
    "of_many",
    "of_meta",
    "of_record",
    "part_digest",
    "query_of",
    "rule_of",
]
