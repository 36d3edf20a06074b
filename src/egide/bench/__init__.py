"""The bench: measures a whole installation of its own, against the targets of the design.

Nothing in it is simulated: the records go in by `egide import` and over HTTP into a started
`egide serve`, on an engine that is as durable as in production; every answer is checked, and one
that is not as it should be fails the run.
"""

from egide.bench.plan import FULL, QUICK
from egide.bench.report import Report, markdown, show
from egide.bench.run import PARTS, measure

__all__ = ["FULL", "PARTS", "QUICK", "Report", "markdown", "measure", "show"]
