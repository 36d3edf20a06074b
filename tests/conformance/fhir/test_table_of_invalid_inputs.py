"""The tables of invalid inputs, taken together: large enough, and every data type in them."""

import importlib.util
from pathlib import Path

from egide.fhir.definitions import definitions


def tables():
    for path in sorted(Path(__file__).parent.glob("test_invalid_*.py")):
        spec = importlib.util.spec_from_file_location(f"table_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield path.stem.removeprefix("test_invalid_"), module.CASES


def test_there_are_hundreds_of_rows_of_every_kind():
    sizes = {name: len(cases) for name, cases in tables()}
    assert sum(sizes.values()) >= 400
    assert min(sizes.values()) >= 30


def test_every_primitive_type_has_its_rows():
    cases = dict(tables())["primitives"]
    tried = {name.partition(":")[0] for name in cases}
    assert set(definitions().primitives) - tried == {"xhtml"}  # it has a table of its own
