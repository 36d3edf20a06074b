"""Records in the standard's own words: what the dictionaries of `egide.seal` are trained on.

Which elements a record usually carries is written by hand in `standard_shapes.py`; names, order,
types, code lists and code systems come from HL7's package `hl7.fhir.r4.core` (CC0). Text is drawn
from general medical English; codes of SNOMED CT, LOINC, RxNorm and ICD are random digits, so that
nothing of these terminologies is in a dictionary. Nothing here is about anybody.
"""

import json
import re
import tarfile
import uuid
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from standard_shapes import SHAPES

Json = dict[str, Any]
FHIR = "http://hl7.org/fhir/"
PROFILES = FHIR + "StructureDefinition/"

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ELSEWHERE = (SNOMED, SNOMED, SNOMED, LOINC, FHIR + "sid/icd-10", FHIR + "sid/cvx")
"""Terminologies, as often as they are met, whose codes are drawn: their content is not ours."""

DRAWN = {
    "medication": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "vaccineCode": FHIR + "sid/cvx",
    "Observation.code": LOINC,
    "DiagnosticReport.code": LOINC,
    "component.code": LOINC,
    "Composition.type": LOINC,
    "DocumentReference.type": LOINC,
    "sopClass": "urn:ietf:rfc:3986",
    "modality": "http://dicom.nema.org/resources/ontology/DCM",
}
"""Where another terminology than SNOMED CT is usual."""

USUAL = frozenset(
    """
    final completed active finished confirmed resolved order claim complete generated official
    laboratory vital-signs LAB AMB EMER IMP institutional normal male female primary prov self
    encounter-diagnosis outpatient home accepted in-progress high low medication food
    available current allergy phone M S N
    """.split()  # noqa: SIM905  (a list to read)
)
"""Codes most records carry, drawn more often than the others of their list."""

WORDS = """
    acute chronic viral bacterial infection infection of fracture sprain injury wound
    laceration disease disorder syndrome disease of the heart failure blood pressure body
    weight height mass index rate respiratory cardiac renal liver skin bone joint pain fever
    cough allergy to pollen food drug therapy procedure examination assessment of care plan
    management education service patient history family primary secondary type severe moderate
    mild normal abnormal left right upper lower limb arm leg foot hand head neck chest abdomen
    eye ear throat vaccine injectable preservative free seasonal adult child dose oral tablet
    capsule solution injection hour extended release concentrate glucose cholesterol
    hemoglobin volume count platelets serum plasma urine screening surgery removal imaging
    radiograph ultrasound magnetic resonance computed tomography encounter for check up
    follow-up visit emergency hospital admission general consultation pregnancy birth newborn
    cancer tumor neoplasm of breast lung colon prostate diabetes mellitus hypertension asthma
    anemia depression anxiety smoking status tobacco alcohol use and with by in glucose urea
    nitrogen creatinine calcium sodium potassium chloride carbon dioxide protein albumin
    globulin bilirubin total direct alkaline phosphatase alanine aspartate aminotransferase
    cholesterol triglycerides low high density lipoprotein leukocytes erythrocytes hematocrit
    mean distribution width complete basic comprehensive metabolic panel lipid estimated
    glomerular filtration rate prenatal postnatal initial office symptom problem treatment
    document reviewed immunization
""".split()  # noqa: SIM905  (a list to read)

SUFFIXES = ("", "", "", " (disorder)", " (procedure)", " (finding)", " (situation)")
LAB = (
    " [Mass/volume] in Blood",
    " [Mass/volume] in Serum or Plasma",
    " [Moles/volume] in Serum or Plasma",
    " [#/volume] in Blood by Automated count",
    " [Presence] in Urine by Test strip",
    " [Volume Fraction] of Blood",
    " [Entitic volume]",
)
DOSES = (" MG Oral Tablet", " MG Oral Capsule", " MG/ML Injection", " MG Extended Release Tablet")
UNITS = """
    mg/dL mmol/L g/dL % kg cm kg/m2 mm[Hg] /min {score} mg a d mL pg fL 10*3/uL 10*9/L U/L
    [IU]/L Cel umol/L ug/L h mg/g mL/min mEq/L {nominal} 1
""".split()  # noqa: SIM905  (a list to read)
FAMILY = """
    Smith Johnson Williams Brown Jones Miller Davis Wilson Martin Bernard Dubois
""".split()  # noqa: SIM905  (a list to read)
GIVEN = """
    Mary John Linda James Anna Paul Marie Pierre Louis Emma Laura David Peter
""".split()  # noqa: SIM905  (a list to read)
CITIES = """
    Springfield Franklin Clinton Madison Georgetown Villexemple Saint-Modèle
""".split()  # noqa: SIM905  (a list to read)
STREETS = ("Main Street", "Oak Avenue", "Park Road", "rue des Lilas", "avenue de la Gare")
ZONES = ("+00:00", "+00:00", "+00:00", "Z", "+01:00", "+02:00", "-04:00", "-05:00")
PREFERRED = """
    Patient Encounter Practitioner Organization Condition Observation Location Coverage Claim
    ServiceRequest Medication CareTeam Goal Procedure
""".split()  # noqa: SIM905  (a list to read)


class Part(NamedTuple):
    """One element of a shape."""

    name: str
    likelihood: float
    many: bool
    parts: "tuple[Part, ...]"


class Standard:
    """The package: definitions, code lists and code systems."""

    def __init__(self, source: Path) -> None:
        self.structures: dict[str, Json] = {}
        self.systems: dict[str, Json] = {}
        self.sets: dict[str, Json] = {}
        for each in _resources(source):
            if each["resourceType"] == "StructureDefinition":
                if each.get("derivation") != "constraint":
                    self.structures[each["type"]] = each
            elif each["resourceType"] == "CodeSystem":
                self.systems[each["url"]] = each
            elif each["resourceType"] == "ValueSet":
                self.sets[each["url"]] = each
        self.elements = {
            element["path"]: element
            for each in self.structures.values()
            for element in each["snapshot"]["element"]
        }
        self.order = {path: place for place, path in enumerate(self.elements)}
        self._lists: dict[str, list[Json]] = {}

    def element(self, path: str, name: str) -> tuple[Json, str] | None:
        """The element `name` of `path` (a name of choice with its type) and its type."""
        element = self.elements.get(f"{path}.{name}")
        if element is not None:
            if "contentReference" in element:
                return self.elements[element["contentReference"][1:]], "BackboneElement"
            return element, element["type"][0]["code"]
        for cut in range(1, len(name)):
            element = self.elements.get(f"{path}.{name[:cut]}[x]")
            if element is not None:
                kind = name[cut:]
                for each in element["type"]:
                    if each["code"][0].upper() + each["code"][1:] == kind:
                        return element, each["code"]
        return None

    def codes(self, url: str) -> list[Json]:
        """The codings a value set lists, without those of other terminologies."""
        url = url.split("|")[0]
        if url not in self._lists:
            self._lists[url] = list(self._expand(url, set()))[:400]
        return self._lists[url]

    def _expand(self, url: str, seen: set[str]) -> Iterator[Json]:
        if url in seen or url not in self.sets:
            return
        seen.add(url)
        for include in self.sets[url].get("compose", {}).get("include", []):
            for other in include.get("valueSet", []):
                yield from self._expand(other.split("|")[0], seen)
            system = include.get("system", "")
            if not system or system.startswith(ELSEWHERE):
                continue
            known = _concepts(self.systems.get(system, {}).get("concept", []))
            listed = include.get("concept", known.values())
            roots = {each["value"] for each in include.get("filter", []) if each["op"] == "is-a"}
            if include.get("filter"):
                listed = [each for each in listed if _ancestors(each["code"], known) & roots]
            for concept in listed:
                code = concept["code"]
                display = concept.get("display") or known.get(code, {}).get("display")
                yield {"system": system, "code": code} | ({"display": display} if display else {})


class Author:
    """Writes records of every shaped type from one seed."""

    def __init__(self, standard: Standard, seed: int) -> None:
        self.standard = standard
        self.random = Random(seed)
        self.shapes = {type: _shape(text) for type, text in SHAPES.items()}

    def record(self, type: str) -> Json:
        """One record of `type`, in the order the server writes."""
        self._moment = self._draw_moment()
        made: Json = {"resourceType": type, "id": self._uuid(), "meta": self._meta(type)}
        if self.random.random() < 0.12:
            made["text"] = self._narrative()
        return made | self._parts(type, self.shapes[type])

    def _parts(self, path: str, parts: Iterable[Part]) -> Json:
        found = []
        for part in parts:
            if self.random.random() >= part.likelihood:
                continue
            if part.name == "extension":
                found.append((-1, part.name, self._us_core_extensions()))
                continue
            if part.name == "contained":
                found.append((-2, part.name, [self._contained(p.name) for p in part.parts]))
                continue
            known = self.standard.element(path, part.name)
            if known is None:
                raise SystemExit(f"no element {path}.{part.name} in the standard")
            element, kind = known
            place = self.standard.order[element["path"]]
            count = self.random.choice((1, 1, 2, 3)) if part.many else 1
            values = [self._value(element, kind, part, n + 1) for n in range(count)]
            many = element["max"] != "1"
            found.append((place, part.name, values if many else values[0]))
        return {name: value for _, name, value in sorted(found, key=lambda item: item[0])}

    def _value(self, element: Json, kind: str, part: Part, number: int) -> Any:
        if part.parts:
            return self._parts(element["path"], part.parts)
        if part.name in ("sequence", "itemSequence", "number") or part.name.endswith("Sequence"):
            return number
        make = getattr(self, "_" + re.sub(r"\W", "_", kind).split("_System_")[-1].lower(), None)
        if make is None:
            return self._text()
        if kind in ("code", "Coding", "CodeableConcept", "Reference"):
            return make(element, part)
        return make()

    def _code(self, element: Json, part: Part) -> str:
        codes = self.standard.codes(element.get("binding", {}).get("valueSet", ""))
        return self._pick(codes)["code"] if codes else "fr"

    def _coding(self, element: Json, part: Part) -> Json:
        path = element["path"].replace("[x]", "")
        for name, system in DRAWN.items():
            if path.endswith(name):
                return self._drawn(system)
        binding = element.get("binding", {})
        codes = self.standard.codes(binding.get("valueSet", ""))
        example = binding.get("strength") == "example"
        if not codes or (example and self.random.random() < 0.4):
            return self._drawn(self.random.choice(ELSEWHERE))
        coding = dict(self._pick(codes[:60]))
        if self.random.random() < 0.4:
            coding.pop("display", None)
        return coding

    def _pick(self, codes: list[Json]) -> Json:
        usual = [each for each in codes if each["code"] in USUAL]
        return self.random.choice(usual if usual and self.random.random() < 0.6 else codes)

    def _drawn(self, system: str) -> Json:
        words = self._text()
        if system == LOINC:
            code = f"{self.random.randint(1000, 99999)}-{self.random.randint(0, 9)}"
            return {"system": system, "code": code, "display": words + self.random.choice(LAB)}
        if system.endswith("rxnorm"):
            text = f"{words} {self.random.randint(1, 500)}{self.random.choice(DOSES)}"
            return {
                "system": system,
                "code": str(self.random.randint(10000, 2000000)),
                "display": text,
            }
        if system.endswith("cvx"):
            return {"system": system, "code": str(self.random.randint(1, 200)), "display": words}
        if system == "urn:ietf:rfc:3986":
            return {"system": system, "code": f"urn:oid:1.2.840.10008.5.1.4.1.1.{self._digits(1)}"}
        if system.endswith("DCM"):
            return {"system": system, "code": self.random.choice(("CT", "MR", "DX", "US"))}
        text = words + self.random.choice(SUFFIXES)
        return {"system": system, "code": self._digits(self.random.randint(6, 15)), "display": text}

    def _codeableconcept(self, element: Json, part: Part) -> Json:
        if self.random.random() < 0.05:
            return {"text": self._text()}
        coding = self._coding(element, part)
        made: Json = {"coding": [coding]}
        if "display" in coding and self.random.random() < 0.6:
            made["text"] = coding["display"]
        return made

    def _reference(self, element: Json, part: Part) -> Json:
        targets = [
            profile.rsplit("/", 1)[1]
            for kind in element["type"]
            if kind["code"] == "Reference"
            for profile in kind.get("targetProfile", [PROFILES + "Resource"])
        ]
        usual = [target for target in PREFERRED if target in targets]
        target = usual[0] if usual and self.random.random() < 0.8 else self.random.choice(targets)
        if target == "Resource":
            target = self.random.choice(PREFERRED)
        if self.random.random() < 0.06:
            return {"display": self._text()}
        made = {"reference": f"{target}/{self._uuid()}"}
        if self.random.random() < 0.2:
            made["display"] = self._text()
        return made

    def _contained(self, type: str) -> Json:
        shape = _shape(
            "status type? beneficiary payor"
            if type == "Coverage"
            else "status intent subject requester performer"
        )
        return {"resourceType": type, "id": type.lower()} | self._parts(type, shape)

    def _us_core_extensions(self) -> list[Json]:
        root = FHIR + "us/core/StructureDefinition/us-core-"
        omb = "urn:oid:2.16.840.1.113883.6.238"
        race = self.random.choice(
            (
                ("2106-3", "White"),
                ("2054-5", "Black or African American"),
                ("2028-9", "Asian"),
                ("1002-5", "American Indian or Alaska Native"),
            )
        )
        origin = self.random.choice(
            (("2186-5", "Not Hispanic or Latino"), ("2135-2", "Hispanic or Latino"))
        )
        made: list[Json] = []
        for name, (code, display) in (("race", race), ("ethnicity", origin)):
            coding = {"system": omb, "code": code, "display": display}
            inner = [{"url": "ombCategory", "valueCoding": coding}]
            inner.append({"url": "text", "valueString": display})
            made.append({"url": root + name, "extension": inner})
        made.append({"url": PROFILES + "patient-mothersMaidenName", "valueString": self._text(1)})
        made.append({"url": root + "birthsex", "valueCode": self.random.choice("FM")})
        place = {"city": self.random.choice(CITIES), "state": "Ohio", "country": "US"}
        made.append({"url": PROFILES + "patient-birthPlace", "valueAddress": place})
        return made

    def _meta(self, type: str) -> Json:
        moment = f"{self.random.randint(2026, 2035)}{self._draw_moment()[4:19]}.{self._digits(3)}Z"
        made: Json = {"versionId": self.random.choice("11111123"), "lastUpdated": moment}
        draw = self.random.random()
        if draw < 0.15:
            made["profile"] = [f"{FHIR}us/core/StructureDefinition/us-core-{type.lower()}"]
        elif draw < 0.25:
            made["profile"] = [f"{PROFILES}{type}"]
        elif draw < 0.32:
            security = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
            made["security"] = [{"system": security, "code": self.random.choice("NR")}]
        elif draw < 0.45:
            made["tag"] = [
                {"system": f"https://example.org/{self._text(1)}", "code": self._text(1)}
            ]
        return made

    def _narrative(self) -> Json:
        body = "".join(f"<p>{self._text(6)}</p>" for _ in range(self.random.randint(1, 3)))
        div = f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'
        return {"status": "generated", "div": div}

    def _identifier(self) -> Json:
        made: Json = {}
        if self.random.random() < 0.4:
            made["use"] = self.random.choice(("official", "usual"))
        if self.random.random() < 0.5:
            codes = self.standard.codes(FHIR + "ValueSet/identifier-type")
            coding = self.random.choice(codes)
            made["type"] = {"coding": [coding]}
            if "display" in coding:
                made["type"]["text"] = coding["display"]
        made["system"] = self.random.choice(
            (
                "urn:ietf:rfc:3986",
                FHIR + "sid/us-npi",
                FHIR + "sid/us-ssn",
                "urn:oid:2.16.840.1.113883.4.3.25",
                "urn:oid:1.2.250.1.213.1.4.8",
                "https://rpps.esante.gouv.fr",
                "https://finess.esante.gouv.fr",
                f"https://{self._text(1)}.example.org",
            )
        )
        made["value"] = self.random.choice(
            (self._uuid(), self._digits(10), f"urn:uuid:{self._uuid()}")
        )
        return made

    def _humanname(self) -> Json:
        family, given = self.random.choice(FAMILY), self.random.choice(GIVEN)
        made: Json = {"use": self.random.choice(("official", "usual", "maiden"))}
        made["family"] = f"{family}{self._digits(2)}"
        made["given"] = [given]
        if self.random.random() < 0.5:
            made["prefix"] = [self.random.choice(("Mr.", "Mrs.", "Ms.", "Dr."))]
        return made

    def _address(self) -> Json:
        return {
            "line": [f"{self.random.randint(1, 999)} {self.random.choice(STREETS)}"],
            "city": self.random.choice(CITIES),
            "state": self.random.choice(("MA", "OH", "CA", "Massachusetts")),
            "postalCode": self._digits(5),
            "country": self.random.choice(("US", "FR")),
        }

    def _contactpoint(self) -> Json:
        if self.random.random() < 0.2:
            return {"system": "email", "value": f"{self._text(1)}@example.org", "use": "work"}
        use = self.random.choice(("home", "work", "mobile"))
        return {"system": "phone", "value": f"555-{self._digits(3)}-{self._digits(4)}", "use": use}

    def _quantity(self) -> Json:
        unit = self.random.choice(UNITS)
        return {
            "value": self._decimal(),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        }

    _simplequantity = _age = _duration = _quantity

    def _money(self) -> Json:
        value = Decimal(self.random.randint(100, 100000)) / 100
        return {"value": value, "currency": self.random.choice(("USD", "EUR"))}

    def _period(self) -> Json:
        return {"start": self._datetime(), "end": self._datetime()}

    def _attachment(self) -> Json:
        return {
            "contentType": self.random.choice(("text/plain", "application/pdf")),
            "data": "SGk=",
        }

    def _annotation(self) -> Json:
        return {"time": self._datetime(), "text": self._text()}

    def _timing(self) -> Json:
        return {
            "repeat": {"frequency": self.random.randint(1, 4), "period": 1.0, "periodUnit": "d"}
        }

    def _dosage(self) -> Json:
        made: Json = {"sequence": 1}
        if self.random.random() < 0.4:
            made["text"] = self._text()
        made["timing"] = self._timing()
        made["asNeededBoolean"] = self._boolean()
        kind = {
            "system": "http://terminology.hl7.org/CodeSystem/dose-rate-type",
            "code": "ordered",
            "display": "Ordered",
        }
        amount = {"value": self.random.randint(1, 4)}
        made["doseAndRate"] = [{"type": {"coding": [kind]}, "doseQuantity": amount}]
        return made

    def _backboneelement(self) -> Json:
        language = {"system": "urn:ietf:bcp:47", "code": "en-US", "display": "English"}
        return {"language": {"coding": [language], "text": "English"}}

    def _draw_moment(self) -> str:
        return (
            f"{self.random.choice((19, 20, 20))}{self.random.randint(0, 99):02d}-"
            f"{self.random.randint(1, 12):02d}-"
            f"{self.random.randint(1, 28):02d}T{self.random.randint(0, 23):02d}:"
            f"{self.random.randint(0, 59):02d}:{self.random.randint(0, 59):02d}"
            f"{self.random.choice(ZONES)}"
        )

    def _datetime(self) -> str:
        moment = self._moment if self.random.random() < 0.7 else self._draw_moment()
        return moment[:10] if self.random.random() < 0.1 else moment

    def _instant(self) -> str:
        return f"{self._moment[:19]}.{self._digits(3)}{self._moment[19:]}"

    def _date(self) -> str:
        return self._datetime()[:10]

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _digits(self, count: int) -> str:
        return str(self.random.randint(10 ** (count - 1), 10**count - 1))

    def _decimal(self) -> Decimal:
        digits = self.random.choice((0, 1, 1, 2, 14))
        return Decimal(f"{self.random.uniform(0, 200):.{digits}f}")

    def _boolean(self) -> bool:
        return self.random.random() < 0.7

    def _positiveint(self) -> int:
        return self.random.randint(1, 3)

    _unsignedint = _integer = _positiveint

    def _oid(self) -> str:
        return f"urn:oid:1.2.840.{self._digits(8)}.{self._digits(3)}"

    def _id(self) -> str:
        return self._digits(4)

    def _text(self, words: int | None = None) -> str:
        count = words or self.random.randint(1, 5)
        text = " ".join(self.random.choice(WORDS) for _ in range(count))
        return text[0].upper() + text[1:] if self.random.random() < 0.8 else text

    _string = _markdown = _uri = _url = _canonical = _xhtml = _base64binary = _text


def _shape(text: str) -> tuple[Part, ...]:
    tokens = re.findall(r"[A-Za-z]+|\?\?|\?|\*|\(|\)", text)

    def parts() -> tuple[Part, ...]:
        found: list[Part] = []
        while tokens and tokens[0] != ")":
            name, likelihood, many, inner = tokens.pop(0), 1.0, False, ()
            while tokens and tokens[0] in ("?", "??", "*", "("):
                mark = tokens.pop(0)
                if mark == "(":
                    inner = parts()
                    tokens.pop(0)
                elif mark == "*":
                    many = True
                else:
                    likelihood = 0.5 if mark == "?" else 0.125
            found.append(Part(name, likelihood, many, inner))
        return tuple(found)

    return parts()


def _concepts(tree: list[Json], above: str | None = None) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for concept in tree:
        parents = {above} if above else set()
        for each in concept.get("property", []):
            if each["code"] == "subsumedBy":
                parents.add(each["valueCode"])
        found[concept["code"]] = concept | {"parents": parents}
        found |= _concepts(concept.get("concept", []), concept["code"])
    return found


def _ancestors(code: str, known: dict[str, Json]) -> set[str]:
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for parent in known.get(waiting.pop(), {}).get("parents", ()):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _resources(source: Path) -> Iterator[Json]:
    wanted = re.compile(r"(StructureDefinition|CodeSystem|ValueSet)-[^/]*\.json")
    if source.is_dir():
        for path in sorted(source.glob("*.json")):
            if wanted.fullmatch(path.name):
                yield json.loads(path.read_bytes())
        return
    with tarfile.open(source) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            if wanted.fullmatch(member.name.removeprefix("package/")):
                file = archive.extractfile(member)
                assert file is not None
                yield json.loads(file.read())
