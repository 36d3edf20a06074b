"""What the gate is told: frozen facts, loaded by `egide.record.facts` alone.

Patients are named by their internal key (a random 63-bit number), never by an id.
"""

from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from egide.actor import Clearance, Zone
from egide.gate.choices import NOTHING, Choices, Content
from egide.gate.roles import Grant

EMPTY: frozenset[int] = frozenset()


class Facts(msgspec.Struct, frozen=True):
    """Everything one decision depends on, but the resource.

    `interaction` is one of `roles.INTERACTIONS`, `type` the resource type asked about (None: the
    whole system, as for a transaction), `purpose` a code of `egide.actor.PURPOSES`, `grants` those
    of the actor's roles within the scopes of the application (`granted`).

    `own` is the key of the patient the account is bound to, `launched` of the one the application
    was launched with, `behalf` of the one a relative acts for. `held` are the Organizations (ids)
    of the establishment the roles are held for, None for the whole house. `who` are the references
    a Consent may name the actor by (`Practitioner/1`).

    `assurance` is the strength of authentication (1 = one factor or a machine's secret, 2 = two),
    `fresh` whether it was shown less than `roles.FRESH` ago,
    `emergency` whether the actor has broken a glass and the time for it is not over, `zone` where
    the request came from, `cleared` whether training and charter are in order (`clearance`: why),
    `at` the instant and `open` whether the establishment's desks are open then.
    """

    interaction: str
    type: str | None
    purpose: str
    grants: tuple[Grant, ...]
    own: int | None = None
    launched: int | None = None
    behalf: int | None = None
    held: Container[str] | None = None
    who: frozenset[str] = frozenset()
    assurance: int = 1
    fresh: bool = True
    emergency: bool = False
    zone: Zone = "inside"
    cleared: bool = True
    clearance: Clearance | None = None
    at: datetime | None = None
    open: bool = True


def _none_meet(criteria: object) -> bool:
    return False


class ResourceFacts(msgspec.Struct, frozen=True, gc=False):
    """One opened resource, or one about to be written.

    `patients` are the keys of all the patients it concerns; `reached` those keys, among the ones
    looked up (for the whole page, if one likes), that are in the actor's reach in the same
    snapshot, `agreed` those that a consent alone puts there; `labels` its security labels as
    `system|code`, with those of the stays it belongs to (`egide.gate.episodes`); `choices` what
    patients decided, by key, `content` what those decisions may be about; `meets` says whether it
    satisfies the criteria of a scope. Of the establishment the actor's roles are held for:
    `belonging` are the keys of its patients, `elsewhere` whether the resource says that it is of
    others.
    """

    type: str
    patients: tuple[int, ...] = ()
    reached: frozenset[int] = EMPTY
    labels: frozenset[str] = frozenset()
    agreed: frozenset[int] = EMPTY
    choices: Mapping[int, Choices] = {}
    content: Content = NOTHING
    meets: Callable[[tuple[tuple[str, str], ...]], bool] = _none_meet
    belonging: frozenset[int] = EMPTY
    elsewhere: bool = False


Answer = Literal["yes", "masked", "no"]
