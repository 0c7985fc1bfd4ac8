"""One local Plivo that speaks SIP for all of these tests, emptied before each."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import AUTH_ID, AUTH_TOKEN, Application, running
from tests.nursery import local_plivo

CONFIG = {"auth_timeout_s": 2.5, "sip": {"silence_s": 3.0}}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one event loop, the one their local Plivo belongs to.

    Two whole stories are enough for each time; SIP_STORIES=all plays them all.
    """
    if os.environ.get("SIP_STORIES") != "all":
        left_out = [item for item in items if item.get_closest_marker("sip_story")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if item.path.parent.name == "sip" and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def process() -> AsyncIterator[LocalPlivo]:
    """The local Plivo's process."""
    async with local_plivo(auth_id=AUTH_ID, auth_token=AUTH_TOKEN, config=CONFIG) as plivo:
        yield plivo


@pytest_asyncio.fixture(loop_scope="session")
async def plivo(process: LocalPlivo) -> AsyncIterator[LocalPlivo]:
    """The local Plivo, with nothing in it; it must not have broken during the test."""
    await process.forget()
    yield process
    assert [] == [event for event in await process.events() if event["kind"] == "emulator.error"]


@pytest_asyncio.fixture(loop_scope="session")
async def app(plivo: LocalPlivo) -> AsyncIterator[Application]:
    """An application that owns every number, with an answer and a hangup URL."""
    async with running(Application) as application:
        application.says("hangup", "")
        await plivo.application(application.url("answer"), hangup_url=application.url("hangup"))
        yield application
