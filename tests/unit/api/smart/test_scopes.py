"""What is granted of what was asked for: never more than asked, never more than registered."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.api.smart.scopes import FOR_ITSELF, FOR_PEOPLE, asked_for, checked, granted, within
from egide.errors import Incorrect
from egide.gate.scopes import Scope, parse

LETTERS = ["".join(pick) for size in range(1, 6) for pick in itertools.combinations("cruds", size)]
CRITERIA = [(), (("category", "laboratory"),), (("status", "final"),)]
ONE = st.builds(
    Scope,
    level=st.sampled_from(["patient", "user", "system"]),
    type=st.sampled_from(["*", "Patient", "Observation"]),
    interactions=st.sampled_from(LETTERS),
    criteria=st.sampled_from(CRITERIA),
)
MANY = st.lists(ONE, min_size=1, max_size=4)
RESOURCES = [
    (type, letter, frozenset(pairs))
    for type in ("Patient", "Observation", "Condition")
    for letter in "cruds"
    for pairs in (
        (),
        (("category", "laboratory"),),
        (("status", "final"),),
        (("category", "laboratory"), ("status", "final")),
    )
]


def allows(scopes: tuple[Scope, ...], level: str, resource: tuple[str, str, frozenset]) -> bool:
    type, letter, pairs = resource
    return any(
        scope.level == level
        and scope.type in ("*", type)
        and letter in scope.interactions
        and set(scope.criteria) <= pairs
        for scope in scopes
    )


def text(scopes: list[Scope]) -> str:
    return " ".join(map(str, scopes))


@given(MANY, MANY)
def test_what_is_granted_is_exactly_what_both_allow(asked: list[Scope], most: list[Scope]) -> None:
    """The most important property here: asked and registered, and nothing else."""
    given_people = parse(granted(text(asked), text(most), FOR_PEOPLE))
    given_itself = parse(granted(text(asked), text(most), FOR_ITSELF))
    for resource in RESOURCES:
        for level in ("patient", "user", "system"):
            both = allows(tuple(asked), level, resource) and allows(tuple(most), level, resource)
            assert allows(given_people, level, resource) == (both and level != "system")
            assert allows(given_itself, level, resource) == (both and level == "system")


@given(MANY, MANY)
def test_what_was_granted_is_within_what_was_asked(asked: list[Scope], most: list[Scope]) -> None:
    scope = granted(text(asked), text(most), FOR_PEOPLE)
    assert within(scope, text(asked))
    assert within(scope, text(most))


@pytest.mark.parametrize(
    ("asked", "most", "expected"),
    [
        ("patient/Observation.rs", "user/Observation.rs", ""),
        ("user/Observation.rs", "patient/*.cruds", ""),
        ("system/*.cruds", "system/*.cruds", ""),  # not for people
        ("patient/Patient.cud", "patient/Patient.rs", ""),
        ("openid launch", "patient/*.rs", ""),
        ("profile", "profile patient/*.rs", ""),
        ("patient/*.cruds", "patient/Patient.rs", "patient/Patient.rs"),
        ("patient/Patient.*", "patient/*.read", "patient/Patient.rs"),
        ("patient/*.read patient/Patient.r", "patient/*.cruds", "patient/*.rs"),
        (
            "patient/Observation.rs",
            "patient/Observation.rs?category=laboratory",
            "patient/Observation.rs?category=laboratory",
        ),
        (
            "openid fhirUser launch offline_access patient/*.rs",
            "openid launch patient/*.rs",
            "launch openid patient/*.rs",
        ),
    ],
)
def test_a_grant_is_the_common_part(asked: str, most: str, expected: str) -> None:
    assert granted(asked, most, FOR_PEOPLE) == expected


@pytest.mark.parametrize(
    ("asked", "approved"),
    [
        ("patient/*.rs", "patient/Patient.rs"),
        ("patient/Patient.cruds", "patient/Patient.rs"),
        ("user/Patient.rs", "patient/Patient.rs"),
        ("patient/Observation.rs", "patient/Observation.rs?category=laboratory"),
        ("patient/Patient.rs offline_access", "patient/Patient.rs"),
        ("launch/patient patient/Patient.rs", "patient/Patient.rs"),
    ],
)
def test_a_wider_scope_is_not_within_a_narrower_one(asked: str, approved: str) -> None:
    assert not within(asked, approved)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        "email",
        "patient",
        "patient/Patient",
        "patient/Patient.sr",
        "patient/Patient.",
        "patient/Nothing.rs",
        "doctor/Patient.rs",
        "patient/Patient.rs?a",
        "patient/Patient.rs\nuser/*.cruds",
        "patient/*.rs " * 1000,
    ],
)
def test_a_scope_that_does_not_read_is_refused(text: str | None) -> None:
    with pytest.raises(Incorrect):
        asked_for(text)


def test_scopes_of_the_first_version_are_written_in_the_second() -> None:
    assert checked("user/Patient.read launch patient/*.*") == (
        "launch user/Patient.rs patient/*.cruds"
    )
