"""One local Plivo for all of these tests, emptied before each; a bot's server for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.desk import AUTH_ID, AUTH_TOKEN, HUMAN

pytest.importorskip("livekit.agents")

from escalate.emulator.client import LocalPlivo
from tests.nursery import local_plivo

from .bench import Desk, serving
from .twirp import livekit

__all__ = ["livekit"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one event loop, the one their local Plivo belongs to."""
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def process() -> AsyncIterator[LocalPlivo]:
    """The local Plivo's process."""
    async with local_plivo(auth_id=AUTH_ID, auth_token=AUTH_TOKEN) as plivo:
        yield plivo


@pytest_asyncio.fixture(loop_scope="session")
async def plivo(process: LocalPlivo) -> LocalPlivo:
    """The local Plivo, with nothing in it but a human who answers at once."""
    await process.forget()
    await process.faults()
    await process.phones({HUMAN: {"answers_after_s": 0.05}})
    return process


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    plivo: LocalPlivo, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Desk]:
    """A bot's server; a test may parametrize its settings."""
    async with serving(Desk(plivo, tmp_path, **getattr(request, "param", {}))) as desk:
        yield desk
