"""What the HTTP doors share: requests with limits, one map of errors, sessions, negotiation."""

from egide.http.door import Door
from egide.http.entrance import Entrance, Respond
from egide.http.headers import API_SECURITY
from egide.http.in_flight import InFlight
from egide.http.limits import Limits
from egide.http.outcome import STATUS, answer
from egide.http.request import Request
from egide.http.response import Header, Response
from egide.http.session import actor_of

__all__ = [
    "API_SECURITY",
    "STATUS",
    "Door",
    "Entrance",
    "Header",
    "InFlight",
    "Limits",
    "Request",
    "Respond",
    "Response",
    "actor_of",
    "answer",
]
