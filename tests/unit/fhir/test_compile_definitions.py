"""The script that compiles the definitions: how it reads the standard's texts."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "compile_definitions.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("compile_definitions", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_union_is_split_at_its_top_level_only(script):
    assert script.union_members("A.b | (A.c | A.d).e | A.f('|')") == [
        "A.b",
        "(A.c | A.d).e",
        "A.f('|')",
    ]


def test_a_shared_expression_is_cut_to_one_type(script):
    shared = "Condition.code | (Condition.x as Coding) | Conditions.code | Goal.code"
    bases = ["Condition", "Goal"]
    assert script.expression_for(shared, "Condition", bases) == (
        "Condition.code | (Condition.x as Coding)"
    )


def test_an_expression_of_one_type_is_kept_as_it_is(script):
    assert (
        script.expression_for("name | alias", "InsurancePlan", ["InsurancePlan"]) == "name | alias"
    )


def test_a_shared_description_is_cut_to_one_type(script):
    text = "Multiple Resources: \r\n\r\n* [Goal](goal.html): Who\r\n* [Flag](flag.html): What\r\n"
    assert script.short_description(text, "Flag") == "What"
    assert script.short_description("Alone", "Flag") == "Alone"


def test_a_value_set_is_expanded_only_when_it_has_an_end(script):
    systems = [
        {
            "url": "urn:s",
            "content": "complete",
            "concept": [{"code": "b", "concept": [{"code": "c"}]}, {"code": "a"}],
        }
    ]
    sets = [
        {"url": "urn:whole", "compose": {"include": [{"system": "urn:s"}]}},
        {
            "url": "urn:part",
            "compose": {"include": [{"system": "urn:t", "concept": [{"code": "x"}]}]},
        },
        {"url": "urn:filter", "compose": {"include": [{"system": "urn:s", "filter": [{}]}]}},
        {"url": "urn:unknown", "compose": {"include": [{"system": "urn:t"}]}},
    ]
    terminology = script.Terminology(sets, systems)
    assert terminology.expand("urn:whole|4.0.1")["systems"] == {"urn:s": ["a", "b", "c"]}
    assert terminology.expand("urn:part")["systems"] == {"urn:t": ["x"]}
    assert terminology.expand("urn:filter") is None
    assert terminology.expand("urn:unknown") is None
    assert terminology.expand("urn:absent") is None
