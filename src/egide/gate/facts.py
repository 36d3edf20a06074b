"""What the gate is told: frozen, hashable facts, loaded by `egide.record.facts` alone.

Patients are named by their internal key (a random 63-bit number), never by an id.
"""

from typing import Literal

import msgspec

from egide.gate.roles import Grant

EMPTY: frozenset[int] = frozenset()


class Exceptions(msgspec.Struct, frozen=True):
    """The patients for whom the general rule does not hold, for this actor and purpose.

    `denied`: an opposition or a refused consent; nothing of theirs leaves. `masked`: readable
    with masked elements, never writable. `broken_glass`: out of reach, opened for a short time
    in an emergency; counts only when the facts say `emergency`. A patient may be in several:
    denied wins over masked, masked over broken glass.
    """

    denied: frozenset[int] = EMPTY
    masked: frozenset[int] = EMPTY
    broken_glass: frozenset[int] = EMPTY


NO_EXCEPTIONS = Exceptions()


class Facts(msgspec.Struct, frozen=True):
    """Everything one decision depends on.

    `interaction` is one of `roles.INTERACTIONS`, `type` the resource type asked about (None: the
    whole system, as for a transaction), `purpose` a code of `egide.actor.PURPOSES`, `grants` those
    of the actor's roles (`roles.grants_of`), `own` the key of the patient the account is bound to,
    `assurance` the strength of authentication (1 = one factor or a machine's secret, 2 = two),
    `emergency` whether the actor has broken the glass and the time for it is not over.
    """

    interaction: str
    type: str | None
    purpose: str
    grants: tuple[Grant, ...]
    own: int | None = None
    assurance: int = 1
    emergency: bool = False
    exceptions: Exceptions = NO_EXCEPTIONS


class ResourceFacts(msgspec.Struct, frozen=True, gc=False):
    """One opened resource, or one about to be written.

    `patients` are the keys of all the patients it concerns, `reached` those keys, among the ones
    looked up (for the whole page, if one likes), that the account's reach rows hold in the same
    snapshot, `labels` its security labels as `system|code`.
    """

    type: str
    patients: tuple[int, ...] = ()
    reached: frozenset[int] = EMPTY
    labels: frozenset[str] = frozenset()


Answer = Literal["yes", "masked", "no"]
