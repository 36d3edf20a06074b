"""Scopes in plain words, in English and in French: what a person reads before he approves.

Every resource type and every interaction has its words (tests/unit/api/smart/test_words.py).
"""

from dataclasses import dataclass
from functools import lru_cache

from egide.api.smart import scopes
from egide.api.smart.type_names import NAMES
from egide.gate.scopes import Scope, parse

VERBS = {
    "c": ("add", "ajouter"),
    "r": ("read", "lire"),
    "u": ("change", "modifier"),
    "d": ("delete", "supprimer"),
    "s": ("search", "rechercher"),
}
_ALL = ("everything", "toutes les données")
_WHOSE = {
    "patient": ("of this one record", "de ce seul dossier"),
    "user": ("of every record you have access to", "de tous les dossiers auxquels vous avez accès"),
    "system": ("of every record", "de tous les dossiers"),
}
CONTEXT = {
    "openid": ("Know that it is you", "Savoir que c’est vous"),
    "fhirUser": ("Know who you are in the directory", "Savoir qui vous êtes dans l’annuaire"),
    "launch": (
        "Know which record is open on your screen",
        "Savoir quel dossier est ouvert à votre écran",
    ),
    "launch/patient": ("Know whose record it is", "Savoir de qui est le dossier"),
    "launch/encounter": ("Know which stay it is about", "Savoir de quel séjour il s’agit"),
    "offline_access": (
        "Keep its access while you are away",
        "Garder son accès en votre absence",
    ),
    "online_access": (
        "Keep its access as long as you are signed in",
        "Garder son accès tant que vous êtes connecté",
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page: `scope` as it is asked for, and its words in each language.

    `optional`: the person may refuse it alone. `writes`: it lets the application change records.
    """

    scope: str
    english: str
    french: str
    optional: bool
    writes: bool = False


@lru_cache(maxsize=1024)
def lines_of(scope: str) -> tuple[Line, ...]:
    """The lines of a scope: data first, then how long, then context."""
    context = scopes.words(scope)
    data = [_line(each) for each in parse(scope)]
    lasting = sorted(context & scopes.LASTING)
    rest = sorted(context - scopes.LASTING)
    return (
        *data,
        *(Line(each, *CONTEXT[each], optional=True) for each in lasting),
        *(Line(each, *CONTEXT[each], optional=False) for each in rest),
    )


def _line(scope: Scope) -> Line:
    english_type, french_type = NAMES[scope.type] if scope.type != "*" else _ALL
    english_whose, french_whose = _WHOSE[scope.level]
    english = _listed([VERBS[letter][0] for letter in scope.interactions], "and")
    french = _listed([VERBS[letter][1] for letter in scope.interactions], "et")
    english_some = french_some = ""
    if scope.criteria:
        said = ", ".join(f"{name}={value}" for name, value in scope.criteria)
        english_some, french_some = f" (only where {said})", f" (seulement si {said})"
    return Line(
        str(scope),
        f"{_upper(english)}: {english_type}, {english_whose}{english_some}",
        f"{_upper(french)}\u202f: {french_type}, {french_whose}{french_some}",
        optional=True,
        writes=bool({"c", "u", "d"} & set(scope.interactions)),
    )


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
