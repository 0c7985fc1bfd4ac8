from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .chromium import Tab, browser


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    """A page of a real browser."""
    async with browser(tmp_path / "chromium") as opened:
        yield opened
