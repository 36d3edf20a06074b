"""Routes: which addresses there are, what answers each method, and how an address is found.

The table is all there is: what is not in it is not answered, and `egide routes` prints it.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from egide.http.refusals import MethodNotAllowed
from egide.http.response import Response


@dataclass(frozen=True, slots=True)
class Answer:
    """What answers one method of one address.

    `respond` is called with whatever the door hands every answer, then with the variables of the
    address in order. `interactions` are those the gate is asked about, in the words of
    `egide.gate.roles`; none means that no access token is asked for.
    """

    respond: Callable[..., Awaitable[Response]]
    interactions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One address: `template` with its variables in braces, the answers by method.

    HEAD is answered wherever GET is.
    """

    template: str
    answers: Mapping[str, Answer]

    @property
    def methods(self) -> list[str]:
        """The methods, HEAD last."""
        return [*self.answers, "HEAD"] if "GET" in self.answers else list(self.answers)

    def answer(self, method: str) -> Answer:
        """What answers `method`. Raises MethodNotAllowed, naming those that are."""
        found = self.answers.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotAllowed(self.methods)
        return found


class Found(NamedTuple):
    """The route of an address, and the values of its variables in order."""

    route: Route
    variables: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    fixed: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    route: Route | None = None


class Routes:
    """A table of routes. A fixed segment wins over a variable, whatever their order.

    A variable takes no empty segment and none that begins with `$` or `_`: those are the
    standard's own words. Raises ValueError for two routes of one template.
    """

    def __init__(self, table: Iterable[Route]) -> None:
        self._root = _Node()
        self._table: list[Route] = []
        for route in table:
            self.add(route)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._table)

    def add(self, route: Route) -> None:
        """Put one route in."""
        node = self._root
        for segment in route.template.strip("/").split("/"):
            if segment.startswith("{"):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(segment, _Node())
        if node.route is not None:
            raise ValueError(f"two routes for {route.template}")
        node.route = route
        self._table.append(route)

    def find(self, segments: tuple[str, ...]) -> Found | None:
        """The route of an address given as its decoded segments; a slash at its end is nothing."""
        if len(segments) > 1 and not segments[-1]:
            segments = segments[:-1]
        return _find(self._root, segments, 0, ())


def _find(
    node: _Node, segments: tuple[str, ...], place: int, variables: tuple[str, ...]
) -> Found | None:
    if place == len(segments):
        return None if node.route is None else Found(node.route, variables)
    segment = segments[place]
    fixed = node.fixed.get(segment)
    if fixed is not None:
        found = _find(fixed, segments, place + 1, variables)
        if found is not None:
            return found
    if node.variable is None or not segment or segment[0] in "$_":
        return None
    return _find(node.variable, segments, place + 1, (*variables, segment))
