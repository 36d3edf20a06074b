"""Admitting: whoever holds roles for an establishment makes patients of it, in the same write that
says they are.

Everybody else's new patients, and whom a write merely names, stay strangers: nothing that is
written makes a patient of one's own out of somebody who was not.
"""

from collections.abc import Sequence

from egide import fhir
from egide.gate.custody import named
from egide.record.interaction import Interaction
from egide.store import STRANGER, Prepared


def admits(here: Interaction, prepared: Sequence[Prepared]) -> frozenset[bytes]:
    """The new patients (idents) that say they are of the establishment the roles are held for.

    Under ids the server has just chosen: no record can have named those before.
    """
    held = here.decision.facts.held
    if held is None:
        return frozenset()
    return frozenset(
        each.id
        for each in prepared
        if each.draft.type == "Patient" and each.draft.fresh and each.body
        if any(id in held for id in named(fhir.parse(each.body).get("managingOrganization")))
    )


def numbers_of(written: Prepared, admitted: frozenset[bytes]) -> frozenset[int]:
    """The key numbers `admitted` patients have in what is written: that of a stranger, until they
    have keys, unless another stranger is named as well."""
    while written.context is not None:
        written = written.context
    # The key of a professional or a Person comes first; it is no patient's.
    first = 1 if written.owner is not None and written.owner.kind == "person" else 0
    keys = list(written.keys.items())[first:]
    if any(number == STRANGER and ident not in admitted for ident, number in keys):
        return frozenset()
    return frozenset(number for ident, number in keys if ident in admitted)
