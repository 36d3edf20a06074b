"""What the entries of a transaction come to: drafts to write, and what criteria found.

Criteria are answered before anything is written, from what was there before the bundle. An entry
that writes what another entry's criterion asks for would make that answer wrong: it is refused.
https://hl7.org/fhir/R4/http.html#trules
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from egide.db import Connection
from egide.errors import EgideError, Issue, PreconditionFailed
from egide.fhir.search import Term
from egide.fhir.summary import is_subset
from egide.ids import resource_id
from egide.record import conditional
from egide.record.bundle import Asked, at
from egide.record.conditional import Criterion
from egide.record.emission import Emitted
from egide.record.interaction import Interaction
from egide.record.oracles import TooManyQuestions
from egide.store import Draft


class Plan(NamedTuple):
    """An entry that writes, and the draft it comes to."""

    asked: Asked
    draft: Draft


class Plans(NamedTuple):
    """What is written, and the entries (by place) that found what they would have made; an entry
    that deletes what its criterion does not match is in neither.

    `references`: fullUrl → Type/id for all of them.
    """

    writing: tuple[Plan, ...]
    found: Mapping[int, Emitted]
    references: Mapping[str, str]


async def plans(here: Interaction, connection: Connection, asked: Sequence[Asked]) -> Plans:
    """What `asked`, entries that write, come to. Refuses two writes to one identity."""
    conditions = [each for each in asked if each.criterion is not None]
    if conditions:
        here.note(criteria=[[each.place, each.type, each.criterion] for each in conditions])
    criteria = {each.place: _criterion(here, each) for each in conditions}
    terms: dict[int, frozenset[Term]] = {}
    if criteria:
        terms = _terms(here, asked, {each.type for each in criteria.values()})
        held = [(criteria[place], terms.get(place, frozenset())) for place in criteria]
        await conditional.hold(here, connection, held)
    writing: list[Plan] = []
    found: dict[int, Emitted] = {}
    matched: list[tuple[int, str]] = []
    for each in asked:
        if each.place not in criteria:
            writing.append(Plan(each, _draft(each)))
            continue
        if each.method == "DELETE":
            here.require("delete", each.type)
        match = await conditional.find(here, connection, criteria[each.place], _where(each))
        if match is not None:
            matched.append((each.place, match.id))
        if match is not None and each.method == "POST":
            here.require("create", each.type)
            found[each.place] = match
            continue
        draft = _conditional_draft(each, match)
        if draft is not None:
            writing.append(Plan(each, draft))
    _refuse_meetings(here, writing, criteria, terms)
    if criteria:
        here.note(matched=matched)
    return Plans(tuple(writing), found, _references(asked, writing, found))


def _where(asked: Asked) -> str:
    return f"Bundle.entry[{asked.place}].request"


def _criterion(here: Interaction, asked: Asked) -> Criterion:
    """The entry's criterion; what is wrong with it is said at the entry."""
    assert asked.criterion is not None
    try:
        return conditional.criterion(here, asked.type, asked.criterion)
    except TooManyQuestions:
        raise
    except EgideError as error:
        issues = [Issue(each.code, each.diagnostics, _where(asked)) for each in error.issues]
        raise type(error)(error.message, issues=issues) from None


def _terms(
    here: Interaction, asked: Sequence[Asked], types: set[str]
) -> dict[int, frozenset[Term]]:
    """Place → terms, of every entry that writes a resource of one of `types`."""
    terms = {}
    for each in asked:
        if each.type in types and each.resource is not None:
            draft = Draft(each.type, each.id or each.decoded.id or "", each.decoded)
            terms[each.place] = conditional.terms_of(
                draft.type, conditional.mapping_of(here, draft)
            )
    return terms


def _draft(asked: Asked) -> Draft:
    """What an entry without a criterion comes to."""
    _refuse_part(asked)
    resource = None if asked.resource is None else asked.decoded
    if asked.id is None:
        return Draft(asked.type, resource_id(), resource, fresh=True)
    return Draft(asked.type, asked.id, resource, expected=asked.expected, absent=asked.absent)


def _conditional_draft(asked: Asked, match: Emitted | None) -> Draft | None:
    """What an entry with a criterion writes; None when there is nothing to delete."""
    if asked.method == "DELETE":
        return conditional.removing(match, asked.expected)
    resource = asked.decoded
    if asked.method == "POST":
        return Draft(asked.type, resource_id(), resource, fresh=True)
    _refuse_part(asked)
    path = f"Bundle.entry[{asked.place}].resource"
    return conditional.replacing(match, resource, asked.expected, path)


def _refuse_part(asked: Asked) -> None:
    """Refuses an update by what was cut by `_summary` or `_elements`."""
    if asked.method == "PUT" and is_subset(asked.decoded.meta):
        words = "this is a part of a resource (SUBSETTED); a part cannot replace the whole"
        raise at(asked.place, "resource.meta.tag", "business-rule", words)


def _refuse_meetings(
    here: Interaction,
    writing: Sequence[Plan],
    criteria: Mapping[int, Criterion],
    terms: Mapping[int, frozenset[Term]],
) -> None:
    """Refuses a criterion that also asks for what another entry writes; one that deletes may, for
    deletions come first."""
    for asked, draft in writing:
        criterion = criteria.get(asked.place)
        if criterion is None or asked.method == "DELETE":
            continue
        for other in writing:
            if (
                other.asked.place == asked.place
                or other.draft.type != draft.type
                or other.draft.resource is None
                or not criterion.may_match(terms[other.asked.place])
            ):
                continue
            if conditional.meets(criterion, conditional.mapping_of(here, other.draft)):
                words = f"the criterion also matches the resource of entry {other.asked.place}"
                issue = Issue("multiple-matches", words, _where(asked))
                raise PreconditionFailed(words, issues=[issue])


def _references(
    asked: Sequence[Asked], writing: Sequence[Plan], found: Mapping[int, Emitted]
) -> dict[str, str]:
    """fullUrl → Type/id. Refuses two writes to one identity."""
    seen: set[tuple[str, str]] = set()
    at_place: dict[int, str] = {}
    for plan in writing:
        identity = (plan.draft.type, plan.draft.id)
        if identity in seen:
            words = "another entry of this bundle writes the same resource"
            raise at(plan.asked.place, "request.url", "duplicate", words)
        seen.add(identity)
        if plan.draft.resource is not None:
            at_place[plan.asked.place] = "/".join(identity)
    for place, match in found.items():
        if (match.type, match.id) in seen:
            words = "another entry of this bundle writes what the criterion matches"
            raise at(place, "request.ifNoneExist", "duplicate", words)
        at_place[place] = f"{match.type}/{match.id}"
    references: dict[str, str] = {}
    for each in asked:
        if each.full_url is None or each.place not in at_place:
            continue
        if each.full_url in references:
            words = "another entry of this bundle has the same fullUrl"
            raise at(each.place, "fullUrl", "duplicate", words)
        references[each.full_url] = at_place[each.place]
    return references
