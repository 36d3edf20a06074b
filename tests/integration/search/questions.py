"""Questions drawn from what is in the library: every parameter, with its modifiers and prefixes.

Values are taken from the data, cut, changed by a little, or near misses.
"""

import random
from collections.abc import Iterator
from typing import Any

from tests.integration.search.library import CONTEXT, Json, Library
from tests.integration.search.naive import a_day, name_of, reference_codes, strings

from egide.errors import EgideError
from egide.fhir.search import Parameter, parameter, parse
from egide.fhir.search.literal import RESOURCE_TYPES

PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
ORDERED = frozenset({"date", "number", "quantity"})
"""Search types whose values take prefixes."""

Pair = tuple[str, str]


FEATURES = frozenset({"chain", "has", "include", "sort"})


def askable(type: str, pair: Pair) -> bool:
    """Whether a question may be put; what may not is counted in `test_clauses.py`."""
    return refusal(type, pair) is None


def refusal(type: str, pair: Pair) -> EgideError | None:
    """Why a question may not be put."""
    try:
        parse(type, [pair], CONTEXT, supports=FEATURES)  # type: ignore[arg-type]
    except EgideError as error:
        return error
    return None


def form_of(pair: Pair, known: Parameter) -> str:
    """How a parameter is asked: its modifier, `[type]` for any type; or the prefix of the value."""
    modifier = pair[0].partition(":")[2]
    if modifier:
        return "[type]" if modifier in RESOURCE_TYPES else modifier
    if known.kind in ORDERED and pair[1].startswith(PREFIXES[1:]):
        return pair[1][:2]
    return ""


def escaped(text: str) -> str:
    for sign in ("\\", ",", "|", "$"):
        text = text.replace(sign, f"\\{sign}")
    return text


class Questions:
    """`of(type, code)`: pairs to ask about one parameter, always the same."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._known: dict[tuple[str, str], list[Pair]] = {}
        self._links: dict[str, list[tuple[str, str]]] = {}

    def of(self, type: str, code: str) -> list[Pair]:
        key = (type, code)
        if key not in self._known:
            known = parameter(type, code)
            assert known is not None
            self._known[key] = list(dict.fromkeys(self._questions(known)))
        return self._known[key]

    def by_form(self, known: Parameter) -> dict[str, list[Pair]]:
        """The questions about a parameter, by how they ask."""
        found: dict[str, list[Pair]] = {}
        for pair in self.of(known.type, known.code):
            found.setdefault(form_of(pair, known), []).append(pair)
        return found

    def links(self, type: str) -> list[tuple[str, str]]:
        """(reference parameter, type it leads to) that occur."""
        if type not in self._links:
            self._links[type] = self._find_links(type)
        return self._links[type]

    def _find_links(self, type: str) -> list[tuple[str, str]]:
        found = set()
        for each in self.library.by_type.get(type, ()):
            for code in reference_codes(type):
                known = parameter(type, code)
                assert known is not None
                for source, value in known.values(each, each):
                    reference = source.type == "Reference" and value.get("reference")
                    if reference and reference in self.library.resources:
                        found.add((code, reference.partition("/")[0]))
        return sorted(found)

    def some(self, chance: random.Random, type: str, many: int) -> list[Pair]:
        """Up to `many` clauses on a type."""
        codes = [code for of, code in self.library.parameters if of == type]
        pairs = []
        for _ in range(many):
            known = self.of(type, chance.choice(codes))
            if known and askable(type, pair := chance.choice(known)):
                pairs.append(pair)
        return pairs

    def chain(self, chance: random.Random, type: str, depth: int) -> Pair | None:
        """A chain from `type`, some links naming the type they lead to."""
        name, here = "", type
        for _ in range(depth):
            links = self.links(here)
            if not links:
                break
            code, target = chance.choice(links)
            name += f"{code}:{target}." if chance.random() < 0.6 else f"{code}."
            here = target
        end = self.some(chance, here, 1)
        return (name + end[0][0], end[0][1]) if name and end else None

    def has(self, chance: random.Random, depth: int) -> tuple[str, Pair] | None:
        """A `_has`, and the type it may be asked of."""
        source = chance.choice(sorted(self.library.by_type))
        links = self.links(source)
        end = self.some(chance, source, 1)
        if depth > 1 and chance.random() < 0.5:
            inner = self.chain(chance, source, 1)
            end = [inner] if inner else end
        if not links or not end:
            return None
        code, type = chance.choice(links)
        name, value = f"_has:{source}:{code}:{end[0][0]}", end[0][1]
        if depth > 1 and chance.random() < 0.5:
            outer = [(c, t) for c, t in self.links(type)]
            if outer:
                code, target = chance.choice(outer)
                return target, (f"_has:{type}:{code}:{name}", value)
        return type, (name, value)

    def includes(self, chance: random.Random, type: str) -> list[Pair]:
        """One to three includes that may bring something along."""
        wanted: list[Pair] = []
        links = self.links(type)
        if links:
            code, target = chance.choice(links)
            wanted.append(("_include", f"{type}:{code}"))
            if chance.random() < 0.3:
                wanted[-1] = ("_include", f"{type}:{code}:{target}")
            further = self.links(target)
            if further and chance.random() < 0.6:
                code, _ = chance.choice(further)
                wanted.append(("_include:iterate", f"{target}:{code}"))
        backwards = [
            (source, code)
            for source in sorted(self.library.by_type)
            for code, target in self.links(source)
            if target == type
        ]
        if backwards and (not wanted or chance.random() < 0.5):
            source, code = chance.choice(backwards)
            wanted.append(("_revinclude", f"{source}:{code}"))
        return wanted

    def _questions(self, known: Parameter) -> Iterator[Pair]:
        chance = random.Random(f"{known.type} {known.code}")
        code = known.code
        resources = self.library.by_type[known.type]
        if known.kind == "composite":
            yield from self._composites(known, resources, chance)
            return
        yield f"{code}:missing", "true"
        yield f"{code}:missing", "false"
        values = [pair for each in resources for pair in known.values(each, each)]
        distinct = list({repr(value): (source.type, value) for source, value in values}.values())
        chosen = chance.sample(distinct, min(len(distinct), 6))
        for type, value in chosen:
            for modifier, text in self._texts(known, type, value, chance):
                yield f"{code}{modifier}", text
        plain = [text for name, text in self._known_texts(known, chosen, chance) if name == code]
        if len(plain) > 1:
            yield code, ",".join(chance.sample(plain, min(3, len(plain))))

    def _known_texts(self, known: Parameter, chosen: Any, chance: random.Random) -> list[Pair]:
        return [
            (f"{known.code}{modifier}", text)
            for type, value in chosen
            for modifier, text in self._texts(known, type, value, chance)
        ]

    def _texts(
        self, known: Parameter, type: str, value: Any, chance: random.Random
    ) -> Iterator[Pair]:
        """(modifier with its colon or nothing, value)."""
        match known.kind:
            case "token":
                yield from _tokens(known, type, value)
            case "string":
                for text in strings(value)[:3]:
                    yield from _strings(text)
            case "date":
                yield from _dates(type, value)
            case "number":
                yield from _numbers(value.get("value") if isinstance(value, dict) else value, "")
            case "quantity":
                yield from _quantities(value)
            case "reference":
                yield from _references(known, type, value)
            case "uri":
                yield "", escaped(value)
                yield ":below", escaped(value[: max(8, len(value) // 2)])
                yield ":above", escaped(f"{value}/more")
                yield "", escaped(f"{value}x")
            case "special":
                place = f"{value['latitude']}|{value['longitude']}"
                for far in ("", "|0.01", "|30|km", "|500000|m"):
                    yield "", place + far

    def _composites(
        self, known: Parameter, resources: list[Json], chance: random.Random
    ) -> Iterator[Pair]:
        for resource in chance.sample(resources, min(len(resources), 30)):
            for focus in known.focuses:
                for item in focus.read(resource, resource):
                    parts = []
                    for component in focus.components:
                        texts = [
                            text
                            for source, value in component.values(item, resource)
                            for modifier, text in self._texts(component, source.type, value, chance)
                            if not modifier and "$" not in text
                        ]
                        parts.append(chance.choice(texts) if texts else None)
                    if all(parts):
                        yield known.code, "$".join(part for part in parts if part)


def _tokens(known: Parameter, type: str, value: Any) -> Iterator[Pair]:
    codings: list[tuple[str | None, str]] = []
    texts: list[str] = []
    if type == "CodeableConcept":
        codings = [(c.get("system"), c.get("code", "")) for c in value.get("coding", ())]
        texts = [c["display"] for c in value.get("coding", ()) if c.get("display")]
        texts += [value["text"]] if value.get("text") else []
    elif type == "Coding":
        codings = [(value.get("system"), value.get("code", ""))]
    elif type == "Identifier":
        codings = [(value.get("system"), value.get("value", ""))]
        for coding in (value.get("type") or {}).get("coding", ()):
            said = f"{coding.get('system')}|{coding.get('code')}|{escaped(value['value'])}"
            yield ":of-type", said
            yield ":of-type", f"{said}x"
    elif type == "ContactPoint":
        codings = [(value.get("system"), value.get("value", ""))]
    elif isinstance(value, bool):
        codings = [(None, "true" if value else "false")]
    elif isinstance(value, str):
        codings = [(None, value)]
    for system, code in codings:
        if not code:
            continue
        said = escaped(code)
        yield "", said
        yield ":not", said
        yield "", said.upper()
        if not isinstance(value, bool) and known.types() != {"boolean"}:
            yield "", f"{said}x"
            yield "", f"|{said}"
            yield "", f"urn:other|{said}"
        if system:
            yield "", f"{escaped(system)}|{said}"
            yield "", f"{escaped(system)}|"
            yield ":not", f"{escaped(system)}|{said}"
    for text in texts[:2]:
        yield ":text", escaped(text[:6])
        yield ":text", escaped(text.upper())
    if texts:
        yield ":text", "zzzz"


def _strings(text: str) -> Iterator[Pair]:
    if not any(letter.isalnum() for letter in text):
        return
    yield "", escaped(text)
    yield "", escaped(text[:3].upper())
    yield "", escaped(text[:1])
    yield "", f"{escaped(text)}x"
    yield ":exact", escaped(text)
    yield ":exact", escaped(text.swapcase())
    yield ":contains", escaped(text[1:4] if any(c.isalnum() for c in text[1:4]) else text)
    words = text.split()
    if len(words) > 1 and any(c.isalnum() for c in words[-1]):
        yield "", escaped(words[-1])


def _dates(type: str, value: Any) -> Iterator[Pair]:
    if type == "Period":
        texts = [value[end] for end in ("start", "end") if value.get(end)]
    else:
        texts = [value] if isinstance(value, str) else value.get("event", [])
    for text in texts[:2]:
        forms = dict.fromkeys([text, text[:10], text[:7], text[:4]])
        if len(text) >= 10:
            forms |= dict.fromkeys([a_day(text, 1), a_day(text, -1), f"{text[:10]}T12:00"])
        for form in forms:
            for prefix in PREFIXES:
                yield "", f"{prefix}{form}"


def _numbers(number: Any, unit: str) -> Iterator[Pair]:
    if number is None:
        return
    for prefix in PREFIXES:
        yield "", f"{prefix}{number}{unit}"
    for near in (number + 1, -number, round(number)):
        yield "", f"{near}{unit}"
        yield "", f"gt{near}{unit}"


def _quantities(value: Any) -> Iterator[Pair]:
    number = value.get("value")
    yield from _numbers(number, "")
    if number is not None and value.get("code"):
        yield from _numbers(number, f"|{escaped(value.get('system', ''))}|{escaped(value['code'])}")
        yield "", f"{number}||{escaped(value['code'])}"
        yield "", f"{number}||none"
        yield "", f"{number}|urn:other|{escaped(value['code'])}"


def _references(known: Parameter, type: str, value: Any) -> Iterator[Pair]:
    if type != "Reference":
        if isinstance(value, str):
            yield "", escaped(value)
            yield ":below", escaped(value)
            yield ":below", escaped(value[:-2] if "|" in value else f"{value}|1")
        elif isinstance(value, dict) and value.get("resourceType"):
            yield "", name_of(value)
        return
    if value.get("identifier", {}).get("value"):
        said = value["identifier"]
        yield ":identifier", escaped(said["value"])
        yield ":identifier", f"{escaped(said.get('system', ''))}|{escaped(said['value'])}"
    reference = value.get("reference")
    if not reference or "/" not in reference:
        return
    type_, id = reference.split("/", 1)
    yield "", reference
    yield "", id
    yield f":{type_}", id
    yield f":{type_}", reference
    yield "", f"{type_}/nowhere"
    yield "", f"{reference}x"
    yield "", f"https://elsewhere.example/fhir/{reference}"
