"""Every scope has its words, in both languages."""

import itertools
import re

import pytest

from egide.api.smart.type_names import NAMES
from egide.api.smart.words import CONTEXT, VERBS, lines_of
from egide.gate import scopes
from egide.gate.types import ALL


def test_every_type_has_a_name_in_each_language() -> None:
    assert set(NAMES) == ALL
    for type, (english, french) in NAMES.items():
        assert english and french, type
        assert english.strip() == english and french.strip() == french
    assert len({french for _, french in NAMES.values()}) == len(NAMES)
    assert len({english for english, _ in NAMES.values()}) == len(NAMES)


def test_every_interaction_and_context_has_words() -> None:
    assert set(VERBS) == set("cruds")
    assert set(CONTEXT) | {"profile"} == scopes.CONTEXT


@pytest.mark.parametrize("level", ["patient", "user", "system"])
def test_every_combination_says_each_of_its_interactions(level: str) -> None:
    for size in range(1, 6):
        for letters in itertools.combinations("cruds", size):
            [line] = lines_of(f"{level}/Observation.{''.join(letters)}")
            for letter in letters:
                english, french = VERBS[letter]
                assert english in line.english.lower()
                assert french in line.french.lower()
            assert line.writes == bool(set(letters) & set("cud"))


def test_a_line_says_what_of_whom_and_under_which_condition() -> None:
    [line] = lines_of("patient/Observation.rs?category=laboratory")
    assert line.english == (
        "Read and search: measurements and laboratory results, of this one record"
        " (only where category=laboratory)"
    )
    assert line.french == (
        "Lire et rechercher\u202f: mesures et résultats d’analyses, de ce seul dossier"
        " (seulement si category=laboratory)"
    )


def test_french_is_written_with_its_own_spaces_and_apostrophes() -> None:
    scope = " ".join([*(each for each in CONTEXT), "patient/*.cruds", "user/*.rs", "system/*.r"])
    lines = [*lines_of(scope), *lines_of(" ".join(f"patient/{type}.rs" for type in NAMES))]
    assert len(lines) == len(CONTEXT) + 3 + len(NAMES)
    for line in lines:
        assert "'" not in line.french, line.french
        assert not re.search(r"[^\u202f][;:!?»]", line.french), line.french


def test_data_comes_before_how_long_and_context() -> None:
    lines = lines_of("openid launch/patient offline_access patient/*.cruds")
    assert [line.scope for line in lines] == [
        "patient/*.cruds",
        "offline_access",
        "launch/patient",
        "openid",
    ]
    assert [line.optional for line in lines] == [True, True, False, False]
