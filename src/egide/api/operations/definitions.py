"""The operations there are: where, and for those R4 does not define, what goes in and comes out.

https://hl7.org/fhir/R4/operationdefinition.html. The CapabilityStatement names them all, and what
R4 does not define it defines itself. Invariant: every address of an operation has its line here,
and every line its address (tests/unit/api/test_operations.py).
"""

from typing import Any, Literal, NamedTuple

_R4 = "http://hl7.org/fhir/OperationDefinition"


class Parameter(NamedTuple):
    """What an operation is given: its name, its data type, whether it must be there."""

    name: str
    type: Literal["string", "code"]
    required: bool = True

    @property
    def element(self) -> str:
        """Where its value is, in Parameters."""
        return f"value{self.type[0].upper()}{self.type[1:]}"


class Operation(NamedTuple):
    """`$name`, on every instance, on those of `type`, or on the system.

    `standard`: the id of R4's definition, None for one of our own, which then says what it does,
    what it is `given` and what it `gives` (name, data type; of Parameters that are parts: Element).
    `lists`: asked with GET, it takes nothing and lists what it may be asked about.
    """

    name: str
    on: Literal["system", "instance"]
    type: str | None = None
    standard: str | None = None
    does: str = ""
    given: tuple[Parameter, ...] = ()
    gives: tuple[tuple[str, str], ...] = ()
    lists: bool = False

    @property
    def template(self) -> str:
        """Its address."""
        if self.on == "system":
            return f"/fhir/${self.name}"
        return f"/fhir/{self.type or '{type}'}/{{id}}/${self.name}"

    @property
    def canonical(self) -> str:
        """The canonical address of its definition; of our own, in the statement itself."""
        return f"{_R4}/{self.standard}" if self.standard else f"#{self.name}"


EVERYTHING = Operation("everything", "instance", "Patient", "Patient-everything")
META = Operation("meta", "instance", None, "Resource-meta")
BREAK_GLASS = Operation(
    "break-glass",
    "instance",
    "Patient",
    does="Opens the record of a patient out of reach for a short time, in an emergency.",
    given=(Parameter("code", "code"), Parameter("text", "string")),
    gives=(("until", "instant"), ("purpose", "code")),
)
BROKEN_GLASS = Operation(
    "broken-glass",
    "system",
    does="GET: the records opened in an emergency that wait for a review; with a number, what was "
    "done behind that one. POST: a review of one.",
    given=(Parameter("number", "string"), Parameter("outcome", "code")),
    gives=(("glass", "Element"), ("deed", "Element"), ("more", "boolean"), ("outcome", "code")),
    lists=True,
)
EXPLAIN = Operation(
    "explain",
    "system",
    does="Which rule allows, narrows or refuses a request of an account, and what would change it.",
    given=(
        Parameter("request", "string"),
        Parameter("account", "string"),
        Parameter("purpose", "code"),
        Parameter("zone", "code", required=False),
        Parameter("behalf", "string", required=False),
        Parameter("scope", "string", required=False),
        Parameter("launched", "string", required=False),
    ),
    gives=(
        ("interaction", "code"),
        ("outcome", "code"),
        ("rule", "string"),
        ("answer", "code"),
        ("shown", "string"),
        ("obligation", "code"),
        ("clearance", "Element"),
        ("grant", "Element"),
    ),
)
OPERATIONS = (EVERYTHING, META, BREAK_GLASS, BROKEN_GLASS, EXPLAIN)


def definition(operation: Operation) -> dict[str, Any]:
    """The OperationDefinition of one of our own."""
    taken = [
        {
            "name": each.name,
            "use": "in",
            "min": int(each.required and not operation.lists),
            "max": "1",
            "type": each.type,
        }
        for each in operation.given
    ]
    given = [
        {"name": name, "use": "out", "min": 0, "max": "*", "type": type}
        for name, type in operation.gives
    ]
    return {
        "resourceType": "OperationDefinition",
        "id": operation.name,
        "name": "".join(word.capitalize() for word in operation.name.split("-")),
        "status": "active",
        "kind": "operation",
        "description": operation.does,
        "code": operation.name,
        **({"resource": [operation.type]} if operation.type else {}),
        "system": operation.on == "system",
        "type": False,
        "instance": operation.on == "instance",
        "parameter": [*taken, *given],
    }
