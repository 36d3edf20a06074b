"""The one door to data: gate, store and ledger in one unit of work."""

from egide.record.batches import batch
from egide.record.bundle import Bundle, Result, bundle_of
from egide.record.changes import History
from egide.record.emission import Emitted
from egide.record.everything import EverythingPage
from egide.record.indexing import Indexing, index_rows_left, index_state
from egide.record.interaction import StepUp
from egide.record.loading import (
    IMPORT_ACCOUNT,
    Item,
    Loaded,
    Refusal,
    finish_import,
    part_digest,
)
from egide.record.reads import Versions
from egide.record.record import Record
from egide.record.searches import Page
from egide.record.session import Session
from egide.store import Certificate

__all__ = [
    "IMPORT_ACCOUNT",
    "Bundle",
    "Certificate",
    "Emitted",
    "EverythingPage",
    "History",
    "Indexing",
    "Item",
    "Loaded",
    "Page",
    "Record",
    "Refusal",
    "Result",
    "Session",
    "StepUp",
    "Versions",
    "batch",
    "bundle_of",
    "finish_import",
    "index_rows_left",
    "index_state",
    "part_digest",
]
