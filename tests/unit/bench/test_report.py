"""Reports: as a table, as JSON, as a page."""

import io

import msgspec
from rich.console import Console

from egide.bench.figure import Figure, Section, Target
from egide.bench.machine import Machine
from egide.bench.report import Report, markdown, show

MACHINE = Machine(
    "a processor", 2, 8 * 2**30, "6", "3", "0", "18", 0.5, {"fsync": "on"}, {"x": "1"}
)
FIGURES = (
    Figure(name="reads", value=1_234.5, unit="requests/s", target=Target(1_000, "more"),
           cpu={"server": 99.6}, had=0.5, note="with a note"),
    Figure(name="  p99", value=30.0, unit="ms", target=Target(12, "less")),
    Figure(name="size", value=3.25, unit="MiB"),
)  # fmt: skip
REPORT = Report("quick", "the data", "egide bench", 12.0, MACHINE, (Section("S", "how", FIGURES),))


def test_json_reads_back_as_it_was():
    assert msgspec.json.decode(REPORT.to_json(), type=Report) == REPORT


def test_what_missed_its_target_is_known():
    assert [figure.name for figure in REPORT.missed] == ["  p99"]


def test_the_page_and_the_table_tell_every_figure():
    written = io.StringIO()
    show(Console(file=written, width=200), REPORT)
    for text in (markdown(REPORT), written.getvalue()):
        for word in ("1,234 requests/s", "≥ 1,000", "1.23", "missed", "30 ms", "3.25 MiB", "50%",
                     "server 100", "with a note", "a processor", "fsync on"):  # fmt: skip
            assert word in text
