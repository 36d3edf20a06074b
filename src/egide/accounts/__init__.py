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
from egide.accounts.overview import AccountLine, overview

__all__ = [
    "SCOPE",
    "AccountEvent",
    "AccountLine",
    "Accounts",
    "Append",
    "Client",
    "ClientEntry",
    "ClientRefused",
    "Clients",
    "Issued",
    "NewClient",
    "TooManyAttempts",
    "overview",
]
