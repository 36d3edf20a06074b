"""Figures: per route template, added up over processes, nothing of a request in them."""

import os
import time
from pathlib import Path

import pytest

from egide.telemetry import Metrics
from egide.telemetry.metrics import PERIOD, clear


def figures(metrics: Metrics) -> dict[str, float]:
    lines = metrics.exposition().decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


def left_by_another(folder: Path, metrics: Metrics, pid: int) -> Path:
    """What a process of that number would have left."""
    metrics.leave()
    return (folder / f"{os.getpid()}.json").rename(folder / f"{pid}.json")


REQUESTS = 'egide_request_seconds_count{method="GET",route="/fhir/{type}/{id}",status="200"}'


def test_a_request_is_counted_by_route_method_and_status() -> None:
    metrics = Metrics()
    metrics.answered("/fhir/{type}/{id}", "GET", 200, 0.004)
    metrics.answered("/fhir/{type}/{id}", "GET", 200, 0.2)
    found = figures(metrics)
    assert found[REQUESTS] == 2
    assert found[REQUESTS.replace("_count{", '_bucket{le="0.005",')] == 1


def test_a_raw_path_or_an_invented_method_makes_no_label() -> None:
    metrics = Metrics()
    for number in range(50):
        metrics.answered(f"/fhir/Patient/{number}", f"X{number}", 200, 0.1)
    found = [name for name in figures(metrics) if name.startswith("egide_request_seconds_count")]
    assert found == ['egide_request_seconds_count{method="other",route="other",status="200"}']


def test_processes_sharing_a_folder_are_added_up(tmp_path: Path) -> None:
    one, other = Metrics(tmp_path), Metrics(tmp_path)
    other.answered("/fhir/{type}/{id}", "GET", 200, 0.004)
    other.imported("created", 40)
    other.pool(used=3, idle=1, waiting=0)
    left_by_another(tmp_path, other, 999_999_999)
    one.answered("/fhir/{type}/{id}", "GET", 200, 0.004)
    one.imported("created", 2)
    one.pool(used=1, idle=1, waiting=0)
    found = figures(one)
    assert found[REQUESTS] == 2
    assert found['egide_imported_resources_total{outcome="created"}'] == 42
    assert found['egide_pool_connections{state="used"}'] == 4


def test_a_process_does_not_count_its_own_file_twice(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path)
    metrics.imported("created", 2)
    metrics.leave()
    assert figures(metrics)['egide_imported_resources_total{outcome="created"}'] == 2


def test_the_ledger_s_lag_is_the_highest_of_the_processes(tmp_path: Path) -> None:
    one, other = Metrics(tmp_path), Metrics(tmp_path)
    other.ledger_lag.set(7)
    left_by_another(tmp_path, other, 999_999_999)
    one.ledger_lag.set(2)
    assert figures(one)["egide_ledger_lag_seconds"] == 7


def test_a_process_that_is_gone_keeps_its_counters_and_loses_its_gauges(tmp_path: Path) -> None:
    one, gone = Metrics(tmp_path), Metrics(tmp_path)
    gone.failed("fault")
    gone.in_flight.set(5)
    path = left_by_another(tmp_path, gone, 999_999_999)
    old = time.time() - 4 * PERIOD
    os.utime(path, (old, old))
    found = figures(one)
    assert found['egide_errors_total{category="fault"}'] == 1
    assert found["egide_requests_in_flight"] == 0


def test_a_torn_file_is_left_out(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path)
    metrics.failed("busy")
    (tmp_path / "123.json").write_bytes(b'[["egide_err')
    assert figures(metrics)['egide_errors_total{category="busy"}'] == 1


def test_clearing_forgets_an_earlier_server(tmp_path: Path) -> None:
    Metrics(tmp_path).leave()
    assert list(tmp_path.iterdir())
    clear(tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Metrics().leave()
    assert not list(tmp_path.iterdir())


def test_the_folder_is_its_owner_s_only(tmp_path: Path) -> None:
    Metrics(tmp_path / "run").leave()
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
