"""What happens to accounts, as the ledger files it."""

from collections.abc import Awaitable, Callable

from egide.accounts import AccountEvent
from egide.accounts.people import CLIENT
from egide.clock import instant
from egide.ledger import Action, Entry, Ledger, Outcome

_ACTIONS = {
    "access-token-issued": Action.login,
    "access-token-refused": Action.login,
    "client-refused": Action.login,
    "access-token-revoked": Action.logout,
    "approval-ended": Action.logout,
    "identity-verified": Action.login,
    "identity-refused": Action.login,
    "password-accepted": Action.login,
    "sign-in-refused": Action.login,
    "enrolment-refused": Action.login,
    "session-opened": Action.login,
    "session-stepped-up": Action.login,
    "session-ended": Action.logout,
}


def appending(ledger: Ledger) -> Callable[[AccountEvent], Awaitable[None]]:
    """A function that makes an account's event durable in `ledger`."""

    async def append(event: AccountEvent) -> None:
        if event.kind == "access-token-issued" and event.outcome == "success":
            known = {"client": event.client, "roles": list(event.roles)}
            await ledger.begin(event.session, event.account, known)
        if event.kind == "session-opened" and event.outcome == "success":
            known = {"client": CLIENT, "roles": list(event.roles), "means": list(event.means)}
            await ledger.begin(event.session, event.account, known)
        await ledger.append(entry_of(event))

    return append


def entry_of(event: AccountEvent) -> Entry:
    """The entry of one event; addresses and names of clients are in its sealed part."""
    facts: dict[str, object] = {"reasons": [event.kind], "count": event.count}
    if event.reason:
        facts["reasons"] = [event.kind, event.reason]
    if event.client:
        facts["client"] = event.client
    if event.scope:
        facts["scope"] = event.scope
    if event.roles:
        facts["roles"] = list(event.roles)
    if event.means:
        facts["means"] = list(event.means)
    if event.address:
        facts["address"] = event.address
    if event.issuer:
        facts["issuer"] = event.issuer
    if event.acr:
        facts["acr"] = event.acr
    if event.amr:
        facts["amr"] = list(event.amr)
    if event.authenticated:
        facts["authenticated"] = instant(event.authenticated)
    if event.by:
        facts["behalf"] = event.by
    if event.behalf:
        facts["behalf"] = f"Patient/{event.behalf}"
    if event.establishment:
        facts["held"] = f"Organization/{event.establishment}"
    if event.charter:
        facts["charter"] = event.charter
    if event.kind == "person-trained":
        facts["until"] = None if event.expires is None else instant(event.expires)
    return Entry(
        session=event.session,
        actor=event.account,
        action=_ACTIONS.get(event.kind, Action.operation),
        outcome=Outcome[event.outcome],
        body=facts,
    )
