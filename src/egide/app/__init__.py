"""The composition root: builds the parts, mounts the doors, runs them in processes.

Each process (`supervisor`, `worker`, `loader`, `reindexer`) is a module that imports no more than
it needs: that is most of its start.
"""

from egide.app.installation import Installation, open_installation

__all__ = ["Installation", "open_installation"]
