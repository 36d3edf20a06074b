"""Owning: whose key each draft of one write gets.

Two steps, as in `egide.store.writing`: `look` finds whom drafts concern by the keys there are and
makes none, so that a refusal takes as long for who is known here as for who is not; `settle` makes
the keys that are missing.

A Binary takes the key of what its `securityContext` names: first of what the same call writes, in
whatever order, else of the current row. What is nowhere gives no key, and the draft is `lost`.

Invariants (tests/integration/store/test_owning.py)
- No key is made for a write that is refused.
- A Binary never falls back to the establishment's key when it names a context.
"""

from collections.abc import Sequence

from egide.db import Connection
from egide.errors import Fault
from egide.seal import BlindIndex, owner
from egide.store.drafts import STRANGER, Prepared
from egide.store.keys import Keys


class Owning:
    """Chooses keys. One for the process; the connection is the caller's."""

    def __init__(self, keys: Keys, blind: BlindIndex) -> None:
        self._keys = keys
        self._blind = blind

    async def look(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Say whom each draft concerns, and concerned; who has no key is a STRANGER."""
        idents: dict[str, bytes] = {}
        wanted: set[bytes] = set()
        following: list[Prepared] = []
        for each in prepared:
            now = each.now
            if now is not None and not each.unchanged:
                rule = each.owner = owner(
                    each.draft.type, each.draft.id, now.patients, persons=now.persons
                )
                if rule.kind == "person":
                    each.keys[self.ident(rule.holders[0])] = STRANGER
                for id in now.patients:
                    each.keys[self._patient(id, idents)] = STRANGER
                wanted.update(each.keys)
                if now.context is not None:
                    following.append(each)
            if each.was is not None:
                wanted.update([self._patient(id, idents) for id in each.was.patients])
        known = await self._keys.of_owners(connection, wanted) if wanted else {}
        for each in prepared:
            if each.was is not None:
                was = [self._patient(id, idents) for id in each.was.patients]
                each.before |= {known[ident] for ident in was if ident in known}
            if each.owner is not None and each.now is not None:
                for ident in each.keys:
                    each.keys[ident] = known.get(ident, STRANGER)
                each.patients = frozenset([each.keys[idents[id]] for id in each.now.patients])
            elif each.current is not None:
                # Unchanged or deleted: it stays whose it is.
                each.key, each.patients = each.current.key, each.before
        if following:
            await self._follow(connection, prepared, following)

    async def settle(self, connection: Connection, prepared: Sequence[Prepared]) -> None:
        """Make the keys that are missing, and say which each draft is sealed with. Raises Fault for
        one that is lost."""
        if any(each.lost for each in prepared):
            raise Fault("a resource whose context is nowhere was to be written")
        missing: dict[bytes, str] = {}
        for each in prepared:
            if STRANGER in each.keys.values():
                person = each.owner is not None and each.owner.kind == "person"
                first = next(iter(each.keys)) if person else b""
                for ident, number in each.keys.items():
                    if number == STRANGER:
                        missing[ident] = "person" if ident == first else "patient"
        if missing:
            made = await self._keys.make(connection, missing)
            for each in prepared:
                if each.now is not None and STRANGER in each.keys.values():
                    each.late = not made.late.isdisjoint(each.keys)
                    each.keys |= {o: made.numbers[o] for o in each.keys if o in made.numbers}
                    each.patients = frozenset(
                        [each.keys[self.ident(f"Patient/{id}")] for id in each.now.patients]
                    )
        for each in prepared:
            if each.owner is not None and each.context is None and not each.key:
                each.key = await self._choose(connection, each)
        for each in prepared:
            if each.context is not None:
                each.key, each.patients = each.context.key, each.context.patients
                each.late = each.context.late

    async def _choose(self, connection: Connection, each: Prepared) -> int:
        rule = each.owner
        assert rule is not None
        if rule.kind == "establishment":
            return self._keys.house
        if rule.kind != "resource":
            return next(iter(each.keys.values()))
        if each.current is not None and len(each.patients) > 1:
            held = await self._keys.load(connection, [each.current.key])
            if held[each.current.key].patients == each.patients:
                return each.current.key
        return await self._keys.share(connection, each.patients)

    async def _follow(
        self, connection: Connection, prepared: Sequence[Prepared], following: Sequence[Prepared]
    ) -> None:
        """Find the contexts `following` take their keys from."""
        here = {each.id: each for each in prepared}
        takers = {each.id for each in following}
        outside: dict[bytes, list[Prepared]] = {}
        for each in following:
            ident, passed = each.id, set[bytes]()
            while ident in takers and ident not in passed:
                passed.add(ident)
                now = here[ident].now
                assert now is not None and now.context is not None
                ident = self.ident(now.context)
            if ident in passed:
                each.lost = True
            elif ident in here:
                each.context = here[ident]
                each.patients = each.context.patients
            else:
                outside.setdefault(ident, []).append(each)
        if outside:
            found = await self._keys.of_contexts(connection, list(outside))
            held = await self._keys.load(connection, set(found.values()))
            for ident, each_of in outside.items():
                for each in each_of:
                    each.lost = ident not in found
                    if not each.lost:
                        each.key = found[ident]
                        each.patients = held[each.key].patients

    def ident(self, reference: str) -> bytes:
        """The keyed hash of `Type/id`."""
        type, _, id = reference.partition("/")
        return self._blind.ident(type, id)

    def _patient(self, id: str, idents: dict[str, bytes]) -> bytes:
        found = idents.get(id)
        if found is None:
            found = idents[id] = self._blind.ident("Patient", id)
        return found
