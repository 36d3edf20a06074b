"""The sealed id of the Patient an account is bound to: AES-256-GCM under the accounts' own key."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from egide.errors import Fault


class Bindings:
    """Seals and opens patient ids; the account's number is bound in, so a moved one fails."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, `KeyRing.derive("accounts")`."""
        self._cipher = AESGCM(key)

    def seal(self, patient: str, account: int) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, patient.encode(), _associated(account))

    def open(self, sealed: bytes, account: int) -> str:
        """Raises Fault when it was not sealed for this account under this key."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], _associated(account)).decode()
        except InvalidTag:
            raise Fault("The patient an account is bound to does not open") from None


def _associated(account: int) -> bytes:
    return b"account-patient" + account.to_bytes(8, "big")
