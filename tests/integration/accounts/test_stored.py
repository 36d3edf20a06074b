"""What the database holds of secrets: digests, and nothing that opens anything."""

import base64
from hashlib import sha256

from tests.integration.accounts.conftest import World


async def everything(world: World) -> bytes:
    """Every row of every table of the accounts, as text."""
    async with world.database.connection() as connection:
        rows = [
            await connection.fetch(f"select t::text as line from {table} t")
            for table in ("account", "client", "access_token")
        ]
    return "\n".join(row["line"] for table in rows for row in table).encode()


async def test_no_secret_token_or_patient_is_stored(world: World) -> None:
    patient = "synthetic-patient-0001"
    new = await world.accounts.clients.create("Portal", ["patient"], patient=patient)
    client = await world.accounts.clients.authenticate(new.client_id, new.secret)
    issued = await world.accounts.issue(client)
    stored = await everything(world)
    assert new.client_id.encode() in stored
    for secret in (new.secret, issued.access_token):
        raw = base64.urlsafe_b64decode(secret[4:] + "=")
        for form in (secret[4:].encode(), raw.hex().encode()):
            assert form not in stored
        assert sha256(secret.encode()).hexdigest().encode() in stored
    for form in (patient.encode(), patient.encode().hex().encode(), sha256(patient.encode())
                 .hexdigest().encode()):  # fmt: skip
        assert form not in stored
