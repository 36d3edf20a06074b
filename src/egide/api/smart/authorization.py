"""A person lets an application in: what a page of consent calls, from request to answer.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html. The page does this:

1. `examine` the parameters of GET or POST `/oauth/authorize`, before anybody signs in. It raises
   UntrustedRequest (show it, send nobody anywhere) or SentBack (answer 303 to its `location`).
2. Sign the person in; then `consent`, and show what it gives, with the request's `parameters` in
   hidden fields and a protection against forged forms.
3. On the answer, `examine` again what the hidden fields hold, then `approve` or `deny`, and answer
   303 to the address that gives.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from egide.accounts import Accounts, Approval, Context
from egide.api.smart import authorization_request, consent
from egide.api.smart.authorization_request import AuthorizationRequest
from egide.api.smart.consent import Approver, Consent
from egide.api.smart.opening import Opening
from egide.api.smart.refusals import SentBack, UntrustedRequest
from egide.clock import Clock
from egide.errors import Incorrect
from egide.ids import RESOURCE_ID


@dataclass(frozen=True, slots=True)
class Authorization:
    """Lets people approve applications. `issuer` is the public address of this server."""

    accounts: Accounts
    clock: Clock

    @property
    def opening(self) -> Opening:
        """Applications opened from here, whose request then comes with a launch."""
        return Opening(self.accounts)

    async def examine(
        self, parameters: Sequence[tuple[str, str]], issuer: str, *, address: str = ""
    ) -> AuthorizationRequest:
        """The request in `parameters`, decoded name and value pairs as they came.

        `issuer` is the address of this server without a path, `address` the browser's. Raises
        UntrustedRequest, SentBack.
        """
        client_id = ""
        try:
            client_id = authorization_request.client_of(parameters)
            application = await self.accounts.applications.find(client_id)
            return authorization_request.read(
                parameters, application, issuer=issuer, audience=f"{issuer}/fhir"
            )
        except (UntrustedRequest, SentBack) as error:
            reason = f"request-{error.error.replace('_', '-')}"
            await self.accounts.clients.refused(reason, client_id, address=address)
            raise

    async def consent(self, asked: AuthorizationRequest, person: Approver) -> Consent:
        """What to show `person`. When `record` is `choose`, let him choose a patient, and then,
        when `encounter` is, an encounter of that patient.

        Raises SentBack when the launch is not this person's or no longer good, BehalfNeeded when
        a relative has not said for whom he acts.
        """
        launched = await self._launch(asked, person, take=False)
        record, patient = consent.record_of(asked.scope, person.actor, launched)
        registration = asked.application.registration
        return consent.consent_to(
            registration.label,
            asked.application.client_id,
            registration.publisher,
            registration.homepage,
            asked.scope,
            record,
            patient,
            consent.encounter_of(asked.scope, launched),
        )

    async def approve(
        self,
        asked: AuthorizationRequest,
        person: Approver,
        *,
        patient: str | None = None,
        encounter: str | None = None,
        scopes: Collection[str] | None = None,
    ) -> str:
        """The address that brings the application its code.

        `patient` and `encounter` are the ids the person chose, where he had to, both open to him;
        `scopes` the `scope` of each line he kept, None for all of them. Raises SentBack, Incorrect,
        Forbidden.
        """
        for id in (patient, encounter):
            if id is not None and not RESOURCE_ID.match(id):
                raise Incorrect("what was chosen is not the id of a resource")
        scope = consent.kept(asked.scope, None if scopes is None else frozenset(scopes))
        looked = await self._launch(asked, person, take=False)
        record, known = consent.record_of(scope, person.actor, looked)
        whose = consent.chosen(record, known, patient)
        launched = await self._launch(asked, person, take=True)
        lasting = consent.lasting_of(scope)
        approval = Approval(
            account=person.actor.account,
            application=asked.application.account,
            client_id=asked.application.client_id,
            session=person.actor.session,
            scope=scope,
            assurance=person.actor.assurance,
            lasting=lasting,
            context=_context(asked, person, launched, whose, encounter),
            expires=self.clock() + consent.span_of(lasting),
        )
        code = await self.accounts.approvals.approve(
            approval,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            nonce=asked.nonce,
        )
        return asked.answered(code)

    async def deny(self, asked: AuthorizationRequest, person: Approver) -> str:
        """The address that tells the application that the person said no."""
        await self.accounts.approvals.deny(person.actor, asked.application.client_id)
        return asked.sent_back("access_denied", "The person said no").location

    async def _launch(
        self, asked: AuthorizationRequest, person: Approver, *, take: bool
    ) -> Context | None:
        if asked.launch is None:
            return None
        launches = self.accounts.launches
        look = launches.take if take else launches.look
        found = await look(asked.launch, person.actor, asked.application.account)
        if found is None:
            raise asked.sent_back("invalid_request", "The launch is unknown, used or over")
        return found


def _context(
    asked: AuthorizationRequest,
    person: Approver,
    launched: Context | None,
    patient: str | None,
    encounter: str | None,
) -> Context:
    actor, at = person.actor, person.authenticated
    if launched is not None:
        encounter = launched.encounter
    elif "launch/encounter" not in asked.context:
        encounter = None
    return Context(
        launched=patient,
        encounter=encounter,
        patient=actor.patient,
        practitioner=actor.practitioner,
        relative=actor.relative,
        establishment=actor.establishment,
        behalf=actor.behalf,
        banner=launched is None or launched.banner,
        authenticated=None if at is None else int(at.timestamp()),
        means=person.means,
        works_as=None if person.works_as is None else tuple(sorted(person.works_as.roles)),
    )
