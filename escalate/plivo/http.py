"""The HTTP clients that requests of ours leave by."""

from __future__ import annotations

import functools
import ssl
from typing import Any

import httpx


def new_client(**options: Any) -> httpx.AsyncClient:
    """Return a client that takes no proxy from the environment and trusts public authorities."""
    return httpx.AsyncClient(trust_env=False, verify=_authorities(), **options)


# To read them takes longer than most requests do.
@functools.cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
