"""Waiting for one of several things, and calling the others off."""

from __future__ import annotations

import asyncio
from typing import Any


async def first_of(*tasks: asyncio.Task[Any]) -> None:
    """Wait until one of the tasks is done; an error of it is raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
