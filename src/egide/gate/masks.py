"""Masks: what of a masked resource is still shown, as data that grants name.

Under every mask a resource shows that it is there, its version, confidentiality, status, whose it
is and its main date (`egide.fhir.masking`); a mask names what it shows besides. What no mask names
is masked: an element that is added to a type later is masked until somebody names it here.

An element is named as FHIR has it, without `[x]`; `participant.actor:Patient` is the actor of each
participant, where it is a Patient. Invariants (tests/unit/gate/test_masks.py)
- every element named is one of its type, and of a kind that holds no free text;
- nobody a resource is masked for learns what is masked by asking for it
  (tests/integration/record/test_masks.py).
"""

from collections.abc import Mapping
from functools import cache

import msgspec

NOTHING: frozenset[str] = frozenset()


class Mask(msgspec.Struct, frozen=True, kw_only=True):
    """`everywhere`: elements shown of every type that has them; `of`: those of one type. With one
    sentence a person can read, in each language."""

    english: str
    french: str
    everywhere: frozenset[str] = NOTHING
    of: Mapping[str, frozenset[str]] = {}

    def shows(self, type: str) -> frozenset[str]:
        """What is shown of resources of `type`, besides what every mask shows."""
        return self.everywhere | self.of.get(type, NOTHING)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _by_type(text: str) -> Mapping[str, frozenset[str]]:
    rows = (line.split() for line in text.strip().splitlines())
    return {type: frozenset(elements) for type, *elements in rows}


MASKS: Mapping[str, Mask] = {
    "envelope": Mask(
        english="That it is there, whose, when and in which state.",
        french="Son existence, à qui, quand et dans quel état.",
    ),
    "outline": Mask(
        english="Also of which category it is, its dates and the stay it belongs to; no code, "
        "value, comment, author or narrative.",
        french="Et aussi sa catégorie, ses dates et le séjour dont il relève ; ni code, ni valeur, "
        "ni commentaire, ni auteur, ni texte.",
        everywhere=_words(
            """
            category encounter period effective performed occurrence authoredOn authored issued
            date recordedDate recorded created sent received started
            """
        ),
        of=_by_type(
            """
            Appointment start end participant.actor:Patient
            Composition confidentiality
            DocumentReference context.encounter context.period
            Encounter class episodeOfCare partOf
            Slot start end
            """
        ),
    ),
    "agenda": Mask(
        english="Also when somebody is expected or there, and who pays; no reason, comment, "
        "practitioner or service.",
        french="Et aussi quand la personne est attendue ou présente, et qui paie ; ni motif, ni "
        "commentaire, ni professionnel, ni service.",
        of=_by_type(
            """
            Account servicePeriod coverage.coverage coverage.priority
            Appointment start end minutesDuration created participant.actor:Patient
            AppointmentResponse appointment start end participantStatus
            Coverage period payor order
            CoverageEligibilityRequest created serviced insurer
            CoverageEligibilityResponse created serviced insurer
            Encounter class period
            Slot start end
            """
        ),
    ),
}
"""Name → mask."""


@cache
def shown(masks: frozenset[str], type: str) -> frozenset[str]:
    """What several masks together show of resources of `type`: what any of them does."""
    return frozenset[str]().union(*(MASKS[name].shows(type) for name in masks))
