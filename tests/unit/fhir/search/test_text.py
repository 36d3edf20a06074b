"""Text is compared without case, accents, punctuation and spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.fhir.search.text import normalise, phonetic, starts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Martin", "martin"),
        ("ÉLÉONORE", "eleonore"),
        ("Jean-Pierre", "jeanpierre"),
        ("JEAN  PIERRE", "jeanpierre"),
        ("D'Almeida", "dalmeida"),
        ("D’ALMEIDA", "dalmeida"),
        ("Œuvrard", "oeuvrard"),
        ("Lætitia", "laetitia"),
        ("Straße", "strasse"),
        ("Ångström", "angstrom"),
        ("e\u0301", "e"),
        ("ﬁn", "fin"),
        ("Ⅻ", "xii"),
        ("Łukasz Đorđe", "lukaszdorde"),
        ("a_b", "ab"),
        ("+++", "+++"),
        ("山田", "山田"),
    ],
)
def test_a_text_is_normalised(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_a_name_may_be_found_from_each_of_its_words() -> None:
    assert starts("Carreno Quiñones") == ("carrenoquinones", "quinones")
    assert starts("D'Artagnan") == ("dartagnan", "artagnan")
    assert starts("Martin") == ("martin",)
    assert starts("+++") == ("+++",)


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(max_size=30))
def test_the_whole_text_is_among_its_starts(text: str) -> None:
    assert starts(text)[0] == normalise(text)


def test_names_that_sound_alike_have_one_code() -> None:
    assert phonetic("Lefèvre") == phonetic("Lefebvre")
    assert phonetic("Robert") == {"r163"}
    assert phonetic("Tymczak") == {"t522"}
    assert phonetic("Jean Dupont") == {"j500", "d153"}
