"""The API: one ASGI application over the parts of an installation."""

from egide.api.application import application

__all__ = ["application"]
