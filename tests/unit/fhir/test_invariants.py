"""The small language of invariants, and how much of the standard it reads."""

import pytest

from egide.fhir.definitions import definitions
from egide.fhir.invariants import Beyond, conditions, question, read_condition
from egide.fhir.rules import KEYS


def true_of(expression, **children):
    condition = read_condition(expression, frozenset("abc"))

    def count(name):
        value = children.get(name)
        return len(value) if isinstance(value, list) else int(value is not None)

    return question(condition)(count, children.get)


@pytest.mark.parametrize(
    ("expression", "children", "expected"),
    [
        ("a.exists()", {"a": 1}, True),
        ("a.empty()", {"a": 1}, False),
        ("a.exists() or b.exists() and c.exists()", {"a": 1}, True),
        ("(a.exists() or b.exists()) and c.exists()", {"a": 1}, False),
        ("a.exists() xor b.exists()", {"a": 1, "b": 1}, False),
        ("a.exists() != b.exists()", {"a": 1}, True),
        ("a.exists() = b.exists()", {}, True),
        ("a.exists() implies b.exists()", {"a": 1}, False),
        ("a.exists() implies b.exists()", {}, True),
        ("a.exists().not()", {}, True),
        ("(a.exists() and b.exists()).not()", {"a": 1, "b": 1}, False),
        ("a = 'x'", {"a": "x"}, True),
        ("a = 'x'", {}, False),
        ("a != 'x'", {}, False),
        ("a != 'x'", {"a": "y"}, True),
        ("a in ('x' | 'y')", {"a": "y"}, True),
        ("a in ('x' | 'y')", {"a": ["z", "y"]}, True),
        ("a = true", {"a": True}, True),
        ("(a.count() + b.count()) > 0", {}, False),
        ("a.count() <= 1", {"a": [1, 2]}, False),
        ("(a.count() + b.count() <= 1)", {"a": [1]}, True),
        ("c.exists() or (a.count() + b.count() = 1)", {"a": [1], "b": [1]}, False),
    ],
)
def test_an_expression_means_what_fhirpath_says(expression, children, expected):
    assert true_of(expression, **children) is expected


@pytest.mark.parametrize(
    "expression",
    ["a.b.exists()", "d.exists()", "a.all(b)", "a > 1", "a.exists(", "a.exists() b", "%a", "a = b"],
)
def test_an_expression_that_says_more_is_left_alone(expression):
    with pytest.raises(Beyond):
        read_condition(expression, frozenset("abc"))


def test_most_invariants_of_clinical_types_are_checked():
    checked = 0
    for name, type_ in definitions().types.items():
        keys = {invariant.key for invariant, _ in conditions(name)} | KEYS.get(name, frozenset())
        checked += len(keys)
        left = {i.key for i in type_.invariants if i.severity == "error"} - keys
        if name.split(".")[0] in ("Patient", "Observation", "Encounter", "Condition", "Bundle"):
            assert left == set(), name
    assert checked == 138
