"""The pages people read, over the parts of an installation."""

from egide.accounts.federation import Federation
from egide.api.smart import Authorization
from egide.app.installation import Installation
from egide.app.place import is_demo
from egide.web import Web, web


def pages(installation: Installation, federation: Federation | None) -> Web:
    """The door for people; `federation`: None where no identity issuer is configured."""
    settings = installation.settings
    return web(
        people=installation.people,
        smart=Authorization(installation.accounts, installation.clock),
        record=installation.record,
        federation=federation,
        clock=installation.clock,
        zone=settings.zone,
        key=installation.ring.derive("web"),
        base_url=settings.base_url,
        establishment=settings.establishment,
        demo=is_demo(settings.data),
    )
