"""Who may log in: client applications, the operator, their access tokens."""

from egide.accounts.accounts import LIFETIME, SCOPE, Accounts
from egide.accounts.acting import WorkingAs
from egide.accounts.applications import Application, Applications, Proof, Registration
from egide.accounts.approvals import (
    Approval,
    Approvals,
    CodeRefused,
    Context,
    Given,
    Lasting,
    Redeemed,
)
from egide.accounts.clients import Clients
from egide.accounts.entries import (
    About,
    Client,
    ClientRefused,
    Issued,
    NewClient,
    TooManyAttempts,
)
from egide.accounts.events import AccountEvent, Append
from egide.accounts.launches import Launches
from egide.accounts.overview import AccountLine, overview
from egide.accounts.signing import Signing

__all__ = [
    "LIFETIME",
    "SCOPE",
    "About",
    "AccountEvent",
    "AccountLine",
    "Accounts",
    "Append",
    "Application",
    "Applications",
    "Approval",
    "Approvals",
    "Client",
    "ClientRefused",
    "Clients",
    "CodeRefused",
    "Context",
    "Given",
    "Issued",
    "Lasting",
    "Launches",
    "NewClient",
    "Proof",
    "Redeemed",
    "Registration",
    "Signing",
    "TooManyAttempts",
    "WorkingAs",
    "overview",
]
