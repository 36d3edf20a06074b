"""SQL in named files."""

import sys
from pathlib import Path

import pytest

from egide.db import queries
from egide.errors import Fault


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    package = "sql_of_" + str(abs(hash(request.node.name)))
    tmp_path.joinpath(package).mkdir()
    tmp_path.joinpath(package, "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def _write(text: str) -> tuple[str, str]:
        tmp_path.joinpath(package, "rows.sql").write_text(text, "utf-8")
        return package, "rows.sql"

    yield _write
    sys.modules.pop(package, None)


def test_each_statement_is_found_by_its_name_without_comments_and_semicolon(write):
    found = queries(
        *write(
            "-- What these are for.\n\n"
            "-- insert_row: write a row\ninsert into t values ($1)\n"
            "-- a note: not a heading, no empty line before it\nreturning id;\n\n"
            "-- read_row: read it back\nselect '--' from t\n"
        )
    )
    assert dict(found) == {
        "insert_row": "insert into t values ($1)\nreturning id",
        "read_row": "select '--' from t",
    }


def test_the_mapping_cannot_be_changed(write):
    found = queries(*write("-- one: first\nselect 1\n"))
    with pytest.raises(TypeError):
        found["one"] = "drop table t"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("select 1\n", "without a name"),
        ("-- one: first\nselect 1\n\n-- one: again\nselect 2\n", "two statements named one"),
        ("-- one: first\n\n-- two: second\nselect 2\n", "no statement for it"),
    ],
)
def test_a_file_that_is_not_well_formed_is_a_fault(write, text, says):
    with pytest.raises(Fault, match=says):
        queries(*write(text))
