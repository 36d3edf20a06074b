"""The one door: data is reached through `record`, and leaves through one function."""

import ast

from tests.house.conftest import Module

EMISSION = "egide.record.emission"
KNOW_THE_STORE = (
    "egide.record",
    "egide.app",
    "egide.store",
    "egide.bench.stepping",  # times the store's own steps, on records it makes itself
    *(f"egide.ops.{name}" for name in ("backup", "rekey", "copies", "verify", "doctor")),
)


def imported(module: Module, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in module.imports())


def test_nothing_but_emission_makes_an_emitted_resource(modules: list[Module]) -> None:
    makers = {
        module.name
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Emitted"
    }
    assert makers == {EMISSION}


def test_only_the_door_and_some_operations_know_the_store(modules: list[Module]) -> None:
    known = {module.name for module in modules if imported(module, "egide.store")}
    assert any(name.startswith("egide.record") for name in known)
    strangers = {
        module.name
        for module in modules
        if module.name in known and not module.within(*KNOW_THE_STORE)
    }
    assert strangers == set()


def test_the_gate_decides_for_the_record_only(modules: list[Module]) -> None:
    """Others may read roles and scopes from it; decisions and facts are the record's."""
    timed = "egide.bench.gating"  # decides nothing about anybody: it times a decision
    for module in modules:
        if module.within("egide.record", "egide.gate", timed):
            continue
        taken = {name for name in module.imports() if name.startswith("egide.gate.")}
        others = {name for name in taken if not name.startswith("egide.gate.scopes")}
        assert others <= {"egide.gate.ROLES"}, module.name


def test_no_door_writes_in_the_ledger(modules: list[Module]) -> None:
    """A door that logs by itself is a door beside the one door."""
    for module in modules:
        if module.within("egide.api", "egide.http", "egide.exchange"):
            assert not imported(module, "egide.ledger"), module.name
            assert not imported(module, "egide.db") or module.name in (
                "egide.api.health",
                "egide.api.application",
            ), module.name


def test_only_db_knows_the_driver(modules: list[Module]) -> None:
    users = {module.name for module in modules if imported(module, "asyncpg")}
    assert users
    assert all(name.startswith("egide.db") for name in users), users


def test_the_pure_parts_do_no_input_or_output(modules: list[Module]) -> None:
    """`fhir`, `gate` and `seal` (its providers apart) compute; the tree's arithmetic too."""
    outside = ("asyncio", "socket", "subprocess", "egide.db", "egide.telemetry", "urllib.request")
    pure = ("egide.fhir", "egide.gate", "egide.seal", "egide.ledger.merkle", "egide.ledger.tiles")
    for module in modules:
        if module.within(*pure) and not module.within("egide.seal.providers"):
            for package in outside:
                assert not imported(module, package), f"{module.name} imports {package}"
