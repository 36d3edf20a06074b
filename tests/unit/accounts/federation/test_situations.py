"""Which roles an exercise situation has: those of the rules it meets."""

from itertools import product

from egide.accounts.federation import Issuer, Situation
from egide.accounts.federation.issuer import Authentication, Level, Rule
from egide.accounts.federation.situations import roles


def issuer(*rules: Rule) -> Issuer:
    return Issuer(
        name="psc",
        title="x",
        kind="professional",
        issuer="https://issuer.example",
        client_id="egide",
        authentication=Authentication("client_secret_post", "unread"),
        ask="eidas1",
        levels=(Level("eidas1", 2),),
        algorithms=("RS256",),
        userinfo="plain",
        roles=rules,
    )


def test_a_situation_has_the_roles_of_the_rules_it_meets() -> None:
    rules = (
        Rule(("clinician",), profession=frozenset({"10", "60"}), finess=frozenset({"750000001"})),
        Rule(("auditor", "registrar"), sector=frozenset({"SA01"}), mode=frozenset({"S"})),
    )
    for profession, finess, sector, mode in product(
        ("10", "60", "99", ""), ("750000001", "750000002", ""), ("SA01", "SA07"), ("S", "L")
    ):
        met = roles(Situation(profession, finess=finess, sector=sector, mode=mode), issuer(*rules))
        first = profession in ("10", "60") and finess == "750000001"
        second = sector == "SA01" and mode == "S"
        assert met == ("auditor",) * second + ("clinician",) * first + ("registrar",) * second


def test_every_condition_counts() -> None:
    whole = {"profession": "10", "category": "C", "specialty": "SM1", "mode": "S"}
    whole |= {"sector": "SA01", "finess": "750000001"}
    rule = Rule(("clinician",), **{name: frozenset({code}) for name, code in whole.items()})
    assert roles(Situation(**whole), issuer(rule)) == ("clinician",)  # type: ignore[arg-type]
    for name in whole:
        other = Situation(**(whole | {name: "other"}))  # type: ignore[arg-type]
        assert roles(other, issuer(rule)) == ()


def test_without_a_rule_there_is_no_role() -> None:
    assert roles(Situation("10"), issuer()) == ()
