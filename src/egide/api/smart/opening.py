"""A person opens an application from here, on a patient's record: SMART's EHR launch.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch. Invariant: the
browser is sent to the address the application is registered with, and to no other
(tests/integration/web/test_opening.py).
"""

from dataclasses import dataclass

from egide.accounts import Accounts, Application
from egide.actor import Actor
from egide.api.smart import redirect
from egide.errors import NotFound


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens the applications of one installation."""

    accounts: Accounts

    async def offered(self) -> list[Application]:
        """The applications that can be opened, by name."""
        return await self.accounts.applications.launchable()

    async def find(self, client_id: str) -> Application:
        """One of them. Raises NotFound for any other, registered or not."""
        found = await self.accounts.applications.find(client_id)
        if found is None or found.disabled is not None or found.registration.launch_uri is None:
            raise NotFound("There is no such application to open")
        return found

    async def open(self, application: Application, patient: str, by: Actor, issuer: str) -> str:
        """The address that opens `application` on the record of `patient` (an id) for `by`.

        `issuer` is the address of this server without a path. Whoever calls has seen to it that
        the person may see the patient; what is in the record is decided when the application asks.
        Raises Incorrect, NotFound.
        """
        address = application.registration.launch_uri
        if address is None:
            raise NotFound("There is no such application to open")
        launch = await self.accounts.launches.launch(
            patient, None, by, application=application.account
        )
        return redirect.answered(address, {"iss": f"{issuer}/fhir", "launch": launch})
