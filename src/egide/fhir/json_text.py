"""JSON as text: its depth, its compact form, and an exact reading for the slow pass.

https://hl7.org/fhir/R4/json.html. The exact reading keeps numbers as they are written and remembers
properties that are repeated, which JSON parsers otherwise drop in silence.
"""

import json
import re
from collections import Counter
from typing import NoReturn

import msgspec

from egide.errors import Issue
from egide.fhir.invalid import Invalid

DEPTH = 64
"""Levels of arrays and objects that are read; deeper bodies are refused."""

_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_RUNS = re.compile(rb"\[+|\]+")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class Number(str):
    """A JSON number as it is written."""

    __slots__ = ()


class Object(dict[str, object]):
    """A JSON object; `repeated` are the property names it holds more than once."""

    __slots__ = ("repeated",)
    repeated: tuple[str, ...]


def is_too_deep(raw: bytes) -> bool:
    """Whether arrays and objects nest deeper than `DEPTH`, whatever else is wrong with `raw`."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH:
        return False
    return _depth(_outside_strings(raw)) > DEPTH


def _outside_strings(raw: bytes) -> bytes:
    """`raw` without its strings, whose brackets nest nothing."""
    if b"\\" in raw:
        return _STRING.sub(b"", raw)
    return b"".join(raw.split(b'"')[::2])


def _depth(raw: bytes) -> int:
    """How deep the brackets nest: how often the innermost pairs can be taken away."""
    brackets = raw.translate(_BRACKETS, _NOT_BRACKETS)
    passes = 0
    while brackets:
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) * 10 > len(brackets) * 9:
            return passes + _running_depth(brackets)
        brackets = fewer
        passes += 1
    return passes


def _running_depth(brackets: bytes) -> int:
    depth = deepest = 0
    for run in _RUNS.findall(brackets):
        depth += len(run) if run.startswith(b"[") else -len(run)
        deepest = max(deepest, depth)
    return deepest


def compact(raw: bytes) -> bytes:
    """`raw` without white space between tokens; its strings, numbers and repetitions untouched."""
    return msgspec.json.format(raw, indent=-1)


def read(raw: bytes) -> object:
    """The exact tree of `raw`: objects as `Object`, numbers as `Number`. Raises Invalid."""
    if is_too_deep(raw):
        _refuse(f"the body nests deeper than {DEPTH} levels, or its brackets do not match")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        _refuse(f"the body is not UTF-8: byte {error.start} is wrong")
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=Number,
            parse_int=Number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        _refuse(f"the body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    except RecursionError:
        _refuse(f"the body nests deeper than {DEPTH} levels")


def _object(pairs: list[tuple[str, object]]) -> Object:
    found = Object(pairs)
    found.repeated = ()
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        found.repeated = tuple(sorted(name for name, count in times.items() if count > 1))
    return found


def _constant(_: str) -> NoReturn:
    _refuse("the body is not JSON: NaN and Infinity are not numbers")


def _refuse(why: str) -> NoReturn:
    raise Invalid([Issue("structure", why, severity="fatal")])
