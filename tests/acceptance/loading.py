"""Samples as they lie in files, and what the server must have made of them.

Numbers are compared as they are written: `5.40` is not `5.4`.
"""

import gzip
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.acceptance.client import Client
from tests.acceptance.installation import Installation, Server
from tests.acceptance.records import synthetic

Json = dict[str, Any]
PATIENTS = 8


class Number(NamedTuple):
    """A number by its digits."""

    text: str


def exactly(text: bytes | str) -> Any:
    """JSON with its numbers as they are written."""
    return json.loads(text, parse_float=Number, parse_int=Number)


@dataclass(frozen=True)
class Sample:
    """One transaction bundle: its file, its bytes, its entries."""

    path: Path
    raw: bytes
    entries: list[Json]

    @classmethod
    def read(cls, path: Path) -> "Sample":
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
        return cls(path, raw, exactly(raw)["entry"])


def write_synthetic(folder: Path) -> list[Sample]:
    """Synthetic bundles as files in `folder`, the hospital's first."""
    for place, raw in enumerate(synthetic(PATIENTS)):
        (folder / f"synthetic-{place:03}.json").write_bytes(raw)
    return [Sample.read(path) for path in sorted(folder.iterdir())]


def expected(resource: Json, id: str, references: Mapping[str, str]) -> Json:
    """`resource` as it must read back, what the server sets in `meta` apart."""

    def resolved(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: references.get(value, value) if key == "reference" else resolved(value)
                for key, value in node.items()
            }
        if isinstance(node, list):
            return [resolved(each) for each in node]
        return node

    return without_what_the_server_sets(resolved(resource) | {"id": id})


def without_what_the_server_sets(resource: Json) -> Json:
    """`resource` without version and time of change."""
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in _SET_BY_THE_SERVER}
    rest = {k: v for k, v in resource.items() if k != "meta"}
    return rest | {"meta": meta} if meta else rest


_SET_BY_THE_SERVER = {"versionId", "lastUpdated"}


@dataclass
class Posted:
    """An installation that was given all samples as transactions over HTTP."""

    installation: Installation
    server: Server
    client: Client
    samples: list[Sample]
    answers: list[Json] = field(default_factory=list)

    def post(self) -> None:
        """Post every sample, two at a time."""

        def post(sample: Sample) -> Json:
            answer = self.client.post("", sample.raw)
            assert answer.status == 200, (sample.path.name, answer.status, answer.body[:2000])
            found: Json = exactly(answer.body)
            return found

        first, *others = self.samples
        self.answers = [post(first)]
        with ThreadPoolExecutor(2) as threads:
            self.answers += threads.map(post, others)


@dataclass
class Imported:
    """An installation that was given all samples by `egide import`."""

    installation: Installation
    samples: list[Sample]
    report: str
