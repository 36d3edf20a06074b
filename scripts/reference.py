"""Write the pages of the documentation that say what the code says.

    python scripts/reference.py          write them
    python scripts/reference.py --check  say which lag behind; exit code 1 when one does

Nothing on these pages is edited by hand. What they say comes from the commands, the settings, the
errors, the roles, the metrics and the search parameters themselves.
"""

import ast
import dataclasses
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import typer

import egide.cli
import egide.settings
from egide import errors
from egide.actor import Clearance
from egide.api.rest.capabilities import capabilities
from egide.cli.routes import rows
from egide.fhir.definitions import type_definition
from egide.fhir.search import MAIN_DATES, STANDARD
from egide.gate import INTERACTIONS, ROLES, Facts, Grant, ResourceFacts, decide, grants_of
from egide.gate.choices import Choice, Choices, Provision
from egide.gate.custody import CUSTODY
from egide.gate.episodes import episode, episodes
from egide.gate.explaining import CHANGES
from egide.gate.labels import (
    HIDDEN_FROM_PATIENT,
    HIDDEN_FROM_PROFESSIONALS,
    HIDDEN_FROM_REPRESENTATIVES,
    RESTRICTED,
    VERY_RESTRICTED,
)
from egide.gate.masks import MASKS
from egide.gate.types import ADMISSION, AUDIT, DIRECTORY, KNOWLEDGE, RECORD
from egide.http import refusals
from egide.http.limits import Limits
from egide.http.messages import MESSAGES
from egide.http.outcome import STATUS
from egide.seal.owner import PERSONS
from egide.settings import Settings
from egide.telemetry import Metrics
from egide.telemetry.log import _Line

ROOT = Path(__file__).parent.parent
MADE = "<!-- Written by scripts/reference.py from the code; edits here are lost. -->\n\n"

PERMITS = Choices((Choice("Consent/1", "consent", Provision(True)),))
DENIES = Choices((Choice("Consent/1", "opposition", Provision(False)),))
ONE = frozenset({1})
REACHED: dict[str, Any] = {
    "patients": (1,),
    "reached": ONE,
    "agreed": ONE,
    "choices": {1: PERMITS},
}


def of_stay(label: str) -> frozenset[str]:
    """The labels of what belongs to a stay with a label."""
    return episodes([episode("Encounter/1", {label}, ())]).labels_of(["Encounter/1"])


PLACES: dict[str, dict[str, Any]] = {
    "a stranger's": {"patients": (2,)},
    "consent alone": {"patients": (2,), "agreed": frozenset({2}), "choices": {2: PERMITS}},
    "reached": REACHED,
    "opposed": REACHED | {"choices": {1: DENIES}},
    "R": REACHED | {"labels": frozenset({RESTRICTED})},
    "V": REACHED | {"labels": frozenset({VERY_RESTRICTED})},
    "MASQUE_PS": REACHED | {"labels": frozenset({HIDDEN_FROM_PROFESSIONALS})},
    "INVISIBLE_PATIENT": REACHED | {"labels": frozenset({HIDDEN_FROM_PATIENT})},
    "INVISIBLE_REPRESENTANTS": REACHED | {"labels": frozenset({HIDDEN_FROM_REPRESENTATIVES})},
    "its stay R": REACHED | {"labels": of_stay(RESTRICTED)},
    "its stay INVISIBLE_REPRESENTANTS": REACHED | {"labels": of_stay(HIDDEN_FROM_REPRESENTATIVES)},
}
"""Where a resource stands, as the page of the gate lists it."""
ASKED_FOR = {
    "registrar": "Appointment",
    "auditor": "AuditEvent",
    "dpo": "AuditEvent",
    "researcher": "Questionnaire",
    "manager": "PractitionerRole",
}
"""Role → the type its page is about, where it has no part in care."""

COMMON = 0.75
"""Share of the types from which on a search parameter is listed once, for all."""


def pages() -> dict[str, str]:
    """Path under the repository → text, of every generated page."""
    made = {
        "docs/reference/cli.md": cli(),
        "docs/reference/addresses.md": addresses(),
        "docs/reference/settings.md": settings(),
        "docs/reference/errors.md": error_page(),
        "docs/reference/telemetry.md": telemetry(),
        "docs/reference/roles.md": roles(),
        "docs/reference/gate.md": gate(),
        "docs/conformance/search-parameters.md": search_parameters(),
    }
    return {path: f"{MADE}{text.rstrip()}\n" for path, text in made.items()}


def cli() -> str:
    """Every command with its arguments and options, and the exit codes."""
    said, _, codes = (inspect.getdoc(egide.cli) or "").partition("\n\n")
    lines = ["# The command line", "", "`egide COMMAND --help` says the same at the terminal.", ""]
    lines += ["## Exit codes", "", "| Code | Meaning |", "|---|---|"]
    for code, meaning in re.findall(r"(\d) ([^;]+)[;.]", " ".join(codes.split())):
        lines.append(f"| {code} | {meaning} |")
    lines += ["| 130 | interrupted from the keyboard |", ""]
    lines.append("An error is one line on standard error, starting with `egide:`.")
    assert said
    for name, command in _commands(typer.main.get_command(egide.cli.command_line()), "egide"):
        lines += ["", f"## `{name}`", "", _sentence(command.help)]
        lines += _parameters(command)
    return "\n".join(lines)


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for each, found in inner.items():
        yield from _commands(found, f"{name} {each}")


def _parameters(command: Any) -> list[str]:
    lines = []
    for each in command.params:
        if each.param_type_name == "argument":
            word = f"`{each.name.upper()}{'…' if each.nargs == -1 else ''}`"
        else:
            word = ", ".join(f"`{option}`" for option in each.opts)
            if not each.is_flag:
                word += f" {each.name.upper()}"
        limits = _limits(each.min, each.max)
        default = "" if each.default in (None, False) else f"`{each.default}`"
        lines.append(f"| {word} | {_cell(each.help)}{limits} | {default} |")
    if not lines:
        return []
    return ["", "| Argument or option | Meaning | Default |", "|---|---|---|", *lines]


def _limits(low: object, high: object) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" At least {low}."
    return f" {low} to {high}."


def addresses() -> str:
    """Every address, method and interaction, and the roles with a grant for it."""
    lines = [
        "# Addresses",
        "",
        "`egide routes` prints the same. A role is named when it has a grant for the interaction;",
        "for which types, patients and purposes is said in [roles](roles.md). *Anyone* needs no",
        "access token. HEAD is answered wherever GET is.",
        "",
        "| Method | Address | Interaction | Roles |",
        "|---|---|---|---|",
    ]
    for method, template, interaction, named in rows():
        lines.append(f"| {method} | `{template}` | {interaction} | {named} |")
    return "\n".join(lines)


def settings() -> str:
    """Every `EGIDE_` variable: what it says, its default."""
    tree = ast.parse(inspect.getsource(egide.settings))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    meanings = {
        field.target.id: _cell(said.value.value)
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }
    lines = [
        "# Settings",
        "",
        "Read once, from the environment, when a command starts. There is no settings file; only",
        "identity issuers are described in one, which `EGIDE_FEDERATION` names: see",
        "[the guide](../guides/federation.md#every-field).",
        "An empty value counts as none. A bad value is refused by name.",
        "",
        "| Variable | Meaning | Default |",
        "|---|---|---|",
    ]
    default = Settings()
    for field in dataclasses.fields(Settings):
        name, _, meaning = meanings[field.name].partition(":")
        value = getattr(default, field.name)
        shown = "" if value is None else f"`{value}`"
        lines.append(f"| `{name}` | {meaning.strip().replace('None:', 'unset:')} | {shown} |")
    lines += [
        "",
        "## Limits that are not settings",
        "",
        "Of one request, in bytes, seconds or numbers:",
        "",
        "| Limit | Value | Meaning |",
        "|---|---|---|",
    ]
    for name, meaning in _attribute_sentences(Limits).items():
        if name != "body":
            lines.append(f"| `{name}` | {getattr(Limits(), name):,} | {meaning} |")
    return "\n".join(lines)


def _attribute_sentences(of: type) -> dict[str, str]:
    """Field → its meaning: the string below it."""
    tree = ast.parse(inspect.getsource(of)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = ""
            last = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and found:
            found[last] = _cell(str(node.value.value))
    return found


def error_page() -> str:
    """Every error category: its HTTP status, its issue code, what is said; and HTTP's own."""
    lines = [
        "# Errors",
        "",
        "Every error is of one of these categories. Over REST it is an OperationOutcome with the",
        "status below; on the command line it is one line and an [exit code](cli.md#exit-codes).",
        "`diagnostics` says what happened in English and never holds a value of a record;",
        "`details.text` is the sentence below, in French or English as Accept-Language asks.",
        "",
        "| Category | HTTP | Issue code | Sentence |",
        "|---|---|---|---|",
    ]
    for known in sorted(_subclasses(errors), key=lambda each: STATUS[each.category]):
        if known is not errors.EgideError:
            sentence = MESSAGES[known.category]["en"]
            status = STATUS[known.category]
            lines.append(f"| `{known.category}` | {status} | `{known.code}` | {sentence} |")
    lines += [
        "",
        "A well-formed body that breaks only invariants or rules of the house is 422 instead of",
        "400. An issue's own code may be a finer one of",
        "[issue-type](http://hl7.org/fhir/R4/valueset-issue-type.html); `expression` says where",
        "in the resource. `busy` and `unavailable` carry `Retry-After`.",
        "",
        "## Refused by HTTP itself",
        "",
        "| HTTP | When |",
        "|---|---|",
    ]
    for refused in sorted(_subclasses(refusals), key=lambda each: each.status):
        if refused is not refusals.Refusal:
            lines.append(f"| {refused.status} | {_cell(refused.__doc__)} |")
    lines += ["", "## In French", "", "| Category | Sentence |", "|---|---|"]
    lines += [f"| `{category}` | {said['fr']} |" for category, said in MESSAGES.items()]
    return "\n".join(lines)


def _subclasses(module: Any) -> list[Any]:
    return [
        each
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, errors.EgideError)
        and each.__module__ == module.__name__
    ]


def telemetry() -> str:
    """Metrics, the fields of a log line, the events that are logged."""
    lines = [
        "# Metrics and log",
        "",
        "## Metrics",
        "",
        "At `/metrics`, in Prometheus's text format, over all processes of a server. Besides these",
        "stand the usual `process_…` figures.",
        "",
        "| Name | Kind | Labels | Meaning |",
        "|---|---|---|---|",
    ]
    metrics = Metrics()
    metrics.answered("/fhir", "GET", 200, 0.0)
    metrics.failed("fault")
    metrics.imported("created", 0)
    metrics.accessed("issued")
    metrics.pool(used=0, idle=0, waiting=0)
    for family in metrics.registry.collect():
        if family.name.startswith("egide_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            named = ", ".join(f"`{label}`" for label in sorted(labels))
            lines.append(f"| `{name}` | {family.type} | {named} | {family.documentation} |")
    lines += [
        "",
        "## Log lines",
        "",
        "One line an event on standard error: JSON, or a short form on a terminal. These are all",
        "the fields there are; none can hold a value of a record, a query string or a path.",
        "",
        "`" + "`, `".join(_Line.__struct_fields__) + "`",
        "",
        "## Events",
        "",
        "| Event | Logged in |",
        "|---|---|",
    ]
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for event in _events(path):
            found.setdefault(event, set()).add(path.relative_to(ROOT / "src").as_posix())
    for event, where in sorted(found.items()):
        lines.append(f"| `{event}` | {', '.join(f'`{each}`' for each in sorted(where))} |")
    return "\n".join(lines)


def _events(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "log" and node.args:
            for part in ast.walk(node.args[0]):
                in_test = isinstance(node.args[0], ast.IfExp) and part in ast.walk(
                    node.args[0].test
                )
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and not in_test:
                    yield part.value


SETS = {
    "RECORD": RECORD,
    "DIRECTORY": DIRECTORY,
    "KNOWLEDGE": KNOWLEDGE,
    "AUDIT": AUDIT,
    "ADMISSION": ADMISSION,
}
"""Name → types, as the page names sets of types."""


def roles() -> str:
    """Every role and its grants."""
    lines = [
        "# Roles",
        "",
        "What is not granted here is not allowed. What the words mean is said in",
        "[the gate](../concepts/access.md).",
    ]
    for name, role in ROLES.items():
        lines += ["", f"## `{name}`", "", f"{role.english}", "", f"*{role.french}*", ""]
        lines += [
            "| Grant | Interactions | Types | Whose | Purposes | Not opened | Masked | Also |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for grant in role.grants:
            cells = [
                f"`{grant.name.partition('/')[2]}`",
                _words(grant.interactions),
                _sets(grant.types),
                f"`{grant.reach}`",
                _words(grant.purposes),
                _words({label.rpartition("|")[2] for label in grant.withheld}),
                _masked(grant),
                "; ".join(_also(grant)),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## Sets of types", "", "| Set | Types |", "|---|---|"]
    lines += [f"| {name} | {', '.join(sorted(types))} |" for name, types in SETS.items()]
    return "\n".join(lines)


def _masked(grant: Grant) -> str:
    labels = _words({label.rpartition("|")[2] for label in grant.masked})
    return f"{labels}: [{grant.mask}](gate.md#masks)" if labels else ""


def _also(grant: Grant) -> Iterator[str]:
    """What else a grant asks and lets."""
    if grant.heeds:
        yield "heeds what patients decided"
    if grant.assurance > 1:
        yield "two factors"
    if grant.fresh:
        yield "shown within 12 hours"
    if grant.zones == {"inside"}:
        yield "from inside"
    if grant.opening:
        yield "in opening hours only"
    if grant.cleared:
        yield "trained and charter signed"
    if grant.labels:
        yield "may change labels"
    if grant.identifies:
        yield "may choose ids"
    yield from (f"`{each}`" for each in sorted(grant.obligations))


def gate() -> str:
    """Who opens what: for each role, interaction and place, as the gate decides it."""
    lines = [
        "# The gate, cell by cell",
        "",
        "What the gate answers for a resource of one patient, computed from it. `yes`: it leaves",
        "or is written; `masked`: it leaves as a part; `·`: it is hidden, as if it did not exist.",
        "A row of nothing but `·` is left out. The words are those of",
        "[access](../concepts/access.md); the grants are in [roles](roles.md).",
        "",
        "*Reached*: in the care team, one's own record, or the patient a relative acts for with",
        "tie and consent; the columns after it say what changes for such a resource. Two factors,",
        "from inside, training and charter in order, and for BTG a glass that is broken.",
    ]
    head = ["Interaction", *PLACES]
    for role, entry in ROLES.items():
        purposes: dict[str, list[str]] = {}
        for purpose in sorted({each for grant in entry.grants for each in grant.purposes}):
            rows = "\n".join(_gate_rows(role, purpose))
            purposes.setdefault(rows, []).append(purpose)
        for rows, named in purposes.items():
            if rows:
                lines += ["", f"## `{role}` for {', '.join(named)}", "", f"| {' | '.join(head)} |"]
                lines += ["|" + "---|" * len(head), rows]
    lines += _circumstances()
    lines += _held()
    lines += _masks()
    lines += ["", "## Why not, and what would change it", "", "| Reason | Change |", "|---|---|"]
    lines += [f"| `{reason}` | {change} |" for reason, change in CHANGES.items()]
    return "\n".join(lines)


TODAY = datetime(2026, 1, 1, tzinfo=UTC)
UNSIGNED = Clearance(TODAY, trained=TODAY + timedelta(days=1), charter="1", since=TODAY)

CIRCUMSTANCES: dict[str, dict[str, Any]] = {
    "from outside": {"zone": "outside"},
    "outside opening hours": {"open": False},
    "one factor": {"assurance": 1},
    "factors shown long ago": {"fresh": False},
    "training run out": {"cleared": False},
    "charter not signed": {"cleared": False, "clearance": UNSIGNED},
}
"""What else a decision depends on, each alone, as the page of the gate lists it."""


def _circumstances() -> list[str]:
    """What is closed by where, when and how somebody asks, grant by grant."""
    lines = ["", "## Where, when and how one asks", ""]
    lines += ["What a grant opens as above stays closed, whoever's it is, in these circumstances."]
    lines += ["Grants that none of them closes are left out.", ""]
    lines += [f"| Grant | {' | '.join(CIRCUMSTANCES)} |", "|" + "---|" * (len(CIRCUMSTANCES) + 1)]
    for role in ROLES.values():
        for grant in role.grants:
            said = [_closed(grant, each) for each in CIRCUMSTANCES.values()]
            if any(said):
                lines.append(f"| `{grant.name}` | {' | '.join(each or '·' for each in said)} |")
    return lines


def _closed(grant: Grant, circumstance: dict[str, Any]) -> str:
    """Whether it closes a grant, by the rule it is refused with."""
    type = min(grant.types, default=None)
    usual = {"assurance": 2, "emergency": True} | circumstance
    purpose, interaction = min(grant.purposes), min(grant.interactions)
    decision = decide(Facts(interaction, type, purpose, (grant,), **usual))
    return "" if decision.allowed else f"closed (`{decision.rule}`)"


HELD: dict[str, dict[str, Any]] = {
    "its patient's": REACHED | {"belonging": ONE},
    "another's patient's": REACHED,
    "said to be another's": REACHED | {"belonging": ONE, "elsewhere": True},
    "nobody's": {"patients": ()},
}
"""Where a resource stands to the establishment that roles are held for."""


def _held() -> list[str]:
    """What roles held for an establishment leave of each grant."""
    lines = ["", "## Roles held for an establishment", ""]
    lines += [
        "What is left of a grant, for a resource of a patient who is *reached*, by roles held"
    ]
    lines += [
        "for one establishment; `closed`: it is for the whole house. Envelopes stay as they are."
    ]
    lines += ["", f"| Grant | {' | '.join(HELD)} |", "|" + "---|" * (len(HELD) + 1)]
    for role in ROLES.values():
        for grant in (each for each in role.grants if each.types):
            rows: dict[str, list[str]] = {}
            for interaction in sorted(grant.interactions):
                rows.setdefault(_left(grant, interaction), []).append(interaction)
            for row, interactions in rows.items():
                named = "" if len(rows) == 1 else f" ({_words(interactions)})"
                lines.append(f"| `{grant.name}`{named} | {row} |")
    lines += ["", "A resource says which Organizations it is of by these elements:", ""]
    lines += [f"- `{type}.{element}`" for type, element in CUSTODY.items()]
    lines += ["- of a document `Bundle`, those of its Composition"]
    return lines


def _left(grant: Grant, interaction: str) -> str:
    """The cells of one grant and interaction where roles are held for an establishment."""
    type, purpose = min(grant.types), min(grant.purposes)
    usual: dict[str, Any] = {"own": 1, "behalf": 1, "assurance": 2, "emergency": True}
    held = frozenset({"establishment"})
    decision = decide(Facts(interaction, type, purpose, (grant,), held=held, **usual))
    if not decision.allowed:
        return " | ".join(["closed"] * len(HELD))
    answers = [decision.permits(ResourceFacts(type, **each)) for each in HELD.values()]
    return " | ".join("·" if each == "no" else each for each in answers)


def _masks() -> list[str]:
    """What each mask shows, type by type; types alike in one row."""
    lines = [
        "",
        "## Masks",
        "",
        "Besides id, version, confidentiality, status, intent, the patient's",
    ]
    lines += ["reference and the main date. Types that are not listed show nothing more."]
    for name, mask in MASKS.items():
        users = _words(
            f"{grant.name} ({label.rpartition('|')[2]})"
            for role in ROLES.values()
            for grant in role.grants
            for label in grant.masked
            if grant.mask == name
        )
        lines += ["", f"### `{name}`", "", f"{mask.english} *{mask.french}*", ""]
        lines += [f"Grants: {users or 'whichever names no other mask'}."]
        alike: dict[str, list[str]] = {}
        for type in sorted(RECORD):
            there = {each.name for each in type_definition(type).elements}
            shown = {path for path in mask.shows(type) if path.partition(".")[0] in there}
            if shown:
                alike.setdefault(_words(shown), []).append(type)
        if alike:
            lines += ["", "| Types | Shown |", "|---|---|"]
            lines += [f"| {', '.join(types)} | {shown} |" for shown, types in alike.items()]
    return lines


def _gate_rows(role: str, purpose: str) -> Iterator[str]:
    grants = grants_of(frozenset({role}))
    for interaction in sorted(INTERACTIONS):
        type = "Patient" if interaction.startswith("$") else ASKED_FOR.get(role, "Observation")
        facts = Facts(
            interaction, type, purpose, grants, own=1, behalf=1, assurance=2, emergency=True
        )
        answers = [decide(facts).permits(ResourceFacts(type, **each)) for each in PLACES.values()]
        if set(answers) != {"no"}:
            cells = ["·" if each == "no" else each for each in answers]
            yield f"| `{interaction}` | {' | '.join(cells)} |"


def _words(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def _sets(types: frozenset[str]) -> str:
    if not types:
        return "(envelope)"
    named, left = [], types
    for name in ("RECORD", "DIRECTORY", "KNOWLEDGE", "AUDIT"):
        if SETS[name] <= left:
            named.append(name)
            left -= SETS[name]
    if left == ADMISSION:
        return "ADMISSION"
    return " + ".join([*named, *sorted(left)])


def search_parameters() -> str:
    """By type: what can be searched by, what has blind terms, the main date."""
    statement = msgspec.json.decode(capabilities("http://localhost/fhir", pretty=False))
    by_type = {
        each["type"]: [found["name"] for found in each["searchParam"]]
        for each in statement["rest"][0]["resource"]
    }
    counted = Counter(name for names in by_type.values() for name in names)
    common = sorted(name for name, count in counted.items() if count >= COMMON * len(by_type))
    often = {name for type in by_type for name in STANDARD.rules(type)}
    lines = [
        "# Search parameters",
        "",
        "From the server's own CapabilityStatement. Nearly every type can be searched by",
        ", ".join(f"**{each}**" if each in often else each for each in common) + ".",
        "",
        "**Bold** parameters have [blind terms](../concepts/search.md#what-has-terms): they narrow",
        "a search over everybody, and somebody who holds the database can count their values.",
        "*Main date* is the parameter that the readable day of a row answers; it also sorts.",
        "`_id` finds its row by keyed hash; a parameter that names one Patient narrows to the rows",
        "under that patient's key. All else is answered by opening candidates, within the budget.",
        "",
        "| Type | Main date | Parameters |",
        "|---|---|---|",
    ]
    for type, names in sorted(by_type.items()):
        indexed = set(STANDARD.rules(type))
        if type in PERSONS or "name" in indexed:
            indexed |= {"family", "given"} & set(names)
        shown = ", ".join(
            f"**{name}**" if name in indexed else name
            for name in sorted(names)
            if name not in common
        )
        main = MAIN_DATES.get(type)
        lines.append(f"| {type} | {(main and main.parameter) or ''} | {shown} |")
    return "\n".join(lines)


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def main() -> int:
    """Write the pages, or with `--check` compare them."""
    late = []
    for path, text in pages().items():
        file = ROOT / path
        if file.exists() and file.read_text("utf-8") == text:
            continue
        late.append(path)
        if "--check" not in sys.argv:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            print(f"wrote {path}")
    if late and "--check" in sys.argv:
        print("These pages lag behind the code; run python scripts/reference.py:", *late, sep="\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
