"""Diagnostics without health data: structured log lines and Prometheus figures."""

from egide.telemetry.log import capture_libraries, frames_of, log, log_to
from egide.telemetry.metrics import Metrics

__all__ = ["Metrics", "capture_libraries", "frames_of", "log", "log_to"]
