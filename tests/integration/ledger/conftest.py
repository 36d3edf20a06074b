"""An integrator that is told when to run, and entries to write."""

import pytest

from egide.db import Database
from egide.ledger import Action, Entry, Integrator, Outcome
from egide.seal import KeyRing


@pytest.fixture
def integrator(database: Database, ring: KeyRing) -> Integrator:
    return Integrator(database, ring, interval=0.05)


def a_read(patient: int = 7, **changes: object) -> Entry:
    """One read of one patient's Observation."""
    values: dict[str, object] = {
        "session": 1,
        "actor": 2,
        "action": Action.read,
        "outcome": Outcome.success,
        "type": "Observation",
        "patients": (patient,),
        "body": {"purpose": "TREAT", "ids": ["8d3a1a52-7d1c-4c0e-9a0e-0f5f2f6f0a01"]},
    }
    return Entry(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(name="a_read")
def a_read_fixture() -> object:
    return a_read
