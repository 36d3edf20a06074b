"""Whose processor time it was."""

import subprocess
import sys
import time

from egide.bench.pace import Pace
from egide.bench.processor import Meter, family, memory, per_operation

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_a_family_is_a_process_and_all_below_it():
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run(['sleep', '9'])"]
    )
    while len(found := family(parent.pid)) < 2:
        time.sleep(0.01)
    assert found[0] == parent.pid
    for pid in reversed(found):
        subprocess.run(["kill", str(pid)], check=False)
    parent.wait()


def test_time_is_counted_where_it_was_spent():
    worker = subprocess.Popen(
        [sys.executable, "-c", BUSY + "\ninput()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    idle = subprocess.Popen(["sleep", "60"])
    meter = Meter({"worker": [worker.pid], "idle": [idle.pid]}, Pace())
    while meter.spent()["worker"] < 0.25:
        time.sleep(0.02)
    assert meter.spent()["idle"] < 0.05
    assert 0 <= meter.had() <= 1
    assert memory(worker.pid).private > 0
    for process in (worker, idle):
        process.kill()
        process.communicate()


def test_seconds_become_microseconds_an_operation():
    assert per_operation({"server": 0.5, "engine": 0.25}, 1_000) == {"server": 500, "engine": 250}
