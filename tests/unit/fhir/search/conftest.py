"""What the tests of search share: a context, one question asked of one resource, records."""

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from egide.fhir.definitions import TYPES
from egide.fhir.search import Context, matches, parse
from egide.synthetic import bundles, encode

Json = dict[str, Any]
Ask = Callable[[Json, str, str], bool]

_PARIS = Context(
    zone=ZoneInfo("Europe/Paris"),
    now=datetime(2026, 1, 1, 12, tzinfo=UTC),
    bases=frozenset({"https://chu.example/fhir/"}),
)


@pytest.fixture(scope="session")
def paris() -> Context:
    """A search in Paris on New Year's Day 2026, on a server at https://chu.example/fhir/."""
    return _PARIS


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Does the resource match `name=value`?"""

    def asked(resource: Json, name: str, value: str) -> bool:
        return matches(parse(resource["resourceType"], [(name, value)], _PARIS), resource)

    return asked


@pytest.fixture(scope="session")
def synthetic() -> list[Json]:
    """Some hundred resources made from a seed, references resolved."""
    return resolved([encode(bundle) for bundle in bundles(7, 4)])


@pytest.fixture(scope="session")
def synthea(shared: Path) -> list[Json]:
    """The resources of a few Synthea bundles, references resolved."""
    files = sorted((shared / "data" / "synthea").glob("*.json.gz"))[:6]
    return resolved([gzip.decompress(file.read_bytes()) for file in files])


@pytest.fixture(scope="session")
def examples(shared: Path) -> list[Json]:
    """One example of nearly every R4 type."""
    files = sorted((shared / "suites" / "examples-r4").rglob("*.json"))
    read = [msgspec.json.decode(file.read_bytes()) for file in files]
    return [r for r in read if isinstance(r, dict) and r.get("resourceType") in TYPES]


def resolved(bundles: list[bytes]) -> list[Json]:
    """The resources of transaction bundles, references resolved, decimals exact."""
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    local = {
        entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for raw in bundles
        for entry in decode(raw)["entry"]
    }
    resources = []
    for raw in bundles:
        text = re.sub(r"urn:uuid:[0-9a-f-]{36}", lambda u: local.get(u[0], u[0]), raw.decode())
        resources += [entry["resource"] for entry in decode(text.encode())["entry"]]
    return resources
