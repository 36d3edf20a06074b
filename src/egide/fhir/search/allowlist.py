"""What is indexed across patients: the population allow-list, and what each entry gives away.

A blind term lets whoever holds the database *without the keys* count how often a value occurs and
see which rows share it. So only what really narrows a search over everybody has terms; everything
else is answered by opening candidates. An establishment may add token parameters or take some out.

- *identifiers*: one term each, its value.
- *names of persons*: for each word of text, family and given its first 2, 3, 4, 6 and 8 letters.
- *birth date of persons*: year, month and day.
- *codes* (code, category, type, class, vaccine, clinical and verification status): one term for
  each coding, its code.
- *status*: one term.
- *labels* (`_tag`, `_security`, `_profile`): one term each.
- *`url`* of definitions: one term.
- *added*: one term for each value an establishment's own token parameter has.

What each gives away is said in `REVEALS`.

A token has **one** term, of its code alone, whatever its system: the code narrows nearly as much as
the pair, what comes out is checked anyway, and criteria that overlap (`1234` and `urn:x|1234`) ask
for the same term, which is what conditional writes lock. `family` and `given` are narrowed by the
terms of `name`.

The term of the *leading* code of a resource (the first coding of `leading_parameter`) stands apart
from the others, so that searches by it are answered in order: docs/decisions/0040.

Under a sensitivity label (`SENSITIVE_LABELS`) a resource gets no term of its codes or its labels,
only `WITHHELD`, which every search for a code or a label also asks for: where most is labelled,
such searches narrow little.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from egide.errors import Incorrect
from egide.fhir.definitions import search_parameters
from egide.fhir.search.expression import Exists
from egide.fhir.search.parameter import parameter
from egide.fhir.security_labels import CONFIDENTIALITY, VISIBILITY

Term = tuple[str, str]
"""(parameter, value), before it is keyed and hashed."""

PREFIX_LENGTHS = (2, 3, 4, 6, 8)
"""Of a normalised name. Part of what is stored: a change needs a new index."""

PERSONS = frozenset({"Patient", "Practitioner", "Person", "RelatedPerson"})

WITHHELD: Term = ("_withheld", "")
"""The term of a resource whose codes are not indexed."""

_IDENTIFIERS = frozenset({"identifier", "accession", "group-identifier", "requisition"})
_CODES = frozenset(
    {"code", "category", "type", "class", "vaccine-code", "clinical-status", "verification-status"}
)
_LEADING = ("code", "vaccine-code", "type", "class", "category")
"""The parameters of codes, the one that says what a resource is about first."""
_STATUSES = frozenset({"status", "lifecycle-status"})
_LABELS = frozenset({"_tag", "_security", "_profile"})

CATALOGUES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "CodeSystem": frozenset({"code"}),
        "ValueSet": frozenset({"code"}),
        "Questionnaire": frozenset({"code"}),
    }
)
"""Parameters left out because one resource would have thousands of terms."""

NAMES: Mapping[str, str] = MappingProxyType({"name": "name", "family": "name", "given": "name"})
"""Parameter → the one whose terms narrow it, for the names of persons."""


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


SENSITIVE_LABELS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        CONFIDENTIALITY: _codes("R V ETH HIV PSY SDV C S T"),
        "http://terminology.hl7.org/CodeSystem/v3-ActCode": _codes(
            """
            ETH GDIS HIV MST SCA SDV SEX SPI BH COGN DVD EMOTDIS MH PSY PSYTHPN SUD ETHUD OPIOIDUD
            STD TBOO VIO SICKLE DEMO DOB GENDER LIVARG MARST RACE REL EMPL LOCIS SSP ADOL CEL DIA
            DRGIS EMP PDS PHY PRS
            """
        ),
        VISIBILITY: _codes("MASQUE_PS INVISIBLE_PATIENT INVISIBLE_REPRESENTANTS_LEGAUX"),
    }
)
"""System → the security labels that mark a resource as sensitive: restricted confidentiality,
HL7 v3's information sensitivities (http://hl7.org/fhir/ValueSet/security-labels), and the French
shared record's visibility flags (JDV_J08)."""

Kind = Literal["token", "name", "birthdate", "uri"]
Class = Literal["identifier", "name", "birthdate", "code", "status", "label", "url", "added"]

REVEALS: Mapping[Class, str] = MappingProxyType(
    {
        "identifier": "counts tell almost nothing: each value is rare",
        "name": "counts tell frequent names",
        "birthdate": "counts tell years, by their histogram",
        "code": "counts tell frequent diagnoses, exams and drugs",
        "status": "counts tell which rows are final, active and so on",
        "label": "tells which rows share a label",
        "url": "tells nothing about patients",
        "added": "counts tell frequent values; equal values show as equal",
    }
)
"""What terms of each class give away to whoever has the database and not the keys."""


class Rule(NamedTuple):
    """One entry: `sensitive` when it is withheld under a sensitivity label."""

    parameter: str
    kind: Kind
    sensitive: bool
    of: Class = "added"

    @property
    def reveals(self) -> str:
        """What its terms give away without the keys."""
        return REVEALS[self.of]


@dataclass(frozen=True, slots=True)
class AllowList:
    """The standard entries, less what an establishment took out, and what it added."""

    added: frozenset[tuple[str, str]] = frozenset()
    removed: frozenset[tuple[str, str]] = frozenset()

    def rules(self, type_: str) -> Mapping[str, Rule]:
        """Parameter → its entry, for one type."""
        return _rules(self, type_)

    def adding(self, type_: str, code: str) -> "AllowList":
        """This list with a token parameter more, or with a standard entry again.

        Raises Incorrect for any other parameter, for one whose values are not all read as tokens
        (`Patient.deceased` may be a date), and where one resource would have thousands of terms.
        """
        pair = frozenset({(type_, code)})
        if pair <= self.removed and code in STANDARD.rules(type_):
            return replace(self, removed=self.removed - pair)
        if not _tokens(type_, code):
            raise Incorrect(f"{type_} has no token parameter {code} that could be indexed")
        return replace(self, added=self.added | pair, removed=self.removed - pair)

    def without(self, type_: str, code: str) -> "AllowList":
        """This list with an entry less. Raises Incorrect if it is not in it."""
        if code not in self.rules(type_):
            raise Incorrect(f"{code} of {type_} is not indexed")
        pair = frozenset({(type_, code)})
        return replace(self, added=self.added - pair, removed=self.removed | pair)


STANDARD = AllowList()


def _tokens(type_: str, code: str) -> bool:
    """Whether a term can be made of every value `code` of `type_` finds."""
    known = parameter(type_, code)
    if known is None or known.kind != "token" or not known.sources or code == "_id":
        return False
    steps = (step for source in known.sources for step in source.path.steps)
    return code not in CATALOGUES.get(type_, ()) and not any(isinstance(s, Exists) for s in steps)


@cache
def leading_parameter(type_: str) -> str | None:
    """The parameter of the codes that say what resources of a type are about, whether or not the
    list in force has it; None when the type has none."""
    rules = STANDARD.rules(type_)
    return next((code for code in _LEADING if code in rules), None)


def leading(type_: str, terms: Iterable[Term]) -> Term | None:
    """The term of the leading code among those of one resource: of the first coding of the leading
    parameter, or `WITHHELD` when its codes are not indexed. None when there is neither."""
    code = leading_parameter(type_)
    if code is None:
        return None
    return next((term for term in terms if term[0] == code or term == WITHHELD), None)


@cache
def _rules(allowed: AllowList, type_: str) -> Mapping[str, Rule]:
    rules = {rule.parameter: rule for rule in _standard(type_)}
    rules |= {code: Rule(code, "token", True) for of, code in allowed.added if of == type_}
    for of, code in allowed.removed:
        if of == type_:
            rules.pop(code, None)
    return MappingProxyType(rules)


def _standard(type_: str) -> Iterator[Rule]:
    left_out = CATALOGUES.get(type_, frozenset())
    for code, known in search_parameters(type_).items():
        if code in left_out:
            continue
        if known.type == "token":
            if code in _IDENTIFIERS:
                yield Rule(code, "token", False, "identifier")
            elif code in _STATUSES:
                yield Rule(code, "token", False, "status")
            elif code in _CODES:
                yield Rule(code, "token", True, "code")
            elif code in _LABELS:
                yield Rule(code, "token", True, "label")
        elif known.type == "uri" and code in _LABELS:
            yield Rule(code, "uri", True, "label")
        elif known.type == "uri" and code == "url":
            yield Rule(code, "uri", False, "url")
        elif type_ in PERSONS and known.type == "string" and code == "name":
            yield Rule(code, "name", False, "name")
        elif type_ in PERSONS and known.type == "date" and code == "birthdate":
            yield Rule(code, "birthdate", False, "birthdate")
