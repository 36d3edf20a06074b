"""How much is measured: quickly, while one works, or in full, for the figures in the docs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and seconds of one run.

    `seconds` each load lasts, `windows` of which the one counts that was disturbed least;
    `copies` of the corpus under other identities, loaded besides it in one command; `part` of its
    bundles, loaded where all would take too long; `keys` of patients in the new epoch; `erased`
    resources of the patient who is erased; `synthetic` patients made when there are no Synthea
    bundles; `pairs` of hidden and absent resources whose answers are timed.
    """

    name: str
    seconds: float
    windows: int
    copies: int
    part: int
    steps: int
    keys: int
    erased: int
    synthetic: int
    pairs: int
    connections: int = 16
    writers: int = 8

    @property
    def chosen(self) -> str:
        """How a load's window was chosen, in words."""
        if self.windows == 1:
            return ""
        return f" Of {self.windows} windows of {self.seconds:.0f} s the least disturbed."


QUICK = Plan("quick", 2.0, 1, 0, 30, 1_500, 20_000, 10_000, 100, 500)
FULL = Plan("full", 5.0, 3, 3, 100, 4_000, 100_000, 10_000, 300, 10_000)
