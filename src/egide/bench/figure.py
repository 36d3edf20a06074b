"""A figure: one measured number, with what it was to be."""

from typing import Literal

import msgspec

Better = Literal["more", "less"]


class Target(msgspec.Struct, frozen=True):
    """What a figure is to reach: at least `value` when more is better, at most when less is."""

    value: float
    better: Better


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a section.

    `cpu` is the processor time per operation in microseconds, by who spent it: on a busy machine
    it is what can be compared from run to run. `had` is the share of the machine's best
    that was left to the bench meanwhile, 0 where nobody looked. `note` says what the name does
    not.
    """

    name: str
    value: float
    unit: str
    target: Target | None = None
    cpu: dict[str, float] = {}
    had: float = 0.0
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as good as the target: from 1.0 on it is met."""
        if self.target is None or not self.value or not self.target.value:
            return None
        if self.target.better == "more":
            return self.value / self.target.value
        return self.target.value / self.value

    @property
    def verdict(self) -> Literal["ok", "missed", ""]:
        """Whether the target was met; nothing when there is none."""
        return "" if self.ratio is None else "ok" if self.ratio >= 1 else "missed"


class Section(msgspec.Struct, frozen=True):
    """Figures that belong together, with a sentence on how they were measured."""

    title: str
    how: str
    figures: tuple[Figure, ...]
