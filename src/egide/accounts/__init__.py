"""Who may log in: client applications, the operator, their access tokens."""

from egide.accounts.accounts import SCOPE, Accounts
from egide.accounts.clients import Clients
from egide.accounts.entries import (
    Client,
    ClientEntry,
    ClientRefused,
    Issued,
    NewClient,
    TooManyAttempts,
)
from egide.accounts.events import AccountEvent, Append

__all__ = [
    "SCOPE",
    "AccountEvent",
    "Accounts",
    "Append",
    "Client",
    "ClientEntry",
    "ClientRefused",
    "Clients",
    "Issued",
    "NewClient",
    "TooManyAttempts",
]
