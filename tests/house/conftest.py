"""The program as it is written: its modules, parsed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@dataclass(frozen=True)
class Module:
    """One file of the program: `name` as it is imported, `path` from the project's folder."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    def within(self, *packages: str) -> bool:
        """Whether it is one of `packages` or inside one."""
        return any(self.name == each or self.name.startswith(f"{each}.") for each in packages)

    def imports(self) -> Iterator[str]:
        """What it imports: packages, and what is taken from each (`egide.store.Row`)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def at(self, node: ast.AST) -> str:
        """Where `node` is, for a message."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Every module of the program."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text("utf-8")
        found.append(Module(name, path.relative_to(ROOT), text, ast.parse(text)))
    assert len(found) > 100
    return found
