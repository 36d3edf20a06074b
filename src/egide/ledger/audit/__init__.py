"""Checking the ledger without its writer: from the rows, the key ring and nothing else."""

from egide.ledger.audit.report import Finding, Report
from egide.ledger.audit.rows import RowFact
from egide.ledger.audit.verify import verify

__all__ = ["Finding", "Report", "RowFact", "verify"]
