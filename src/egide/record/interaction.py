"""One interaction: decided before it starts, in the ledger before its answer leaves.

Invariants
- No interaction ends without an entry, refused and failed ones included
  (tests/integration/record/test_every_end_is_logged.py).
- How long an answer takes does not tell what is hidden from what is not there: measured, not
  tested (`egide bench --only gate`).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from egide.actor import Actor
from egide.db import Connection
from egide.errors import EgideError, Forbidden, NotFound, Unauthenticated
from egide.fhir.search.parameter import Context
from egide.fhir.search.query import Query, matches, parse
from egide.fhir.units import canonical, conversion
from egide.gate import Decision
from egide.gate.roles import FRESH
from egide.ledger import Action, Entry, Outcome, Receipt
from egide.record.facts import NOTHING_KNOWN, Standing, Who, decision_for, standing, who
from egide.record.oracles import TooManyQuestions
from egide.record.parts import Parts
from egide.store import Ties

Mark = tuple[bytes, int, bytes | None] | tuple[bytes, int, bytes, bytes]
"""A row as the ledger remembers it: id, version, digest; no digest once the row is gone. When the
same version was sealed again, also the digest it had before."""

_ACTIONS = {
    "import": Action.load,
    "audit": Action.operation,
    "index": Action.operation,
    "$everything": Action.operation,
    "$break-glass": Action.break_glass,
    "review": Action.operation,
    "grant": Action.operation,
    "derive": Action.operation,
    "$explain": Action.operation,
}


BEAT = 0.02
"""Seconds: to who may not see everything, what is not there is answered at the next multiple of
this, so that how long it took does not tell whether something was there and hidden; and so is what
may not be written because of whom it concerns."""


class StepUp(Unauthenticated):
    """We know who asks, and this needs a better proof of it: `needs` is the assurance, `within` how
    many seconds ago at most it was shown (0: whenever).

    https://www.rfc-editor.org/rfc/rfc9470
    """

    needs = 2

    def __init__(self, message: str, within: int = 0) -> None:
        super().__init__(message)
        self.within = within


class Interaction:
    """What is being done, by whom and why; gathers what its entry will say.

    `connection` is that of the transaction this is a part of, None for what stands for itself;
    `written` are the rows (id, version) that transaction wrote.
    """

    def __init__(
        self, parts: Parts, actor: Actor, purpose: str, name: str, type: str | None
    ) -> None:
        self.parts = parts
        self.actor = actor
        self.purpose = purpose
        self.name = name
        self.type = type
        self.who = Who()
        self.decision: Decision
        self.hidden = False
        self.connection: Connection | None = None
        self.written: Collection[tuple[bytes, int]] = ()
        self._whole: Interaction | None = None
        self._patients: set[int] = set()
        self._body: dict[str, Any] = {"purpose": purpose}
        if purpose == "FAMRQT" and actor.behalf is not None:
            self._body["behalf"] = f"Patient/{actor.behalf}"
        self._receipt: Receipt | None = None
        self._committed = False
        self._criteria: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = {}
        self._decisions: dict[tuple[str, str | None], Decision] = {}

    def decide(self, name: str, type: str | None) -> Decision:
        """The decision for a part of this interaction, such as an entry of a bundle."""
        decision = self._decisions.get((name, type))
        if decision is None:
            decision = decision_for(self.parts, self.actor, self.purpose, name, type, self.who)
            self._decisions[name, type] = decision
        return decision

    def require(self, name: str, type: str | None) -> Decision:
        """The decision for a part of this interaction. Raises Forbidden when it is no."""
        decision = self.decide(name, type)
        if not decision.allowed:
            self.note(rule=decision.rule)
            raise refusal(decision, f"{name} of {type}")
        return decision

    def part(
        self,
        connection: Connection,
        written: Collection[tuple[bytes, int]],
        name: str,
        type: str | None,
        **facts: Any,
    ) -> "Interaction":
        """A read within this interaction, on its connection: decided by itself, entered with the
        whole. Raises Forbidden."""
        decision = self.require(name, type)
        part = Interaction(self.parts, self.actor, self.purpose, name, type)
        part.connection, part.written, part._whole = connection, written, self
        part.who, part._patients = self.who, self._patients
        part._criteria, part._decisions = self._criteria, self._decisions
        part._body = {"interaction": name, "type": type, **facts}
        self._body.setdefault("reads", []).append(part._body)
        part.decision = decision
        return part

    def looking(self, *, at_once: bool) -> AbstractAsyncContextManager[Connection]:
        """A connection to read on; `at_once`: every statement sees the same instant.

        A part reads on that of the whole: each statement sees what the whole wrote, and what others
        committed before it.
        """
        if self.connection is not None:
            return nullcontext(self.connection)
        database = self.parts.database
        return database.snapshot() if at_once else database.connection()

    def note(self, **facts: Any) -> None:
        """Add to the sealed body of the entry: ids, query, reasons."""
        self._body |= facts

    def concern(self, patients: Iterable[int]) -> None:
        """Name patients (key numbers) the entry is about."""
        self._patients.update(patients)

    def sees_all(self) -> bool:
        """Whether nothing of the types asked about is hidden from the actor: then there is nothing
        to tell."""
        asked = [(type, decision) for (_, type), decision in self._decisions.items()]
        return self.type is not None and all(
            type is not None and decision.opens_all(type) for type, decision in asked
        )

    def question(self) -> None:
        """Count a question whose answer may tell of what is hidden. Raises TooManyQuestions."""
        wait = self.parts.oracles.count(self.actor, self.parts.clock())
        if wait:
            self.note(rule="oracle-limit")
            raise TooManyQuestions(wait)

    def hide(self) -> NotFound:
        """The error for what exists out of reach: the same as for what does not exist."""
        (self._whole or self).hidden = True
        return not_found()

    def keep_apart(self, words: str) -> Forbidden:
        """The error for writing what would concern somebody out of reach: the same, and on the same
        beat, for one who is known here and for one who is not."""
        self.hidden = True
        return Forbidden(words)

    def context(self) -> Context:
        """What the parameters of a search, or of a scope, mean here and now."""
        parts = self.parts
        return Context(parts.zone, parts.clock(), parts.bases, conversion(), canonical())

    def meets(
        self, type: str, resource: Mapping[str, Any], criteria: tuple[tuple[str, str], ...]
    ) -> bool:
        """Whether a resource satisfies the criteria of a scope; what is no criterion of its type
        nothing satisfies."""
        query = self._criteria.get((type, criteria), ())
        if query == ():
            try:
                query = parse(type, criteria, self.context())
            except EgideError:
                query = None
            self._criteria[type, criteria] = query
        return isinstance(query, Query) and matches(query, resource)

    async def standing(
        self,
        connection: Connection,
        decision: Decision,
        patients: Collection[int],
        known: Mapping[int, Ties] = NOTHING_KNOWN,
    ) -> Standing:
        """How the actor stands to some patients, where a decision depends on it; `known`: the ties
        that came along with the rows."""
        return await standing(self.parts, connection, decision, self.who, patients, known=known)

    async def log_rows(self, connection: Connection, rows: Sequence[Mark]) -> None:
        """Enter the interaction in its own transaction, with the rows it wrote or removed."""
        self._body["rows"] = rows
        self._receipt = await self.parts.ledger.insert(connection, self._entry(Outcome.success))

    def committed(self, *, durable: bool = True) -> None:
        """The transaction that holds the entry has ended well: whatever fails now, it stays.

        Not `durable`: as long as the engine does not crash before it is on disk.
        """
        self._committed = True
        if self._receipt is not None and durable:
            self.parts.ledger.settle(self._receipt)
        elif self._receipt is not None:
            self.parts.ledger.defer(self._receipt)

    def _entry(self, outcome: Outcome) -> Entry:
        return Entry(
            session=self.actor.session,
            actor=self.actor.account,
            action=_ACTIONS.get(self.name) or Action[self.name],
            outcome=outcome,
            type=self.type,
            patients=tuple(sorted(self._patients)),
            body=self._body,
        )

    async def end(self) -> None:
        """Enter a success, unless the write's own transaction did."""
        if self._receipt is None:
            await self.parts.ledger.append(self._entry(Outcome.success))

    async def fail(self, error: BaseException) -> None:
        """Enter a refusal or a failure; what the transaction had entered is void."""
        if self._committed:
            return
        if self._receipt is not None:
            self.parts.ledger.void(self._receipt)
        refused = self.hidden or isinstance(error, (Forbidden, StepUp, TooManyQuestions))
        self._body.pop("rows", None)
        self._body["error"] = error.category if isinstance(error, EgideError) else "fault"
        await self.parts.ledger.append(self._entry(Outcome.refused if refused else Outcome.failed))


@asynccontextmanager
async def interaction(
    parts: Parts, actor: Actor, purpose: str, name: str, type: str | None, **facts: Any
) -> AsyncIterator[Interaction]:
    """Decide, let the block work, enter how it ended. Raises Forbidden before the block."""
    here = Interaction(parts, actor, purpose, name, type)
    here.note(**facts)
    began = asyncio.get_running_loop().time()
    try:
        here.who = await who(parts, actor, purpose)
        here.decision = here.decide(name, type)
        if not here.decision.allowed:
            here.note(rule=here.decision.rule)
            raise refusal(here.decision, name)
        here.note(role=here.decision.role)
        yield here
    except BaseException as error:
        await here.fail(error)
        if (here.hidden or isinstance(error, NotFound)) and not here.sees_all():
            await _beat(began)
        raise
    await here.end()


async def _beat(began: float) -> None:
    """Wait for the next multiple of `BEAT` after `began`, by the clock of the event loop.

    That clock ticks in milliseconds, and timers too: by a finer one the rounding of what is left
    would tell how long the work took.
    """
    elapsed = asyncio.get_running_loop().time() - began
    await asyncio.sleep(BEAT - elapsed % BEAT)


def refusal(decision: Decision, what: str) -> EgideError:
    """The error for a denied decision on `what`: it asks to step up where that would do."""
    if decision.rule == "authentication-age":
        within = int(FRESH.total_seconds())
        return StepUp(f"{what} needs an authentication more recent than this session's", within)
    if "step-up" in decision.obligations:
        return StepUp(f"{what} needs a stronger authentication than this session has")
    return Forbidden(f"{what} is not allowed to you here ({decision.rule})")


def not_found() -> NotFound:
    """The one answer for what is not there and for what is not there for you."""
    return NotFound("there is no such resource, or it is not within your reach")
