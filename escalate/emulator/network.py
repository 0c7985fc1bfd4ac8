"""How an application is reached, as far as the carrier is concerned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import httpx

from escalate.plivo.http import new_client


class Reply(Protocol):
    """What an application answers."""

    status_code: int

    @property
    def content(self) -> bytes:
        """The body."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by name in any case."""


class Http(Protocol):
    """How an application is reached: over the network, or in this process."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
        within_s: float,
    ) -> Reply:
        """Make a request; `timeout` bounds its parts, `within_s` the whole.

        Raises:
            httpx.HTTPError: There was no answer.
            TimeoutError: The answer was not complete in time.
        """


class Network:
    """Reaches applications over the network: no proxies, no kept connections.

    A kept connection would hide that the application has been restarted.
    """

    def __init__(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = new_client(follow_redirects=False, limits=limits)

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None,
        headers: Mapping[str, str],
        timeout: httpx.Timeout,
        within_s: float,
    ) -> httpx.Response:
        """Make a request; see `Http`."""
        async with asyncio.timeout(within_s):
            return await self._client.request(
                method, url, data=data, headers=headers, timeout=timeout
            )

    async def aclose(self) -> None:
        """Close what is still open."""
        await self._client.aclose()
