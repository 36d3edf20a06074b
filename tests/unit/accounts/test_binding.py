"""The sealed id of the patient an account is bound to."""

import pytest

from egide.accounts.binding import Bindings
from egide.errors import Fault

PATIENT = "0d9a4c1e-synthetic"


def test_a_binding_opens_for_its_account() -> None:
    bindings = Bindings(bytes(32))
    sealed = bindings.seal(PATIENT, 7)
    assert bindings.open(sealed, 7) == PATIENT
    assert PATIENT.encode() not in sealed


def test_a_binding_moved_to_another_account_does_not_open() -> None:
    bindings = Bindings(bytes(32))
    with pytest.raises(Fault):
        bindings.open(bindings.seal(PATIENT, 7), 8)


def test_a_binding_of_another_installation_does_not_open() -> None:
    with pytest.raises(Fault) as caught:
        Bindings(bytes(32)).open(Bindings(b"k" * 32).seal(PATIENT, 7), 7)
    assert PATIENT not in caught.value.message
