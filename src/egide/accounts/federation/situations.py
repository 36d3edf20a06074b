"""A professional's exercise situations, from Pro Santé Connect's userinfo: pure.

`SubjectRefPro.exercices[].activities[]`: one situation for each activity. Who has none is not let
in: Pro Santé Connect also knows people who are no professionals.

Invariant: a situation has the roles of the rules it meets and no other
(test_a_situation_has_the_roles_of_the_rules_it_meets).
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from egide.accounts.federation.identity import Situation
from egide.accounts.federation.issuer import Issuer
from egide.accounts.federation.refusal import FederationRefused, NoSituation

_Code = Annotated[str, msgspec.Meta(max_length=100)] | None
_Name = Annotated[str, msgspec.Meta(max_length=400)] | None


class _Activity(msgspec.Struct, rename="camel"):
    code_mode_exercice: _Code = None
    code_secteur_dactivite: _Code = None
    numero_finess_site: _Code = None
    numero_siret_site: _Code = None
    identifiant_technique_de_la_structure: _Code = None
    raison_sociale_site: _Name = None


class _Exercise(msgspec.Struct, rename="camel"):
    code_profession: _Code = None
    code_categorie_professionnelle: _Code = None
    code_savoir_faire: _Code = None
    activities: Annotated[list[_Activity], msgspec.Meta(max_length=100)] | None = None


class _Reference(msgspec.Struct):
    exercices: Annotated[list[_Exercise], msgspec.Meta(max_length=20)] | None = None


class _Professional(msgspec.Struct):
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = msgspec.field(
        name="SubjectNameID"
    )
    roles: list[str] | None = msgspec.field(name="SubjectRole", default=None)
    reference: _Reference | None = msgspec.field(name="SubjectRefPro", default=None)


def professional(userinfo: Mapping[str, Any], issuer: Issuer) -> tuple[str, tuple[Situation, ...]]:
    """The national id and the situations, in the issuer's order.

    Raises NoSituation, saying what is missing, and FederationRefused (`claims`) for a userinfo of
    another shape.
    """
    try:
        found = msgspec.convert(dict(userinfo), _Professional)
    except msgspec.ValidationError:
        raise FederationRefused("claims") from None
    if not found.roles:
        raise NoSituation("no-profession")
    exercises = (found.reference.exercices if found.reference else None) or []
    situations = tuple(
        _situation(exercise, activity, issuer)
        for exercise in exercises
        for activity in exercise.activities or []
        if exercise.code_profession
    )
    if not situations:
        raise NoSituation("no-situation")
    if not any(each.roles for each in situations):
        raise NoSituation("no-role")
    return found.number, situations


def _situation(exercise: _Exercise, activity: _Activity, issuer: Issuer) -> Situation:
    finess = activity.numero_finess_site or ""
    bare = Situation(
        profession=exercise.code_profession or "",
        category=exercise.code_categorie_professionnelle or "",
        specialty=exercise.code_savoir_faire or "",
        mode=activity.code_mode_exercice or "",
        sector=activity.code_secteur_dactivite or "",
        finess=finess,
        siret=activity.numero_siret_site or "",
        structure=activity.identifiant_technique_de_la_structure or "",
        name=activity.raison_sociale_site or "",
        establishment=issuer.establishments.get(finess),
    )
    return msgspec.structs.replace(bare, roles=roles(bare, issuer))


def roles(situation: Situation, issuer: Issuer) -> tuple[str, ...]:
    """The roles of every rule that `situation` meets, in order."""
    met = (
        rule.roles
        for rule in issuer.roles
        if all(
            not allowed or value in allowed
            for value, allowed in (
                (situation.profession, rule.profession),
                (situation.category, rule.category),
                (situation.specialty, rule.specialty),
                (situation.mode, rule.mode),
                (situation.sector, rule.sector),
                (situation.finess, rule.finess),
            )
        )
    )
    return tuple(sorted({role for given in met for role in given}))
