"""What the carrier talks to: an ASGI application."""

from escalate.web.app import build_app

__all__ = ["build_app"]
