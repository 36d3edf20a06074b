"""The documentation keeps up with the code."""

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import typer

import egide.cli
from egide.api.application import routes
from egide.api.rest.capabilities import capabilities

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
SAMPLES = {"EGIDE_SHARED", "EGIDE_PICTURES"}
"""Where tests and the bench find large samples and leave pictures: no settings of the program."""
GENERATED = "<!-- Written by scripts/reference.py"

IDS = [page.relative_to(ROOT).as_posix() for page in PAGES]


@pytest.fixture(scope="module")
def reference() -> Iterator[ModuleType]:
    """scripts/reference.py, which writes the generated pages."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts/reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["reference"]


def test_generated_pages_say_what_the_code_says(reference: ModuleType) -> None:
    late = [
        path
        for path, text in reference.pages().items()
        if not (ROOT / path).exists() or (ROOT / path).read_text("utf-8") != text
    ]
    assert not late, f"run python scripts/reference.py: {late}"


def test_what_claims_to_be_generated_is(reference: ModuleType) -> None:
    claiming = {
        page.relative_to(ROOT).as_posix()
        for page in PAGES
        if page.read_text("utf-8").startswith(GENERATED)
    }
    assert claiming == set(reference.pages())


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", _without_code(text)):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_words_that_claim_too_much_are_not_used(page: Path) -> None:
    text = page.read_text("utf-8").lower()
    claims = r"zero[- ]knowledge|\banonym(?:ous|e)\b|unreadable (?:to|by|for) administrators"
    used = re.findall(claims, text)
    assert not used


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_no_page_knows_the_machine_it_was_written_on(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.findall(r"/(?:work|home|root|Users)/\w+", text)


def test_every_column_of_the_database_is_in_sealing() -> None:
    text = (DOCS / "concepts/sealing.md").read_text("utf-8")
    missing = [
        f"{table}.{column}"
        for table, column in _columns()
        if f"`{table}.{column}`" not in text and f"| `{column}` |" not in _section(text, table)
    ]
    assert not missing


def test_sealing_names_no_column_there_is_not() -> None:
    text = (DOCS / "concepts/sealing.md").read_text("utf-8")
    tables = {table for table, _ in _columns()}
    named = {
        (table, column) for table, column in re.findall(r"`(\w+)\.(\w+)`", text) if table in tables
    }
    for table in tables:
        named |= {
            (table, column) for column in re.findall(r"\n\| `(\w+)` \|", _section(text, table))
        }
    assert named <= set(_columns())


def test_every_address_programs_use_is_in_the_rest_page() -> None:
    page = (DOCS / "reference/rest.md").read_text("utf-8")
    answered = {route.template for route in routes()}
    assert len(answered) > 8
    assert [template for template in sorted(answered) if f"`{template}`" not in page] == []


def test_every_interaction_the_server_claims_is_on_the_conformance_page() -> None:
    statement = msgspec.json.decode(capabilities("http://localhost/fhir", pretty=False))
    server = statement["rest"][0]
    claimed = {each["code"] for each in server["interaction"]}
    for resource in server["resource"]:
        claimed |= {each["code"] for each in resource["interaction"]}
    if server.get("compartment"):
        claimed.add("search-compartment")
    page = (DOCS / "conformance/fhir-r4.md").read_text("utf-8")
    done = set(re.findall(r"^\| ([a-z-]+) \| done", page, re.MULTILINE))
    assert claimed == done - {"capabilities"}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_that_are_shown_exist(page: Path) -> None:
    commands = dict(_commands(typer.main.get_command(egide.cli.command_line()), ()))
    groups = {words[:1] for words in commands if len(words) == 2}
    wrong = []
    for words in _shown(page.read_text("utf-8")):
        found = commands.get(words[:2]) or commands.get(words[:1])
        if found is None:
            if words[:1] not in groups or len(words) > 1:
                wrong.append(" ".join(words))
            continue
        options = {option for each in found.params for option in each.opts} | {"--help", "-h"}
        wrong += [word for word in words if word.startswith("-") and word not in options]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_variables_that_are_named_exist(page: Path) -> None:
    known = set(re.findall(r"EGIDE_\w+", (DOCS / "reference/settings.md").read_text("utf-8")))
    named = set(re.findall(r"EGIDE_\w+", page.read_text("utf-8")))
    assert named <= known | SAMPLES


def test_every_variable_the_code_reads_is_in_the_settings_page() -> None:
    page = (DOCS / "reference/settings.md").read_text("utf-8")
    read = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"EGIDE_[A-Z_]+", path.read_text("utf-8"))
    }
    assert [name for name in sorted(read - SAMPLES) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = re.findall(r"`((?:src|tests|scripts|bench|docs)/[\w./-]+)`", text)
    named += [f"src/{path}" for path in re.findall(r"`(egide/[\w./-]+\.py)`", text)]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_dependency_has_a_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[>=<;\[ ]", each)[0] for each in wanted}
    said = "".join(page.read_text("utf-8") for page in (DOCS / "decisions").glob("*.md")).lower()
    assert [name for name in sorted(names) if name.lower() not in said] == []


def test_decisions_are_numbered_without_a_hole() -> None:
    numbers = sorted(int(page.name[:4]) for page in (DOCS / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_page_can_be_reached_from_the_first() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
            target = (page.parent / link).resolve()
            if target.is_dir():
                waiting += target.glob("*.md")
            elif target.suffix == ".md" and target.exists():
                waiting.append(target)
    assert [page.name for page in PAGES if page not in seen] == []


def _columns() -> list[tuple[str, str]]:
    found = []
    for path in sorted((ROOT / "src/egide/db/schema").glob("*.sql")):
        sql = re.sub(r"--.*", "", path.read_text("utf-8"))
        for table, body in re.findall(r"create table (\w+) \((.*?)\n\);", sql, re.DOTALL):
            for line in body.splitlines():
                column = re.match(r"\s+(\w+)\s+\w+", line)
                if column and column[1] not in ("primary", "unique", "check", "foreign"):
                    found.append((table, column[1]))
    return found


def _section(text: str, table: str) -> str:
    """The part of the page under the heading that names `table`."""
    parts = re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE)
    return "".join(part for part in parts if part.startswith(f"### `{table}`:"))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    anchors = set()
    for title in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", title.lower().replace("`", ""))
        anchors.add(plain.strip().replace(" ", "-"))
    return anchors


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def _shown(text: str) -> Iterator[tuple[str, ...]]:
    """The words of each `egide …` in a code span or block."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    for line in [*spans, *(line for block in blocks for line in block.splitlines())]:
        command = re.match(r"(?:\$ |TOKEN=\$\()?(?:\.venv/bin/)?egide ([a-z-]+(?: .*)?)$", line)
        if command:
            words = re.split(r"[)#|;<]", command[1])[0].split()
            if words:
                yield tuple(words)


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
    else:
        for name, found in inner.items():
            yield from _commands(found, (*words, name))
