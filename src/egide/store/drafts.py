"""Drafts: the writes asked for, and each as it would be written over what is there."""

from datetime import date, datetime

import msgspec

from egide import fhir
from egide.errors import PreconditionFailed
from egide.seal import Owner
from egide.store.blinding import Blinded
from egide.store.concerns import Concerns
from egide.store.reading import Opened
from egide.store.row import NO_DAY, NO_END, Row

Edge = tuple[bytes, int]
"""Target's ident and the number of the search parameter that points there."""

STRANGER = 0
"""Stands among key numbers for everybody who has no key yet: nobody reaches him, he decided
nothing. No key has this number."""


class Draft(msgspec.Struct, frozen=True):
    """One write asked for: `resource` under type and id, or a deletion when it is None.

    `fresh`: the server has just chosen the id, so nothing needs looking up. `expected`: the only
    version it may replace. `absent`: it must not exist yet.
    """

    type: str
    id: str
    resource: fhir.Resource | None
    fresh: bool = False
    expected: int | None = None
    absent: bool = False


class Prepared(msgspec.Struct):
    """A draft that is ready to be written, with what it would replace.

    `now` is whom the new version concerns and `patients` their key numbers, `was` and `before`
    those of the version it replaces; `body` is canonical JSON, empty for a deletion; `generation`
    is that of the allow-list its terms are made by. Of whose key it gets (`Owning`): `owner` by the
    rule, `keys` by ident as far as there are any, `context` the draft it takes its key from, `lost`
    that what it names as its context is nowhere, `late` that somebody whom it concerns was no
    STRANGER any more when his key was to be made.
    """

    draft: Draft
    id: bytes
    version: int
    updated: datetime
    body: bytes
    current: Row | None = None
    current_body: bytes = b""
    unchanged: bool = False
    now: Concerns | None = None
    was: Concerns | None = None
    day: date = NO_DAY
    until: date = NO_END
    terms: Blinded = Blinded(None, [])
    edges: set[Edge] = set()
    edges_before: set[Edge] = set()
    patients: frozenset[int] = frozenset()
    before: frozenset[int] = frozenset()
    key: int = 0
    owner: Owner | None = None
    keys: dict[bytes, int] = {}
    context: "Prepared | None" = None
    lost: bool = False
    late: bool = False
    generation: int = 0
    row: Row | None = None

    @property
    def created(self) -> bool:
        """Whether there was nothing under this identity, or only a deletion."""
        return self.current is None or self.current.deleted


def drafted(
    draft: Draft,
    id: bytes,
    held: Opened | None,
    now: datetime,
    replacements: fhir.Replacements | None,
) -> Prepared | None:
    """The draft as it would be written over `held`, the current row under its ident; None when
    there is nothing to delete. Raises PreconditionFailed."""
    standing = None if held is None or held.row.deleted else held.row.version
    if draft.absent and standing is not None:
        raise PreconditionFailed("the resource exists already")
    if draft.expected is not None and draft.expected != standing:
        raise PreconditionFailed("the current version is not the one named")
    if held is None:
        if draft.resource is None:
            return None
        return Prepared(draft, id, 1, now, _encode(draft, 1, now, replacements))
    current, current_body, before = held
    if standing is None:
        if draft.resource is None:
            return None
        before = frozenset()
    elif draft.resource is not None:
        version, updated = current.version, current.updated
        same = _encode(draft, version, updated, replacements)
        if same == current_body:
            return Prepared(
                draft, id, version, updated, same, current, same, before=before, unchanged=True
            )
    # Who waited for the row, or whose clock is behind, does not write before what he replaces.
    now = max(now, current.updated)
    version = current.version + 1
    body = b"" if draft.resource is None else _encode(draft, version, now, replacements)
    return Prepared(draft, id, version, now, body, current, current_body, before=before)


def _encode(
    draft: Draft, version: int, updated: datetime, replacements: fhir.Replacements | None
) -> bytes:
    assert draft.resource is not None
    body = fhir.encode(draft.resource, id=draft.id, version=version, updated=updated)
    return replacements.apply(body) if replacements else body
