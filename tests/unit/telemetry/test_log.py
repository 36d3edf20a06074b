"""The log: a closed set of fields, no value of anyone's."""

import inspect
import json
import logging
from collections.abc import Iterator

import pytest

from egide.telemetry import capture_libraries, frames_of, log, log_to
from egide.telemetry.log import _Line

SECRET = "Zyzzyva-Quelconque"


@pytest.fixture
def lines() -> Iterator[list[bytes]]:
    written: list[bytes] = []
    log_to(written.append, human=False)
    yield written
    log_to(None)


@pytest.fixture
def spoken() -> Iterator[list[bytes]]:
    written: list[bytes] = []
    log_to(written.append, human=True)
    yield written
    log_to(None)


def failing() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as inner:
        raise KeyError(SECRET) from inner


def test_a_line_is_one_json_object_with_the_fields_given(lines: list[bytes]) -> None:
    log("request", request="ab", method="GET", route="/fhir/{type}/{id}", status=200,
        milliseconds=1.239, counts={"entries": 3})  # fmt: skip
    assert lines[0].endswith(b"\n")
    assert lines[0].count(b"\n") == 1
    line = json.loads(lines[0])
    assert line.pop("pid") > 0
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "request": "ab",
        "method": "GET",
        "route": "/fhir/{type}/{id}",
        "status": 200,
        "milliseconds": 1.24,
        "counts": {"entries": 3},
    }


def test_there_is_no_field_for_free_text() -> None:
    arguments = set(inspect.signature(log).parameters)
    given_by_us = {"at", "pid", "frames"}
    assert set(_Line.__struct_fields__) == arguments | given_by_us
    assert arguments.isdisjoint({"message", "path", "query", "url", "body", "detail", "user"})


def test_an_error_is_its_class_and_frames_without_its_message(lines: list[bytes]) -> None:
    try:
        failing()
    except KeyError as error:
        log("fault", level="error", error=error)
    assert SECRET.encode() not in lines[0]
    line = json.loads(lines[0])
    assert line["error"] == "KeyError"
    assert [frame for frame in line["frames"] if frame.endswith(" failing")]
    assert "ValueError" in line["frames"]


def test_frames_follow_groups_and_stop_at_a_depth() -> None:
    error: BaseException = ValueError(SECRET)
    for _ in range(20):
        outer = RuntimeError(SECRET)
        outer.__cause__ = error
        error = outer
    assert frames_of(error).count("RuntimeError") == 5
    assert frames_of(ExceptionGroup("g", [ValueError(SECRET)])) == ("ExceptionGroup", "ValueError")


@pytest.mark.parametrize("route", ["/fhir/Patient/42", f"/fhir/{SECRET}", "/fhir?name=x", "x", ""])
def test_a_raw_path_is_not_written_as_a_route(lines: list[bytes], route: str) -> None:
    log("request", route=route)
    assert json.loads(lines[0])["route"] == "other"


def test_a_sentence_is_not_written_as_an_event(lines: list[bytes]) -> None:
    log(f"could not read {SECRET}", category=f"a {SECRET}", method=SECRET, counts={"a b": 1})
    assert SECRET.encode() not in lines[0]
    line = json.loads(lines[0])
    assert (line["event"], line["category"], line["method"]) == ("other", "other", "other")
    assert line["counts"] == {"other": 1}


def test_the_human_form_says_the_same(spoken: list[bytes]) -> None:
    log("request", method="GET", route="/health/live", status=200, milliseconds=0.8, request="ab")
    assert spoken[0].decode().split(" ", 1)[1] == "request GET /health/live 200 0.8 ms [ab]\n"


def test_the_human_form_lists_frames_below(spoken: list[bytes]) -> None:
    try:
        failing()
    except KeyError as error:
        log("fault", level="error", category="fault", error=error)
    text = spoken[0].decode()
    assert text.split(" ", 1)[1].startswith("error fault fault KeyError\n    KeyError\n")
    assert SECRET not in text


def test_libraries_are_named_and_their_messages_are_not_written(lines: list[bytes]) -> None:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    try:
        capture_libraries()
        logging.getLogger("asyncio").error(
            "Task exception: %s", SECRET, exc_info=ValueError(SECRET)
        )
        logging.getLogger("asyncio").info("chatter %s", SECRET)
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
        logging.captureWarnings(False)
    assert len(lines) == 1
    assert SECRET.encode() not in lines[0]
    line = json.loads(lines[0])
    assert (line["event"], line["library"], line["error"]) == ("library", "asyncio", "ValueError")


def test_a_closed_standard_error_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int, line: bytes) -> int:
        raise BrokenPipeError

    monkeypatch.setattr("os.write", broken)
    log_to(None)
    log("request")
