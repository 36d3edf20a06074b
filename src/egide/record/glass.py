"""Breaking the glass: opening the record of a patient out of reach in an emergency.

CSP L.1111-17: when a person cannot speak and life or health is at immediate risk, unless he or she
had opposed it. A reason is given, the time is short, the patient is told, somebody reviews it.

Invariants (tests/integration/record/test_glass.py)
- Whoever opposed before stays hidden, and so does what is masked or hidden from professionals.
- Each opening is in the ledger under an action of its own, with the patient told, in the
  transaction that opens; nothing opens after its time.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from egide import fhir
from egide.db import Connection, queries
from egide.errors import Conflict, Forbidden, Incorrect, NotFound
from egide.gate.ties import EARLIEST, Kind, Tie
from egide.ids import internal_number, resource_id
from egide.record import reach
from egide.record.content import facts_of
from egide.record.interaction import Interaction, Mark, not_found
from egide.store import Draft

_SQL = queries("egide.record", "sql/glass.sql")

TIME: Final = timedelta(minutes=30)
"""For how long a broken glass opens a record."""

REASONS: Final[Mapping[str, str]] = {
    "life-threatening": "life or health is at immediate risk",
    "cannot-speak": "the person cannot express a will",
    "regulation": "asked by the regulating doctor of the emergency services",
}
"""Codes of reasons, and what they say."""

Outcome = Literal["justified", "unjustified", "unclear"]
_OUTCOMES: Final = frozenset({"justified", "unjustified", "unclear"})
_SHORTEST, _LONGEST = 10, 2_000
_MOST = 1_000


class Reason(msgspec.Struct, frozen=True):
    """What is kept sealed of a broken glass: whose record, and why, in words."""

    patient: str
    text: str


class Glass(NamedTuple):
    """One broken glass, as a reviewer sees it. `account` and `reviewer` are internal numbers."""

    number: int
    account: int
    patient: str
    at: datetime
    until: datetime
    code: str
    text: str
    reviewed: datetime | None
    reviewer: int | None
    outcome: str | None


async def break_glass(here: Interaction, id: str, code: str, text: str) -> datetime:
    """Open the record of Patient `id` to the actor; until when. Raises Incorrect, NotFound."""
    text = text.strip()
    if code not in REASONS:
        raise Incorrect(f"the reason's code is one of {', '.join(REASONS)}")
    if not _SHORTEST <= len(text) <= _LONGEST:
        raise Incorrect(f"say why, in {_SHORTEST} to {_LONGEST:,} characters")
    here.question()
    parts = here.parts
    now = parts.clock()
    until = now + TIME
    number = internal_number()
    async with parts.database.transaction() as connection:
        patient = await _permitted(here, connection, id)
        sealed = parts.reasons.seal(number, Reason(id, text)).encode()
        await connection.execute(
            _SQL["break"], number, here.actor.account, patient, now, until, code, sealed
        )
        tie = Tie(f"glass/{here.actor.account}", id, Kind.glass, EARLIEST, until)
        await reach.add(parts, connection, [(parts.blind.ident("glass-broken", str(number)), tie)])
        here.note(reasons=[code, text], glass=number, until=until.isoformat())
        await here.log_rows(connection, await _tell(here, connection, id, now))
    here.committed()
    return until


async def _permitted(here: Interaction, connection: Connection, id: str) -> int:
    """The patient's key, once the gate permits it. What may not be opened is not there."""
    parts = here.parts
    row = await parts.reader.current(connection, "Patient", id)
    if row is None or row.deleted:
        raise not_found()
    (opened,) = await parts.reader.open(connection, [row])
    here.concern(opened.patients)
    standing = await here.standing(connection, here.decision, opened.patients)
    facts = facts_of(here.decision, "Patient", opened.body, opened.patients, standing, here.meets)
    if len(opened.patients) != 1 or here.decision.permits(facts) != "yes":
        raise here.hide()
    (patient,) = opened.patients
    return patient


async def _tell(here: Interaction, connection: Connection, id: str, now: datetime) -> list[Mark]:
    """Tell the patient, by a Communication in the record. It is the installation that writes it."""
    subject = {"reference": f"Patient/{id}"}
    at = now.astimezone(here.parts.zone)
    told = {
        "resourceType": "Communication",
        "status": "completed",
        "category": [{"text": "Accès en urgence · Emergency access"}],
        "subject": subject,
        "recipient": [subject],
        "sent": now.isoformat(),
        "payload": [
            {
                "contentString": f"Votre dossier a été ouvert en urgence le {at:%d/%m/%Y à %H:%M}. "
                "Cet accès sera examiné ; vous pouvez demander qui l’a fait et pourquoi."
            },
            {
                "contentString": f"Your record was opened in an emergency on {at:%d/%m/%Y, %H:%M}. "
                "This access will be reviewed; you may ask who did it and why."
            },
        ],
    }
    resource = fhir.decode(msgspec.json.encode(told), type="Communication")
    writer = here.parts.writer
    draft = Draft("Communication", resource_id(), resource, fresh=True)
    prepared = await writer.prepare(connection, [draft], now=now)
    await writer.apply(connection, prepared)
    return [each.row.mark() for each in prepared if each.row is not None]


async def glasses(here: Interaction, *, waiting: bool) -> list[Glass]:
    """Broken glasses, those that wait for a review first; `waiting`: only those."""
    parts = here.parts
    async with parts.database.connection() as connection:
        records = await connection.fetch(_SQL["list"], waiting, _MOST)
    found = []
    for record in records:
        number = record["number"]
        reason = parts.reasons.open(number, record["sealed"].decode(), Reason)
        found.append(
            Glass(
                number,
                record["account"],
                reason.patient,
                record["at"],
                record["until"],
                record["code"],
                reason.text,
                record["reviewed"],
                record["reviewer"],
                record["outcome"],
            )
        )
    here.concern(record["patient_key"] for record in records)
    here.note(count=len(found))
    return found


async def review(here: Interaction, number: int, outcome: str) -> None:
    """Say what a review found. Raises Incorrect, NotFound, Conflict, Forbidden for one's own."""
    if outcome not in _OUTCOMES:
        raise Incorrect(f"the outcome is one of {', '.join(sorted(_OUTCOMES))}")
    async with here.parts.database.transaction() as connection:
        record = await connection.fetchrow(_SQL["one"], number)
        if record is None:
            raise NotFound("there is no such broken glass")
        here.concern([record["patient_key"]])
        here.note(glass=number, reviewed=outcome)
        if record["account"] == here.actor.account:
            raise Forbidden("nobody reviews a glass he or she broke")
        if record["reviewed"] is not None:
            raise Conflict("this broken glass was reviewed already")
        await connection.execute(
            _SQL["review"], number, here.parts.clock(), here.actor.account, outcome
        )
        await here.log_rows(connection, [])
    here.committed()
