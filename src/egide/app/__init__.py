"""The composition root: builds the parts, mounts the doors, runs them in processes."""

from egide.app.installation import Installation, open_installation
from egide.app.supervisor import serve

__all__ = ["Installation", "open_installation", "serve"]
