"""The pages of one process, built from the parts of an installation."""

from zoneinfo import ZoneInfo

from egide.accounts.federation import Federation
from egide.accounts.people import People
from egide.api.smart import Authorization
from egide.clock import Clock
from egide.record import Record
from egide.web.assets import Assets
from egide.web.door import Web
from egide.web.forms import Forms
from egide.web.pages import Pages
from egide.web.site import Site


def web(
    *,
    people: People,
    smart: Authorization,
    record: Record,
    federation: Federation | None,
    clock: Clock,
    zone: ZoneInfo,
    key: bytes,
    base_url: str | None,
    establishment: str | None = None,
    demo: bool = False,
) -> Web:
    """The door for people. `key`: 32 bytes, `KeyRing.derive("web")`; the rest as in `Pages`."""
    assets, forms = Assets(), Forms(key)
    pages = Pages(assets, forms, zone=zone, establishment=establishment, demo=demo)
    return Web(Site(people, smart, record, pages, forms, assets, clock, base_url, federation))
