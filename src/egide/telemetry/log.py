"""The log: one line an event on standard error, with a closed set of fields.

No free text, no query string, no path with ids, no value of a record: there is no field to put one
in. JSON for machines; a short human form on a terminal. Test: tests/unit/telemetry/test_log.py.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePath
from traceback import walk_tb
from typing import Literal

import msgspec

from egide.telemetry.names import EVENTS, ROUTES, WORDS, method

Level = Literal["debug", "info", "warning", "error"]
Sink = Callable[[bytes], object]


class _Line(msgspec.Struct, omit_defaults=True):
    at: str
    level: Level
    event: str
    pid: int
    request: str | None = None
    method: str | None = None
    route: str | None = None
    status: int | None = None
    milliseconds: float | None = None
    category: str | None = None
    error: str | None = None
    library: str | None = None
    port: int | None = None
    counts: dict[str, int | float] | None = None
    frames: tuple[str, ...] | None = None


def _standard_error(line: bytes) -> None:
    with suppress(OSError):  # nobody reads: a diagnostic never stops the work
        os.write(2, line)


_sink: Sink = _standard_error
_human = os.isatty(2)
_encode = msgspec.json.Encoder().encode
_second = (0, "")


def log_to(sink: Sink | None, *, human: bool | None = None) -> None:
    """Sends lines to `sink` (None: standard error), in the human form or as JSON.

    `human=None` means: human when standard error is a terminal.
    """
    global _sink, _human
    _sink = _standard_error if sink is None else sink
    _human = os.isatty(2) if human is None else human


def log(
    event: str,
    *,
    level: Level = "info",
    request: str | None = None,
    method: str | None = None,
    route: str | None = None,
    status: int | None = None,
    milliseconds: float | None = None,
    category: str | None = None,
    error: BaseException | None = None,
    library: str | None = None,
    port: int | None = None,
    counts: Mapping[str, int | float] | None = None,
) -> None:
    """Writes one line. These fields are all there is.

    `event` is a dotted name of ours, `request` the request's id, `route` its template, `error`
    gives its class and frames (file, line, function) and nothing of its message, `counts` named
    figures. Names that do not look like names of ours come out as `other`.
    """
    line = _Line(
        at=_now(),
        level=level,
        event=EVENTS.checked(event),
        pid=os.getpid(),
        request=request,
        method=None if method is None else _method(method),
        route=None if route is None else ROUTES.checked(route),
        status=status,
        milliseconds=None if milliseconds is None else round(milliseconds, 2),
        category=None if category is None else WORDS.checked(category),
        error=None if error is None else type(error).__name__,
        library=None if library is None else WORDS.checked(library),
        port=port,
        counts=None if not counts else {WORDS.checked(k): v for k, v in counts.items()},
        frames=None if error is None else frames_of(error),
    )
    _sink(_spoken(line) if _human else _encode(line) + b"\n")


_method = method


def frames_of(error: BaseException) -> tuple[str, ...]:
    """Where `error` and what caused it happened: classes, files, lines and functions, no values."""
    return tuple(_frames(error, 0))


def _frames(error: BaseException, depth: int) -> Iterator[str]:
    yield type(error).__name__
    for frame, line in list(walk_tb(error.__traceback__))[-12:]:
        code = frame.f_code
        yield f"{_file(code.co_filename)}:{line} {code.co_name}"
    inner = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if isinstance(error, BaseExceptionGroup) and inner is None:
        inner = error.exceptions[0]
    if inner is not None and depth < 4:
        yield from _frames(inner, depth + 1)


def _file(name: str) -> str:
    parts = PurePath(name).parts
    for start in ("site-packages", "src"):
        if start in parts:
            return "/".join(parts[parts.index(start) + 1 :])
    return "/".join(parts[-2:])


def _now() -> str:
    global _second
    now = time.time()
    whole = int(now)
    if _second[0] != whole:
        _second = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
    return f"{_second[1]}.{int((now - whole) * 1000):03d}Z"


def _spoken(line: _Line) -> bytes:
    words = [line.at[11:19], line.event if line.level == "info" else f"{line.level} {line.event}"]
    if line.status is not None:
        words.append(f"{line.method} {line.route} {line.status}")
    if line.milliseconds is not None:
        words.append(f"{line.milliseconds:.1f} ms")
    words += [word for word in (line.category, line.library, line.error) if word]
    if line.port is not None:
        words.append(f"port {line.port}")
    words += [f"{name}={value}" for name, value in (line.counts or {}).items()]
    if line.request:
        words.append(f"[{line.request}]")
    return "".join([" ".join(words), "\n", *(f"    {at}\n" for at in line.frames or ())]).encode()


class _Libraries(logging.Handler):
    """Turns a library's log record into a line of ours, without its message."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        log("library", level=level, library=record.name, error=error)


def capture_libraries() -> None:
    """Sends warnings and errors of libraries' loggers here, reduced to who, how grave and where.

    Their messages quote what they were given (asyncio prints exceptions, drivers print rows).
    """
    root = logging.getLogger()
    root.handlers[:] = [_Libraries(level=logging.WARNING)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
