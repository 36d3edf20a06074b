"""UCUM's grammar and official table of units, from the files `ucumvert` carries.

The files alone: what the package imports besides, a library of units, would be in the memory of
every process, unused.
"""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from xml.etree import ElementTree

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput


class NotUcum(Exception):
    """It is not written as UCUM says."""


class Unit(NamedTuple):
    """A line of the table: the unit is `factor` times `of`."""

    of: str
    factor: str
    special: bool
    arbitrary: bool


def parsed(unit: str) -> Tree[Token]:
    """How a unit is put together. Raises NotUcum."""
    try:
        return _parser().parse(unit)
    except UnexpectedInput:
        raise NotUcum from None


@cache
def units() -> Mapping[str, Unit]:
    """Every unit that is made of others, by its case-sensitive code."""
    found = {}
    for each in _table().iterfind("{*}unit"):
        value = each.find("{*}value")
        assert value is not None
        function = value.find("{*}function")
        found[each.attrib["Code"]] = Unit(
            value.attrib["Unit"],
            (value if function is None else function).attrib["value"],
            each.get("isSpecial") == "yes",
            each.get("isArbitrary") == "yes",
        )
    return MappingProxyType(found)


@cache
def prefixes() -> Mapping[str, str]:
    """Prefix → its factor, as it is written."""
    found = {}
    for each in _table().iterfind("{*}prefix"):
        value = each.find("{*}value")
        assert value is not None
        found[each.attrib["Code"]] = value.attrib["value"]
    return MappingProxyType(found)


@cache
def _parser() -> Lark:
    return Lark(_file("ucum_grammar.lark").read_text("utf-8"), start="main_term", strict=True)


@cache
def _table() -> ElementTree.Element:
    return ElementTree.parse(_file("vendor/ucum-essence.xml")).getroot()  # noqa: S314  (not input)


def _file(name: str) -> Path:
    spec = find_spec("ucumvert")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0], name)
