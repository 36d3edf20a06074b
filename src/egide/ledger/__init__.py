"""The ledger: every access in a chain and a public-format Merkle tree, checkable by anybody."""

from egide.ledger.audit import Finding, Report, RowFact, verify
from egide.ledger.checkpoint import signer
from egide.ledger.entry import Action, Entry, Outcome
from egide.ledger.integrator import Integrator
from egide.ledger.keys import rewrap
from egide.ledger.ledger import Ledger, Receipt
from egide.ledger.publish import export
from egide.ledger.published import LogBroken, verify_tiles
from egide.ledger.reading import Logged, Reading

__all__ = [
    "Action",
    "Entry",
    "Finding",
    "Integrator",
    "Ledger",
    "LogBroken",
    "Logged",
    "Outcome",
    "Reading",
    "Receipt",
    "Report",
    "RowFact",
    "export",
    "rewrap",
    "signer",
    "verify",
    "verify_tiles",
]
