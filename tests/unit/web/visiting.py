"""A visit for a test: a request nobody sent, in a language, with or without somebody made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from egide.accounts.people import Behalf, Bound, Session
from egide.actor import Clearance
from egide.http import Limits, Request
from egide.web.cookies import Cookies
from egide.web.languages import chosen
from egide.web.visit import Visit

AT = datetime(2026, 11, 23, 13, 8, tzinfo=UTC)


def session(name: str = "Camille Exemple", behalf: Behalf | None = None) -> Session:
    """Somebody signed in a moment ago; a relative, when somebody is acted for."""
    return Session(
        session=1,
        account=2,
        login="camille",
        name=name,
        roles=frozenset({"clinician"} if behalf is None else {"relative"}),
        bound=Bound() if behalf is None else Bound(relatives=(behalf.relative,)),
        clearance=Clearance(AT, trained=AT + timedelta(days=1)),
        assurance=2,
        means=("pop",),
        opened=AT,
        authenticated=AT,
        expires=AT + timedelta(hours=12),
        device="Chromium, Linux",
        key=b"",
        behalf=behalf,
    )


def requesting(path: str = "/", query: str = "", method: str = "GET", **headers: str) -> Request:
    """A request; `headers` with underscores for hyphens."""
    sent = {"host": "localhost:8600", **headers}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "client": ("127.0.0.1", 1),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in sent.items()
        ],
    }
    return Request(scope, receive, Limits())


def visiting(
    language: str = "en", *, signed_in: bool = False, behalf: Behalf | None = None
) -> Visit:
    """A visit of somebody who asked for nothing in particular; `behalf`: for whom."""
    cookies = Cookies({}, secure=True)
    who = session(behalf=behalf) if signed_in else None
    return Visit(requesting(), chosen(language, None, None), cookies, who)
