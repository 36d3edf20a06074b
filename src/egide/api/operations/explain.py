"""$explain: which rule allows, narrows or refuses a request of an account, and what would change
it. For who looks after rights.

In: `request` (as `GET /fhir/Observation/42`), `account` (its internal number), `purpose`, and where
it would be asked from (`zone`: inside, when nothing is said, or outside); for which patient a
relative would act (`behalf`, an id); and within which `scope` an application would, and with which
patient it was `launched` (an id). Out: the `interaction`, the `outcome`, the `rule`, whether the
resource would leave (`answer`), what is `shown` of a masked one, and a `grant` each. Where
grants ask for it, the `clearance` of a person: until when `trained`, which `charter` is in force
`since` when, when it was `signed`, what `lacks`, and `until` when that stays so by itself.
"""

from dataclasses import replace
from typing import Any

from egide.actor import ZONES, Clearance
from egide.api.operations.definitions import EXPLAIN
from egide.api.operations.parameters import given, number, parameters
from egide.api.rest.asked import asked_by
from egide.api.rest.call import Call
from egide.errors import Incorrect
from egide.http import Response
from egide.record import Cited, ExplainedLine


async def explain(call: Call) -> Response:
    """200 with Parameters."""
    asked = await given(call, EXPLAIN)
    method, _, address = asked["request"].partition(" ")
    zone = asked.get("zone", "inside")
    if zone not in ZONES:
        raise Incorrect(f"zone is one of {', '.join(ZONES)}")
    account = number(asked, "account")
    actor = replace(
        await call.accounts.actor(account),
        zone=zone,
        behalf=asked.get("behalf"),
        scope=asked.get("scope"),
        launched=asked.get("launched"),
    )
    found = await call.session.explain(
        actor,
        asked["purpose"],
        asked_by(call.routes, method, address),
        relatives=await call.accounts.relatives(account),
    )
    told: list[dict[str, Any]] = [
        *([{"name": "interaction", "valueCode": found.interaction}] if found.interaction else ()),
        {"name": "outcome", "valueCode": found.outcome},
        {"name": "rule", "valueString": found.rule},
    ]
    if found.answer is not None:
        told.append({"name": "answer", "valueCode": found.answer})
    told += [{"name": "shown", "valueString": each} for each in found.shown]
    told += [{"name": "obligation", "valueCode": each} for each in found.obligations]
    if found.clearance is not None:
        told.append(_clearance(found.clearance))
    return call.json(200, parameters(*told, *(_line(each) for each in found.lines)))


def _clearance(clearance: Clearance) -> dict[str, Any]:
    dates = {
        "trained": clearance.trained,
        "since": clearance.since,
        "signed": clearance.signed,
        "until": clearance.until,
    }
    part: list[dict[str, Any]] = [{"name": "lacks", "valueCode": each} for each in clearance.lacks]
    if clearance.charter is not None:
        part.append({"name": "charter", "valueString": clearance.charter})
    part += [
        {"name": name, "valueInstant": at.isoformat()}
        for name, at in dates.items()
        if at is not None
    ]
    return {"name": "clearance", "part": part}


def _cited(consent: Cited) -> list[dict[str, Any]]:
    part: list[dict[str, Any]] = [
        {"name": "reference", "valueReference": {"reference": consent.reference}},
        {"name": "nature", "valueCode": consent.nature},
    ]
    if consent.date:
        part.append({"name": "date", "valueDateTime": consent.date})
    part += [{"name": "by", "valueReference": {"reference": each}} for each in consent.by]
    return part


def _line(line: ExplainedLine) -> dict[str, Any]:
    part: list[dict[str, Any]] = [
        {"name": "name", "valueString": line.grant},
        {"name": "answer", "valueCode": line.answer},
    ]
    if line.reason:
        part.append({"name": "reason", "valueCode": line.reason})
    if line.mask:
        part.append({"name": "mask", "valueCode": line.mask})
    if line.consent is not None:
        part.append({"name": "consent", "part": _cited(line.consent)})
    if line.change:
        part.append({"name": "change", "valueString": line.change})
    return {"name": "grant", "part": part}
