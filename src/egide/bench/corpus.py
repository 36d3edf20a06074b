"""What is loaded: bundles of whole patients, and the same again under other identities."""

import gzip
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from egide import synthetic

SEED = 8600
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BORN = re.compile(rb'("birthDate":\s*")(\d{4}-\d\d-\d\d)"')


class Observed(NamedTuple):
    """An Observation as searches ask for it."""

    id: str
    patient: str
    code: str
    day: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Transaction bundles, as JSON; `name` says where they come from."""

    name: str
    bundles: tuple[bytes, ...]
    resources: int

    def again(self, number: int, *, bundles: int | None = None) -> list[bytes]:
        """The bundles (the first `bundles`) as other patients: see `Other`."""
        other = Other(number)
        return [other.bundle(raw) for raw in self.bundles[:bundles]]

    def write(self, folder: Path, number: int = 0, *, bundles: int | None = None) -> int:
        """Files of these bundles in `folder`; how many resources they hold."""
        folder.mkdir(parents=True, exist_ok=True)
        chosen = self.again(number, bundles=bundles) if number else self.bundles[:bundles]
        for place, raw in enumerate(chosen):
            (folder / f"{place:05}.json").write_bytes(raw)
        return sum(count(raw) for raw in chosen)


@dataclass(slots=True)
class Contents:
    """What can be asked of a loaded corpus."""

    identities: list[tuple[str, str]] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    observations: list[Observed] = field(default_factory=list)
    measured: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


class _Entry(msgspec.Struct):
    resource: dict[str, Any]
    fullUrl: str = ""  # noqa: N815  (FHIR's name)


class _Bundle(msgspec.Struct):
    entry: list[_Entry] = []


class _Counted(msgspec.Struct):
    entry: list[msgspec.Raw] = []


def corpus(folder: Path | None, *, patients: int) -> Corpus:
    """The Synthea bundles in `folder`, or our generator's when there is none."""
    if folder is not None:
        files = sorted(folder.glob("*.json.gz"))
        bundles = tuple(gzip.decompress(file.read_bytes()) for file in files)
        name = f"{len(bundles)} Synthea bundles"
    else:
        made = synthetic.bundles(seed=SEED, patients=patients)
        bundles = tuple(synthetic.encode(each) for each in made)
        name = f"{len(bundles)} bundles of our own generator, seed {SEED}"
    return Corpus(name, bundles, sum(count(raw) for raw in bundles))


def synthea() -> Path | None:
    """The folder of Synthea bundles: under EGIDE_SHARED, or in `shared` beside the checkout."""
    shared = Path(os.environ.get("EGIDE_SHARED") or Path(__file__).parents[4] / "shared")
    folder = shared / "data" / "synthea"
    return folder if folder.is_dir() else None


def count(raw: bytes) -> int:
    """How many entries a bundle has."""
    return len(msgspec.json.decode(raw, type=_Counted).entry)


def contents(bundles: Iterator[bytes] | tuple[bytes, ...], chance: random.Random) -> Contents:
    """The identities, patients and observations of bundles, in a drawn order.

    `codes` are those that fill a page of 20, the most frequent first; `measured` are Observations
    with a quantity.
    """
    found = Contents()
    seen: set[tuple[str, str]] = set()
    codes: Counter[str] = Counter()
    for raw in bundles:
        entries = msgspec.json.decode(raw, type=_Bundle).entry
        local = {each.fullUrl: f"{each.resource['resourceType']}/{each.resource['id']}"
                 for each in entries}  # fmt: skip
        for each in entries:
            resource = each.resource
            identity = (resource["resourceType"], resource["id"])
            if identity in seen:
                continue
            seen.add(identity)
            found.identities.append(identity)
            if identity[0] == "Patient":
                found.patients.append(identity[1])
            elif identity[0] == "Observation":
                observed = _observed(resource, local)
                if observed is not None:
                    found.observations.append(observed)
                    codes[observed.code] += 1
                    if "valueQuantity" in resource:
                        found.measured.append(_resolved(resource, local))
    chance.shuffle(found.identities)
    chance.shuffle(found.observations)
    chance.shuffle(found.measured)
    found.codes = [code for code, times in codes.most_common() if times > 20]
    return found


def zipf(codes: list[str], many: int, chance: random.Random) -> list[str]:
    """`many` draws from `codes`, the one of rank r as likely as 1/r."""
    weights = [1 / rank for rank in range(1, len(codes) + 1)]
    return chance.choices(codes, weights, k=many)


def _observed(resource: dict[str, Any], local: dict[str, str]) -> Observed | None:
    reference = resource.get("subject", {}).get("reference", "")
    subject = local.get(reference, reference)
    codings = resource["code"].get("coding", ())
    day = resource.get("effectiveDateTime", "")[:10]
    if not subject.startswith("Patient/") or not codings or not day:
        return None
    code = f"{codings[0].get('system', '')}|{codings[0]['code']}"
    return Observed(resource["id"], subject[8:], code, day)


def _resolved(node: Any, local: dict[str, str]) -> Any:
    """The resource with its references as the server stored them."""
    if isinstance(node, dict):
        return {
            name: local.get(value, value) if name == "reference" else _resolved(value, local)
            for name, value in node.items()
        }
    return [_resolved(each, local) for each in node] if isinstance(node, list) else node


class Other:
    """The names of one copy of the corpus: other UUIDs, other identifiers, born some days later.

    Copy 0 is the corpus itself.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._mask = random.Random(number).getrandbits(128) if number else 0  # noqa: S311

    def id(self, known: str) -> str:
        """A UUID; what is none stays as it is."""
        if not _UUID.fullmatch(known.encode()):
            return known
        text = f"{int(known.replace('-', ''), 16) ^ self._mask:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def identifier(self, known: str) -> str:
        """The value of an identifier."""
        if not self.number or _UUID.search(known.encode()):
            return self.id(known)
        return f"{known}-{self.number}"

    def born(self, known: str) -> str:
        """A birth date."""
        return (date.fromisoformat(known) + timedelta(days=self.number)).isoformat()

    def bundle(self, raw: bytes) -> bytes:
        """A bundle of the corpus."""
        for known in _identifiers(raw):
            raw = raw.replace(f'"{known}"'.encode(), f'"{self.identifier(known)}"'.encode())
        raw = _BORN.sub(lambda found: found[1] + self.born(found[2].decode()).encode() + b'"', raw)
        return _UUID.sub(lambda found: self.id(found[0].decode()).encode(), raw)


def _identifiers(raw: bytes) -> set[str]:
    """The identifiers of patients that are no UUIDs."""
    patients = (
        each.resource
        for each in msgspec.json.decode(raw, type=_Bundle).entry
        if each.resource["resourceType"] == "Patient"
    )
    values = {each["value"] for one in patients for each in one.get("identifier", ())}
    return {value for value in values if not _UUID.search(value.encode())}
