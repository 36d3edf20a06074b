"""How a search is refused: by the parameter's name, never by its value, which may name somebody."""

import re

from egide.errors import Incorrect, Issue, Unsupported

_SAYABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,79}\Z")


class UnknownParameter(Incorrect):
    """There is no such parameter; lenient handling leaves it out."""


class UnsupportedParameter(Unsupported):
    """R4 defines it and this server does not do it; lenient handling leaves it out."""


def sayable(name: str) -> str:
    """A parameter's name as a message may repeat it: what no parameter can be called may be data
    that was put in the wrong place."""
    return name if _SAYABLE.match(name) else "a parameter"


def wrong(name: str, why: str) -> Incorrect:
    """The refusal of how parameter `name` was used."""
    message = f"{sayable(name)}: {why}"
    return Incorrect(message, issues=[_issue("invalid", message, name)])


def unknown(name: str, why: str) -> UnknownParameter:
    """The refusal of a parameter that does not exist."""
    return UnknownParameter(why, issues=[_issue("not-supported", why, name)])


def unsupported(name: str, why: str) -> UnsupportedParameter:
    """The refusal of a parameter that exists and is not supported."""
    return UnsupportedParameter(why, issues=[_issue("not-supported", why, name)])


def _issue(code: str, message: str, name: str) -> Issue:
    return Issue(code, message, f"http.{name}" if _SAYABLE.match(name) else "")
