"""What is granted of the scopes asked for: never more than asked, registered and approved.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html. Scopes of data are
read by `egide.gate.scopes`; those of context and lasting are words.
"""

from collections.abc import Collection, Iterable

from egide.errors import Incorrect
from egide.gate.scopes import CONTEXT, Level, Scope, parse

FOR_PEOPLE: frozenset[Level] = frozenset({"patient", "user"})
FOR_ITSELF: frozenset[Level] = frozenset({"system"})
NOT_DONE = frozenset({"profile"})
"""Of the standard's words, the one we never grant: it is `fhirUser` under an older name."""
LASTING = frozenset({"offline_access", "online_access"})


def words(text: str) -> frozenset[str]:
    """The scopes of context and lasting in a list."""
    return CONTEXT.intersection(text.split(" ")) - NOT_DONE


def checked(text: str) -> str:
    """A list of scopes as we write it, once it reads. Raises Incorrect."""
    return written(parse(text), words(text))


def written(scopes: Iterable[Scope], context: Collection[str]) -> str:
    """Scopes as a list: context first, each once."""
    return " ".join(dict.fromkeys([*sorted(context), *map(str, scopes)]))


def granted(asked: str, most: str, levels: frozenset[Level]) -> str:
    """The part of `asked` within `most`, of `levels`; "" when there is none. Raises Incorrect.

    A scope that is wider than what is registered is granted as far as it is not.
    """
    registered = [scope for scope in parse(most) if scope.level in levels]
    scopes = [
        part
        for scope in parse(asked)
        for one in registered
        if (part := meet(scope, one)) is not None
    ]
    context = words(asked) & words(most) if levels == FOR_PEOPLE else frozenset[str]()
    return written(_without_parts(scopes), context)


def within(asked: str, most: str) -> bool:
    """Whether nothing in `asked` goes beyond `most`. Raises Incorrect."""
    if not words(asked) <= words(most):
        return False
    registered = parse(most)
    return all(any(meet(scope, one) == scope for one in registered) for scope in parse(asked))


def meet(one: Scope, other: Scope) -> Scope | None:
    """What both scopes allow; criteria of both bind. None when there is nothing."""
    if one.level != other.level:
        return None
    if one.type != other.type and "*" not in (one.type, other.type):
        return None
    type = other.type if one.type == "*" else one.type
    letters = "".join(letter for letter in one.interactions if letter in other.interactions)
    if not letters:
        return None
    criteria = tuple(sorted({*one.criteria, *other.criteria}))
    return Scope(one.level, type, letters, criteria)


def asked_for(text: str | None) -> str:
    """The list of scopes of a request, read. Raises Incorrect when it is empty or does not read."""
    if text is None or not text.strip(" "):
        raise Incorrect("a request names the scopes it asks for")
    unknown = [each for each in text.split(" ") if each and each not in CONTEXT and "/" not in each]
    if unknown:
        raise Incorrect("a scope is not one this server knows")
    parse(text)
    return text


def _without_parts(scopes: Iterable[Scope]) -> list[Scope]:
    """The scopes without those another one holds whole."""
    each = list(dict.fromkeys(scopes))
    return [
        scope
        for scope in each
        if not any(other != scope and meet(scope, other) == scope for other in each)
    ]
