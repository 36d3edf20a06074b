"""SQL is text that stands in the program; what is asked with it is a parameter."""

import ast
import re

from tests.house.conftest import Module

EXCEPTIONS = {
    "egide.store.finding": "the shape of a search depends on the question; fixed fragments only",
    "egide.db.cluster": "the role's random password, when a cluster is made and nobody can ask yet",
}
_SQL = re.compile(
    r"\s*(select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from|with\s+\w+\s+as|truncate\s"
    r"|copy\s.+\s(from|to)|(create|alter|drop)\s+(table|index|role|user|database|schema|trigger))\b",
    re.IGNORECASE | re.DOTALL,
)


def interpolated(node: ast.AST) -> str | None:
    """The fixed text of a string that is put together while the program runs; None for others."""
    if isinstance(node, ast.JoinedStr):
        if not any(isinstance(part, ast.FormattedValue) for part in node.values):
            return None
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
        return "".join(map(str, parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _constant(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _constant(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _constant(node.func.value) if node.func.attr == "format" else None
    return None


def _constant(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def test_no_query_is_put_together_from_values(modules: list[Module]) -> None:
    found = [
        module.at(node)
        for module in modules
        if module.name not in EXCEPTIONS
        for node in ast.walk(module.tree)
        if (text := interpolated(node)) is not None and _SQL.match(text)
    ]
    assert found == []


def test_the_rule_finds_what_it_looks_for() -> None:
    bad = ast.parse("""f"select name from {table}"; "delete from x where a = %s" % v""")
    found = [interpolated(node) for node in ast.walk(bad)]
    assert sum(bool(text and _SQL.match(text)) for text in found) == 2
