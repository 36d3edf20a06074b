"""How every module of the program is made."""

import ast

import pytest
from tests.house.conftest import Module

MOST_LINES = 400
SPEAKS_TO_ITS_PARENT = "egide.db.launch"
"""A program of its own, run by its path: what it prints is a process id for whoever ran it."""
WRITES_CODE = "egide.fhir.structs"
"""Writes checks from the standard's definitions when it is loaded, as dataclasses do."""
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "models"}
EMPTY_ENDINGS = ("manager", "service", "handler", "helpers", "utils")


def test_every_module_says_what_it_holds(modules: list[Module]) -> None:
    silent = [str(module.path) for module in modules if not ast.get_docstring(module.tree)]
    assert silent == []


def test_no_module_holds_a_second_noun(modules: list[Module]) -> None:
    long = {str(module.path): module.text.count("\n") for module in modules}
    assert {path: lines for path, lines in long.items() if lines > MOST_LINES} == {}


def test_nothing_is_imported_inside_a_function(modules: list[Module]) -> None:
    inside = [
        module.at(node)
        for module in modules
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_only_the_command_line_prints(modules: list[Module]) -> None:
    """What others have to say goes to the log, which has no field for a record's value."""
    printed = [
        module.at(node)
        for module in modules
        if not module.within("egide.cli", "egide.bench", SPEAKS_TO_ITS_PARENT)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printed == []


def test_no_name_is_empty_of_meaning(modules: list[Module]) -> None:
    for module in modules:
        assert not EMPTY_NAMES & set(module.name.split(".")), module.name
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                assert not node.name.lower().endswith(EMPTY_ENDINGS), module.at(node)


@pytest.mark.parametrize("call", ["eval", "exec", "pickle.loads", "os.system", "marshal.loads"])
def test_nothing_runs_what_it_was_given(modules: list[Module], call: str) -> None:
    found = [
        module.at(node)
        for module in modules
        if module.name != WRITES_CODE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == call
    ]
    assert found == []
