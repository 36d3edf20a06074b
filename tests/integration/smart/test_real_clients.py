"""Clients others wrote log in and work: `fhirclient` (SMART's own for Python) and `fhirpy`.

The server listens on loopback; the page of consent is the one thing played here, by calling what it
calls, with a real session of a person. `fhirpy` has no way to log in by itself: all it takes is an
Authorization header, here of the access token that `fhirclient` or the server's own door gave.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, BaseFHIRError
from granian.constants import Interfaces
from granian.server.embed import Server
from joserfc import jwk, jwt

from egide.accounts import Registration
from egide.accounts.people import Bound, Visitor
from egide.api import application
from egide.api.smart import Approver, Authorization, Offer
from egide.api.smart.registration import checked
from egide.app.installation import Installation, open_parts
from egide.seal import KeyRing
from egide.settings import Settings
from egide.telemetry import Metrics

REDIRECT = "https://app.example.org/cb"
PATIENT = {"resourceType": "Patient", "name": [{"family": "SYNTHETIC"}], "gender": "female"}
KEY = jwk.generate_key("EC", "P-384", {"kid": "ec"})


@dataclass
class World:
    """A started server and its parts."""

    parts: Installation
    base: str

    @property
    def fhir(self) -> str:
        return f"{self.base}/fhir"

    async def patient(self) -> str:
        """The id of a new patient."""
        issued = await self.parts.accounts.issue_to_operator(["system"])
        lab = AsyncFHIRClient(self.fhir, authorization=f"Bearer {issued.access_token}")
        made = lab.resource("Patient", **PATIENT)
        await made.save()
        return str(made.id)

    async def signed_in(self, patient: str) -> Approver:
        """A patient with an account and an open session."""
        invitation = await self.parts.people.directory.invite(
            "synthetic", "Synthetic Person", ["patient"], bound=Bound(patient=patient)
        )
        opened = await self.parts.people.sessions.open(
            invitation.account, ("pop", "mfa"), Visitor(), at=self.parts.clock()
        )
        session = opened.session
        return Approver(session.actor(), session.authenticated, session.means)

    async def consented(self, address: str, person: Approver) -> str:
        """Where the page of consent sends the browser back, after a yes."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.base}/oauth/authorize"
        page = Authorization(self.parts.accounts, self.parts.clock)
        asked = await page.examine(parse_qsl(parts.query), self.base)
        return await page.approve(asked, person)


@pytest.fixture
async def world(database_dsn: str, tmp_path: Path) -> AsyncIterator[World]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    settings = Settings(data=tmp_path, base_url=base)
    async with open_parts(settings, database_dsn, KeyRing.generate()) as parts:
        app = application(
            database=parts.database,
            record=parts.record,
            accounts=parts.accounts,
            metrics=Metrics(),
            body_limit=settings.body_limit,
            base_url=base,
            stopping=lambda: False,
            clock=parts.clock,
            offer=Offer(authorizes=True),
        )
        server = Server(
            app,
            address="127.0.0.1",
            port=port,
            interface=Interfaces.ASGINL,
            websockets=False,
            log_enabled=False,
        )
        serving = asyncio.create_task(server.serve())
        try:
            await _answers(port)
            yield World(parts, base)
        finally:
            server.stop()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(serving, 10)


async def _answers(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)


async def app_of(world: World, scope: str, **more: Any) -> FHIRClient:
    known: dict[str, Any] = {"label": "App", "proof": "none", "redirect_uris": (REDIRECT,)}
    registration = checked(Registration(**known | more, scope=f"launch launch/patient {scope}"))
    made = await world.parts.accounts.applications.register(registration)
    return FHIRClient(
        settings={
            "app_id": made.client_id,
            "app_secret": made.secret or None,
            "api_base": world.fhir,
            "redirect_uri": REDIRECT,
            "scope": scope,
        }
    )


async def test_an_access_token_is_never_wider_than_its_scope(world: World) -> None:
    mine, other = await world.patient(), await world.patient()
    person = await world.signed_in(mine)
    smart = await app_of(world, "patient/Patient.r")
    await asyncio.to_thread(smart.prepare)
    back = await world.consented(smart.authorize_url, person)
    await asyncio.to_thread(smart.handle_callback, back)
    reader = AsyncFHIRClient(world.fhir, authorization=f"Bearer {smart.server.auth.access_token}")

    async def opens(work: Awaitable[Any]) -> bool:
        try:
            found = await work
        except BaseFHIRError:
            return False
        return bool(found)

    assert not await opens(reader.get("Patient", other))
    assert not await opens(reader.resources("Observation").search(patient=mine).fetch())
    assert not await opens(reader.resources("Patient").fetch())
    assert not await opens(reader.resources("Practitioner").fetch())
    assert not await opens(reader.execute(f"Patient/{mine}/$everything", "get"))
    assert not await opens(reader.resource("Patient", **PATIENT).save())
    assert await opens(reader.get("Patient", mine))


@pytest.mark.parametrize("proof", ["none", "secret"])
async def test_a_standalone_launch_by_fhirclient_reads_the_persons_record(
    world: World, proof: str
) -> None:
    id = await world.patient()
    person = await world.signed_in(id)
    scope = "openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"
    smart = await app_of(world, scope, proof=proof)
    await asyncio.to_thread(smart.prepare)
    back = await world.consented(smart.authorize_url, person)
    await asyncio.to_thread(smart.handle_callback, back)
    assert smart.ready
    assert smart.patient_id == id
    assert smart.launch_context["fhirUser"] == f"{world.fhir}/Patient/{id}"
    patient = await asyncio.to_thread(Patient.read, id, smart.server)
    assert patient.gender == "female"
    search = Observation.where({"patient": id})
    found = await asyncio.to_thread(lambda: list(search.perform_resources_iter(smart.server)))
    assert found == []


async def test_fhirclient_renews_a_public_applications_access(world: World) -> None:
    id = await world.patient()
    person = await world.signed_in(id)
    smart = await app_of(world, "offline_access patient/Patient.rs")
    await asyncio.to_thread(smart.prepare)
    back = await world.consented(smart.authorize_url, person)
    await asyncio.to_thread(smart.handle_callback, back)
    first = smart.server.auth.access_token
    assert await asyncio.to_thread(smart.reauthorize)
    assert smart.server.auth.access_token != first
    patient = await asyncio.to_thread(Patient.read, id, smart.server)
    assert patient.id == id


async def test_fhirclient_hears_a_no(world: World) -> None:
    person = await world.signed_in(await world.patient())
    smart = await app_of(world, "patient/Patient.rs")
    await asyncio.to_thread(smart.prepare)
    page = Authorization(world.parts.accounts, world.parts.clock)
    address = smart.authorize_url
    asked = await page.examine(parse_qsl(urlsplit(address).query), world.base)
    back = await page.deny(asked, person)
    with pytest.raises(Exception, match=r"said no|denied"):
        await asyncio.to_thread(smart.handle_callback, back)
    assert not smart.ready


async def test_an_ehr_launch_by_fhirclient_opens_the_record_on_the_screen(world: World) -> None:
    id = await world.patient()
    person = await world.signed_in(id)
    smart = await app_of(world, "patient/Patient.rs")
    smart.launch_token = await world.parts.accounts.launches.launch(id, None, person.actor)
    await asyncio.to_thread(smart.prepare)
    back = await world.consented(smart.authorize_url, person)
    await asyncio.to_thread(smart.handle_callback, back)
    assert smart.patient_id == id
    assert (await asyncio.to_thread(Patient.read, id, smart.server)).id == id


async def test_a_backend_service_by_fhirclient_and_fhirpy(world: World) -> None:
    id = await world.patient()
    registration = checked(
        Registration(
            label="Lab",
            proof="key",
            scope="system/Patient.rs",
            roles=("system",),
            jwks=json.dumps({"keys": [KEY.as_dict(private=False)]}),
        )
    )
    made = await world.parts.accounts.applications.register(registration)
    seconds = int(world.parts.clock().timestamp())
    claims = {
        "iss": made.client_id,
        "sub": made.client_id,
        "aud": f"{world.base}/oauth/token",
        "exp": seconds + 240,
        "jti": "one",
    }
    proof = jwt.encode({"alg": "ES384", "kid": "ec"}, claims, KEY, algorithms=["ES384"])
    smart = FHIRClient(
        settings={
            "app_id": made.client_id,
            "api_base": world.fhir,
            "jwt_token": proof,
            "scope": "system/Patient.rs",
            "patient_id": "none",
        }
    )
    await asyncio.to_thread(smart.prepare)
    await asyncio.to_thread(smart.authorize)
    assert (await asyncio.to_thread(Patient.read, id, smart.server)).id == id
    token = smart.server.auth.access_token
    lab = AsyncFHIRClient(world.fhir, authorization=f"Bearer {token}")
    found = await lab.resources("Patient").search(_id=id).fetch()
    assert [each.id for each in found] == [id]
    with pytest.raises(AuthorizationError):
        stranger = AsyncFHIRClient(world.fhir, authorization="Bearer egd_" + "A" * 43)
        await stranger.resources("Patient").fetch()
