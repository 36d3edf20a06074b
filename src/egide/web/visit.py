"""One visit: a request, in a language, from a browser with or without a person signed in."""

import secrets
from dataclasses import dataclass, field

from egide.accounts.people import Session, Visitor
from egide.actor import Actor
from egide.http import Request
from egide.http.messages import Language
from egide.web.addresses import with_query
from egide.web.cookies import Cookies
from egide.web.languages import OTHER


@dataclass(slots=True)
class Visit:
    """What a view is given. `form`: the fields of a form that was checked, none for a GET.

    `here` is the path and query of the page, which the other language is a link to; a view that
    answers a form with a page sets it to a page that can be asked for.
    """

    request: Request
    language: Language
    cookies: Cookies
    session: Session | None
    form: dict[str, str] = field(default_factory=dict, repr=False)
    here: str = field(default="/", repr=False)

    @property
    def person(self) -> Session:
        """The session of a page that is for people signed in only."""
        if self.session is None:
            raise LookupError("a page for people signed in was shown to nobody")
        return self.session

    @property
    def actor(self) -> Actor:
        """The person signed in, as the caller that the record and applications know."""
        return self.person.actor(zone=self.request.zone)

    @property
    def visitor(self) -> Visitor:
        """What accounts want to know of the browser."""
        agent = self.request.headers.get(b"user-agent", b"").decode("latin-1")
        device = self.cookies.get("device") or ""
        return Visitor(self.request.address, agent[:300], device)

    @property
    def binding(self) -> str:
        """The cookie that forms of this browser are bound to; one is made when there is none."""
        kept = self.cookies.get("session" if self.session else "visit")
        if kept is None:
            kept = secrets.token_urlsafe(24)
            self.cookies.put("visit", kept)
        return kept

    @property
    def bound(self) -> str | None:
        """The same, as the browser brought it: None when it brought none."""
        return self.cookies.get("session" if self.session else "visit")

    @property
    def in_other_language(self) -> str:
        """The address of this page in the other language."""
        return with_query(self.here, lang=OTHER[self.language])

    def asked(self, name: str) -> str | None:
        """A parameter of the address; the last one when it is there more than once."""
        return dict(self.request.query).get(name)
