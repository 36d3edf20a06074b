"""A session: what one actor can do with records, for one purpose.

Each method is one interaction, decided and logged as one; https://hl7.org/fhir/R4/http.html
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from egide import fhir
from egide.errors import Incorrect, Issue
from egide.fhir.definitions import TYPES
from egide.ids import RESOURCE_ID, resource_id
from egide.record import (
    changes,
    conditional,
    deriving,
    erasures,
    everything,
    exports,
    glass,
    grants,
    indexing,
    loading,
    reads,
    searches,
    transactions,
    writes,
)
from egide.record.bodies import decoded, whole
from egide.record.bundle import Asked as Entry
from egide.record.bundle import Bundle, Result
from egide.record.changes import History
from egide.record.compartments import Compartment, noted
from egide.record.deriving import Derivation
from egide.record.emission import Emitted
from egide.record.everything import EverythingPage
from egide.record.exports import Batch
from egide.record.interaction import Interaction, interaction
from egide.record.loading import Item, Loaded
from egide.record.oversight import Oversight
from egide.record.portion import Pairs, portion
from egide.record.reads import Versions
from egide.record.retrieval import retrieval
from egide.record.searches import Page
from egide.record.timeframe import timeframe
from egide.store import Certificate, Draft
from egide.store.population import GRACE, Pass, State

_TYPES = frozenset(TYPES)


class Session(Oversight):
    """One actor, one purpose. Cheap; holds no connection between calls."""

    async def read(
        self, type: str, id: str, query: Pairs = (), *, lenient: bool = False
    ) -> Emitted:
        """The current version, or the part `query` asks for. Raises NotFound, Gone, Forbidden."""
        _named(type, id)
        async with interaction(*self._who(), "read", type, ids=[id]) as here:
            wanted = portion(here, type, query, lenient=lenient)
            return wanted.of(await reads.read(here, type, id))

    async def vread(
        self, type: str, id: str, version: int, query: Pairs = (), *, lenient: bool = False
    ) -> Emitted:
        """One version, or a part of it as of `read`. Raises what that raises."""
        _named(type, id)
        async with interaction(*self._who(), "vread", type, ids=[id], version=version) as here:
            wanted = portion(here, type, query, lenient=lenient)
            return wanted.of(await reads.vread(here, type, id, version))

    async def history(
        self,
        type: str,
        id: str,
        *,
        below: int | None = None,
        count: int = 50,
        since: str | None = None,
        at: str | None = None,
    ) -> Versions:
        """Versions newest first, older than `below`. Raises NotFound, Forbidden.

        `since`: written then or later; `at`: current at some moment of that date. Raises Incorrect.
        """
        _named(type, id)
        async with interaction(*self._who(), "history", type, ids=[id]) as here:
            frame = timeframe(since, at, self._parts.zone)
            return await reads.history(here, type, id, frame, below=below, count=count)

    async def changes(
        self, type: str | None, *, count: int = 50, since: str | None = None, at: str | None = None
    ) -> History:
        """Versions of `type`, or of all types, newest first.

        `since` and `at` as in `history`. What may still be preceded by a write that has not
        committed is left for later. Raises Incorrect, Forbidden.
        """
        if type is not None:
            _typed(type)
        asked = [pair for pair in (("_since", since), ("_at", at)) if pair[1] is not None]
        async with interaction(*self._who(), "history", type, query=asked) as here:
            return await changes.first(here, type, count=count, since=since, at=at)

    async def next_changes(self, type: str | None, cursor: str) -> History:
        """The page a cursor of `changes` leads to. Raises Incorrect for one of another account,
        or of another type."""
        async with interaction(*self._who(), "history", type) as here:
            return await changes.following(here, type, cursor)

    async def create(
        self,
        type: str,
        body: bytes | fhir.Resource,
        *,
        unless: Sequence[tuple[str, str]] | None = None,
    ) -> Emitted:
        """Store `body` (JSON, or decoded) under a new id.

        `unless` is a criterion: what it matches comes back instead, not `created`. Raises Invalid,
        Forbidden; with a criterion Incorrect, PreconditionFailed when several match, TooCostly.
        """
        id = resource_id()
        async with interaction(*self._who(), "create", type, ids=[id]) as here:
            resource = decoded(type, body)
            if unless is not None:
                return await conditional.create(here, type, id, resource, unless)
            written = await writes.write(here, Draft(type, id, resource, fresh=True))
        assert written is not None
        return written

    async def update(
        self,
        type: str,
        id: str,
        body: bytes | fhir.Resource,
        *,
        expected: int | None = None,
        absent: bool = False,
    ) -> Emitted:
        """Store `body` under `id`, whether it exists or not; equal content writes nothing.

        `expected` is the version it may replace, `absent` says it must not exist. Raises Invalid,
        PreconditionFailed, Conflict, NotFound, Forbidden.
        """
        _named(type, id)
        async with interaction(*self._who(), "update", type, ids=[id]) as here:
            resource = whole(type, body)
            if resource.id != id:
                words = "must be the id in the address"
                raise Incorrect(words, issues=[Issue("value", words, f"{type}.id")])
            draft = Draft(type, id, resource, expected=expected, absent=absent)
            written = await writes.write(here, draft)
        assert written is not None
        return written

    async def update_matching(
        self,
        type: str,
        criterion: Sequence[tuple[str, str]],
        body: bytes | fhir.Resource,
        *,
        expected: int | None = None,
    ) -> Emitted:
        """Store `body` in place of what `criterion` matches, or as new when nothing does.

        An id in `body` must be that of what matches, or be free. Raises what `update` does,
        PreconditionFailed when several match, TooCostly.
        """
        _typed(type)
        async with interaction(*self._who(), "update", type) as here:
            return await conditional.update(here, type, whole(type, body), criterion, expected)

    async def delete(self, type: str, id: str, *, expected: int | None = None) -> Emitted | None:
        """Delete; None when there is nothing. Raises PreconditionFailed, NotFound, Forbidden."""
        _named(type, id)
        async with interaction(*self._who(), "delete", type, ids=[id]) as here:
            return await writes.write(here, Draft(type, id, None, expected=expected))

    async def delete_matching(
        self, type: str, criterion: Pairs, *, expected: int | None = None
    ) -> Emitted | None:
        """Delete what `criterion` matches; None when nothing does. Raises what `delete` does,
        Incorrect, PreconditionFailed when several match, TooCostly."""
        _typed(type)
        async with interaction(*self._who(), "delete", type) as here:
            return await conditional.delete(here, type, criterion, expected)

    async def search(
        self,
        type: str | None,
        query: Pairs,
        *,
        lenient: bool = False,
        within: Compartment | None = None,
    ) -> Page:
        """The resources of `type` that match, a page of them; without a type, those of the types
        in `_type`, or of all one may search; `within` a compartment, those that belong to it, or
        NotFound, Gone. Raises Incorrect, Forbidden, TooCostly."""
        if type is not None:
            _typed(type)
        if within is not None:
            _named(*within)
        async with interaction(*self._who(), "search", type, **noted(query, within)) as here:
            return await searches.search(here, type, query, lenient=lenient, within=within)

    async def next_page(self, cursor: str) -> Page:
        """The page a cursor leads to. Raises Incorrect for one that is not this account's."""
        start = self._parts.cursors.read(self._actor.account, cursor)
        type, query, within = start.type, start.query, start.within
        async with interaction(*self._who(), "search", type, **noted(query, within)) as here:
            return await searches.search(here, type, query, after=start.spot, within=within)

    async def everything(
        self,
        id: str,
        *,
        types: str | None = None,
        since: str | None = None,
        count: int | None = None,
        start: str | None = None,
        end: str | None = None,
    ) -> EverythingPage:
        """A page of the record of Patient `id`, and what it refers to that is nobody's record.

        `types`: joined by commas; `since`: written then or later; `count`: at most 1,000; `start`,
        `end`: dates of care. Raises NotFound, Gone, Forbidden, Incorrect.
        """
        _named("Patient", id)
        async with self._everything(id) as here:
            return await everything.first(
                here, id, types=types, since=since, count=count, start=start, end=end
            )

    async def next_everything(self, id: str, cursor: str) -> EverythingPage:
        """The page a cursor of `everything` leads to. Raises Incorrect for one of another account,
        or of another patient."""
        _named("Patient", id)
        async with self._everything(id) as here:
            return await everything.following(here, id, cursor)

    def _everything(self, id: str) -> AbstractAsyncContextManager[Interaction]:
        name = "$everything"
        return interaction(*self._who(), name, "Patient", ids=[id], operation=name)

    async def break_glass(self, id: str, *, code: str, text: str) -> datetime:
        """Open the record of Patient `id`, out of reach, for the purpose BTG; until when.

        `code` is one of `glass.REASONS`, `text` says why. Raises Incorrect, NotFound, Forbidden.
        """
        _named("Patient", id)
        async with interaction(
            self._parts, self._actor, "BTG", "$break-glass", "Patient", ids=[id]
        ) as here:
            return await glass.break_glass(here, id, code, text)

    async def grant(self, id: str, account: int, until: datetime | None = None) -> None:
        """Let `account` reach Patient `id`, until an instant. Raises NotFound, Forbidden."""
        _named("Patient", id)
        async with interaction(*self._who(), "grant", "Patient", ids=[id]) as here:
            await grants.grant(here, id, account, until)

    async def withdraw(self, id: str, account: int) -> None:
        """Take a grant back; none is no error. Raises Forbidden."""
        _named("Patient", id)
        async with interaction(*self._who(), "grant", "Patient", ids=[id]) as here:
            await grants.withdraw(here, id, account)

    async def establishment(self, named: str) -> str:
        """The id of the Organization that an id, or an identifier such as a FINESS, names.

        Raises NotFound, Incorrect when it names several, Forbidden.
        """
        async with interaction(*self._who(), "grant", "Organization", named=named) as here:
            return await grants.establishment(here, named)

    async def transaction(self, bundle: Bundle, *, lenient: bool = False) -> list[Result]:
        """All entries or none. Raises what the first bad entry raises, naming the entry."""
        async with interaction(*self._who(), "transaction", None) as here:
            return await transactions.transaction(here, bundle, lenient=lenient)

    async def get(self, asked: Entry, *, lenient: bool = False) -> Result:
        """What an entry of a batch that reads asks for; raises what it raises alone."""
        wanted = retrieval(self._parts, self._actor.account, asked, lenient=lenient)
        async with interaction(*self._who(), wanted.name, wanted.type, **wanted.facts) as here:
            return await wanted.do(here)

    async def admit(self, envelope: str) -> None:
        """Decide and log that an envelope may be sent, whose entries are then each their own."""
        async with interaction(*self._who(), envelope, None):
            pass

    async def load(
        self,
        digest: bytes,
        items: Sequence[Item],
        *,
        whole: bool,
        again: bool = False,
        last: bool = True,
    ) -> Loaded:
        """Store one part of an import, once; if not `last` it may wait for another. Conflict."""
        async with interaction(*self._who(), "import", None) as here:
            return await loading.load(here, digest, items, whole=whole, again=again, last=last)

    async def erase(self, type: str, id: str) -> Certificate:
        """Erase a Patient, Practitioner or Person: key, rows, terms. Raises NotFound, Forbidden."""
        _named(type, id)
        async with interaction(*self._who(), "erase", type) as here:
            return await erasures.erase(here, type, id)

    async def allow(self, type: str, code: str) -> State:
        """Index a parameter across patients from now on; rows follow with `reindex`.

        The entry's new state. Raises Incorrect, Forbidden, Busy while long writes go on.
        """
        _typed(type)
        async with interaction(*self._who(), "index", type) as here:
            return await indexing.change(here, type, code, wanted=True)

    async def disallow(self, type: str, code: str) -> State:
        """Index a parameter no more; its terms go with `reindex`. Raises what `allow` raises."""
        _typed(type)
        async with interaction(*self._who(), "index", type) as here:
            return await indexing.change(here, type, code, wanted=False)

    def reindex(
        self, *, stretch: int = indexing.STRETCH, grace: timedelta = GRACE, rest: float = 0.0
    ) -> AsyncIterator[Pass]:
        """Give rows the terms of the list, telling after each stretch how far each pass is.

        `rest`: seconds to pause for each second of work. Raises Conflict when somebody does it
        already, Forbidden.
        """
        return indexing.reindex(*self._who(), stretch=stretch, grace=grace, rest=rest)

    def derive_reach(
        self, *, again: bool = False, stretch: int = deriving.STRETCH, rest: float = 0.0
    ) -> AsyncIterator[Derivation]:
        """Bring who reaches whom in line with what is written, telling after each stretch how far.

        `again`: even where it follows the rule already. `rest`: seconds to pause for each second of
        work. Raises Conflict when somebody does it already, Forbidden.
        """
        return deriving.derive_anew(*self._who(), again=again, stretch=stretch, rest=rest)

    def export(
        self, types: Sequence[str] = (), *, patient: str | None = None, to: str
    ) -> AsyncGenerator[Batch]:
        """Current resources of `types` (none: of all one may), or of one patient's record.

        In one snapshot, in batches, each in the ledger before it comes, with `to`: where it goes.
        Raises Forbidden, NotFound.
        """
        for type in types:
            _typed(type)
        if patient is not None:
            _named("Patient", patient)
        return exports.export(*self._who(), types, patient=patient, to=to)


def _named(type: str, id: str) -> None:
    _typed(type)
    if not RESOURCE_ID.match(id):
        raise Incorrect("an id is 1 to 64 letters, digits, hyphens and dots")


def _typed(type: str) -> None:
    if type not in _TYPES:
        raise Incorrect("there is no such resource type in FHIR R4")
