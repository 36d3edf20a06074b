"""The web: pages people read, in French and English, that need no script but for passkeys."""

from egide.web.door import Web
from egide.web.open import web
from egide.web.routes import FILES, FOREIGN, ISSUERS, OPEN, PERSONAL

__all__ = ["FILES", "FOREIGN", "ISSUERS", "OPEN", "PERSONAL", "Web", "web"]
