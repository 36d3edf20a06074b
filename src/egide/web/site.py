"""What the views of one process share: accounts, forms, files, filled-in templates, the time."""

from dataclasses import dataclass

from egide.accounts.federation import Federation
from egide.accounts.people import People
from egide.api.smart import Authorization
from egide.clock import Clock
from egide.record import Record
from egide.web.assets import Assets
from egide.web.forms import Forms
from egide.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Site:
    """Handed to every view, before its visit. `origin`: the public address, None: the request's;
    `federation`: None where no identity issuer is configured.
    """

    people: People
    smart: Authorization
    record: Record
    pages: Pages
    forms: Forms
    assets: Assets
    clock: Clock
    origin: str | None = None
    federation: Federation | None = None
