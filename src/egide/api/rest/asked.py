"""What an address asks for, read off the table that answers it: for who explains, not who answers.

Invariant: every address of the table is read, with its interactions; what is in no table is refused
(tests/unit/api/test_asked.py).
"""

from urllib.parse import urlsplit

from egide.errors import EgideError, Incorrect
from egide.fhir.definitions import TYPES
from egide.http.form import pairs, plain
from egide.http.routes import Routes
from egide.ids import RESOURCE_ID
from egide.record import OF_HTTP, Asked

_TYPES = frozenset(TYPES)
_LONGEST_VERSION = 9
_WRITES = frozenset({"PUT", "DELETE"})
"""Methods whose query, on a type, says which resource is written."""


def asked_by(table: Routes, method: str, address: str) -> Asked:
    """What `method` of `address` (`/fhir/Observation/42?…`) asks `table` for; of a query only the
    criterion of a write counts.

    Raises Incorrect for what nothing there answers.
    """
    try:
        split = urlsplit(address)
        path = split.path
        segments = tuple(plain(each.encode(), plus=False) for each in path[1:].split("/"))
        found = table.find(segments) if path.startswith("/") else None
        answer = None if found is None else found.route.answer(method.upper())
    except (EgideError, ValueError):  # it does not decode, or is answered to other methods
        raise _none() from None
    if found is None or answer is None:
        raise _none()
    pieces = found.route.template.strip("/").split("/")[1:]
    values = iter(found.variables)
    asked = _asked(
        answer.interactions, [(each, next(values) if each[:1] == "{" else each) for each in pieces]
    )
    if method.upper() in _WRITES and asked.type is not None and asked.id is None:
        selecting = [pair for pair in pairs(split.query.encode()) if pair[0] not in OF_HTTP]
        return asked._replace(criterion=tuple(selecting))
    return asked


def _asked(interactions: tuple[str, ...], pieces: list[tuple[str, str]]) -> Asked:
    """`pieces`: of the address after `/fhir`, as the template has each and as it was given."""
    match pieces:
        case [(_, type)] if _is_type(type):
            return Asked(interactions, type)
        case [(_, type), ("{id}", id), *rest] if _is_type(type) and RESOURCE_ID.match(id):
            return _of_instance(interactions, type, id, rest)
        case [(_, type), (word, _)] if _is_type(type) and word[0] in "$_":
            return Asked(interactions, type)
        case [] | [_] if not any(each.startswith("{") for each, _ in pieces):
            return Asked(interactions)
    raise _none()


def _of_instance(
    interactions: tuple[str, ...], type: str, id: str, rest: list[tuple[str, str]]
) -> Asked:
    match rest:
        case [] | [_] if all(each[0] in "$_" for each, _ in rest):
            return Asked(interactions, type, id)
        case [("_history", _), (_, version)] if _is_version(version):
            return Asked(interactions, type, id, int(version))
        case [(_, "*"), *more] if not more or more[0][0] == "_search":  # of all in a compartment
            return Asked(interactions)
        case [(_, member), *more] if _is_type(member) and (not more or more[0][0] == "_search"):
            return Asked(interactions, member)
    raise _none()


def _is_type(word: str) -> bool:
    return word in _TYPES


def _is_version(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _LONGEST_VERSION


def _none() -> Incorrect:
    return Incorrect("this is no request this server answers: say it as GET /fhir/Observation/42")
