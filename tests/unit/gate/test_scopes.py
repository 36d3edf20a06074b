"""Scopes as SMART App Launch 2.2 writes them, and 1.0 wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.errors import Incorrect
from egide.gate.scopes import CONTEXT, Scope, parse


@pytest.mark.parametrize(
    "text",
    [
        "patient/Observation",
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/Observation.x",
        "patient/Observation.rs?",
        "patient/Observation.rs?category",
        "patient/Observation.rs?=laboratory",
        "patient/Observation.rs?subject.name=a",
        "patient/Observation.rs?_include=Observation:subject",
        "patient/Unicorn.rs",
        "patient/observation.rs",
        "everyone/Observation.rs",
        "system/*.cruds,user/*.cruds",
        "patient/Observation.rs\nuser/*.cruds",
        "patient/Observation.rs\tuser/*.cruds",
        "launch/practitioner",
        "user/*.READ",
        "a" * 5_000,
    ],
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(Incorrect):
        parse(text)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("patient/Observation.rs", Scope("patient", "Observation", "rs")),
        ("user/*.cruds", Scope("user", "*", "cruds")),
        ("system/Patient.c", Scope("system", "Patient", "c")),
        ("patient/*.read", Scope("patient", "*", "rs")),
        ("user/Observation.write", Scope("user", "Observation", "cud")),
        ("system/*.*", Scope("system", "*", "cruds")),
        (
            "patient/Observation.rs?category=http%3A%2F%2Fx%7Claboratory",
            Scope("patient", "Observation", "rs", (("category", "http://x|laboratory"),)),
        ),
        (
            "patient/Observation.rs?category=laboratory&code=1",
            Scope("patient", "Observation", "rs", (("category", "laboratory"), ("code", "1"))),
        ),
    ],
)
def test_a_scope_is_read(text: str, scope: Scope) -> None:
    assert parse(text) == (scope,)


def test_scopes_of_context_ask_for_no_data() -> None:
    assert parse(" ".join(sorted(CONTEXT))) == ()
    assert parse("") == ()


def test_a_scope_twice_is_one_and_order_is_kept() -> None:
    text = "user/Patient.rs openid patient/*.read  user/Patient.read"
    assert [str(each) for each in parse(text)] == ["user/Patient.rs", "patient/*.rs"]


LETTERS = st.sets(st.sampled_from("cruds"), min_size=1).map(
    lambda found: "".join(each for each in "cruds" if each in found)
)
NAMES = st.sampled_from(["category", "code", "status:not", "value-quantity"])
PAIRS = st.lists(st.tuples(NAMES, st.text("ab|,&=%? é/:", min_size=1)), max_size=3).map(
    lambda found: tuple(sorted(found))
)


@given(st.sampled_from(["patient", "user", "system"]), LETTERS, PAIRS)
def test_what_is_written_is_read_back(
    level: str, letters: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    scope = Scope(level, "Observation", letters, pairs)  # type: ignore[arg-type]
    assert parse(str(scope)) == (scope,)
