"""Who an issuer says is there: what was verified, how strongly, and in which situations they work.

An identity is never an account and never a patient: FranceConnect's pivot identity proposes, and
equals no INS. It is held in memory and sealed, and told in no log; `repr` names nobody.
"""

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["professional", "citizen"]


class Situation(msgspec.Struct, frozen=True):
    """One exercise situation: a profession at a place, in Pro Santé Connect's codes.

    `profession` is of TRE_G15, `category` of TRE_R09, `specialty` a savoir-faire (TRE_R38 and
    others), `mode` of TRE_R23, `sector` of TRE_R02; "" where the issuer says nothing. `roles` are
    those the establishment's mapping gives it; without any it cannot be chosen.
    """

    profession: str
    category: str = ""
    specialty: str = ""
    mode: str = ""
    sector: str = ""
    finess: str = ""
    siret: str = ""
    structure: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()
    establishment: str | None = None

    def __repr__(self) -> str:
        return f"Situation({self.profession}, {self.finess}, roles={self.roles})"


class Evidence(msgspec.Struct, frozen=True):
    """How the person was authenticated: kept in the session and in the ledger.

    `acr` and `amr` as the issuer signed them, `means` what it says beside (Pro Santé Connect's
    Palier_Authentification), `at` when the person was authenticated: long before this log-in
    where a session was still open there, None when the issuer does not say.
    """

    issuer: str
    acr: str
    amr: tuple[str, ...]
    means: str
    at: datetime | None


class Pivot(msgspec.Struct, frozen=True):
    """FranceConnect's identité pivot: traits to propose a patient by, never an INS.

    `family_name` is the birth name, `birthplace` an INSEE code ("" when born abroad),
    `birthcountry` the INSEE code of the country.
    """

    given_name: str
    family_name: str
    birthdate: str
    gender: str
    birthplace: str
    birthcountry: str

    def __repr__(self) -> str:
        return "Pivot(…)"


class Identity(msgspec.Struct, frozen=True):
    """A person an issuer vouches for, verified.

    `issuer` is the name in the configuration, `subject` the keyed hash of issuer and `sub` (32
    bytes), `assurance` 1 or 2 factors (as `Actor.assurance`), `situations` those of a professional
    in the issuer's order, `display` a name for the screen, `number` the national id of a
    professional, `return_to` the local path given to `begin`, `sid` the issuer's own name for its
    session, `session` the number of ours that was to be shown again (0: the log-in opens one).
    """

    issuer: str
    kind: Kind
    subject: bytes
    assurance: int
    evidence: Evidence
    situations: tuple[Situation, ...]
    display: str
    return_to: str
    number: str = ""
    pivot: Pivot | None = None
    id_token: str = ""
    sid: str = ""
    session: int = 0

    @property
    def choices(self) -> tuple[int, ...]:
        """The places in `situations` of those that can be chosen."""
        return tuple(place for place, each in enumerate(self.situations) if each.roles)

    def __repr__(self) -> str:
        return f"Identity({self.issuer}, {self.kind}, assurance={self.assurance})"


class Begun(msgspec.Struct, frozen=True):
    """A log-in begun: where to send the browser."""

    url: str

    def __repr__(self) -> str:
        return "Begun(…)"


class Chosen(msgspec.Struct, frozen=True):
    """What a professional works as now: roles, and the id of the Organization when it is known."""

    roles: frozenset[str]
    establishment: str | None
    finess: str
    situation: Situation


class Link(msgspec.Struct, frozen=True):
    """An issuer whose identity opens an account, and since when."""

    issuer: str
    linked: datetime
