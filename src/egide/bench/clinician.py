"""A clinician for the bench: somebody made up, and the access token of an application let in."""

from datetime import timedelta

from egide.accounts import Approval, Context, Issued, Registration
from egide.accounts.people import Visitor
from egide.api.smart.registration import checked
from egide.app.installation import Installation

_REDIRECT = "https://bench.invalid/callback"
_SCOPE = "user/*.cruds"
_DAY = timedelta(days=1)


async def clinician(parts: Installation) -> Issued:
    """The access token of an application that acts for a clinician who showed two factors."""
    now, people, accounts = parts.clock(), parts.people, parts.accounts
    person = await people.directory.invite(
        f"bench-{now:%Y%m%d%H%M%S%f}", "Bench", ["clinician"], trained=now + _DAY
    )
    entered = await people.sessions.open(person.account, ("pop", "mfa"), Visitor(), at=now)
    application = await accounts.applications.register(
        checked(Registration(label="bench", proof="none", scope=_SCOPE, redirect_uris=(_REDIRECT,)))
    )
    approval = Approval(
        account=person.account,
        application=application.account,
        client_id=application.client_id,
        session=entered.session.session,
        scope=_SCOPE,
        assurance=entered.session.assurance,
        lasting="brief",
        context=Context(authenticated=int(now.timestamp())),
        expires=now + _DAY,
    )
    await accounts.approvals.approve(
        approval, redirect_uri=_REDIRECT, challenge="-" * 43, nonce=None
    )
    return await accounts.issue_from(approval)
