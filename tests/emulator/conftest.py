"""One local Plivo for all of these tests, emptied before each, and those it talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from escalate.emulator.client import LocalPlivo
from escalate.plivo.http import new_client
from tests.nursery import local_plivo

from .harness import AUTH_ID, AUTH_TOKEN, Application, Bot, running

CONFIG = {"auth_timeout_s": 0.2, "stream_retry_s": 0.05}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one event loop, the one their local Plivo belongs to."""
    for item in items:
        if item.path.parent.name == "emulator" and pytest_asyncio.is_async_test(item):
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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[Application]:
    """The application's server; to start and stop one takes longer than most tests."""
    async with running(Application) as application:
        yield application


@pytest_asyncio.fixture(loop_scope="session")
async def app(plivo: LocalPlivo, server: Application) -> Application:
    """An application that owns every number, with an answer and a hangup URL."""
    server.forget()
    server.says("hangup", "")
    await plivo.application(server.url("answer"), hangup_url=server.url("hangup"))
    return server


@pytest_asyncio.fixture(loop_scope="session")
async def bot() -> AsyncIterator[Bot]:
    """A bot that can be streamed to."""
    async with running(Bot) as bot:
        yield bot


@pytest_asyncio.fixture(loop_scope="session")
async def api(plivo: LocalPlivo) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the REST API with the right credentials."""
    base_url = f"{plivo.base_url}/v1/Account/{AUTH_ID}"
    auth = (AUTH_ID, AUTH_TOKEN)
    async with new_client(base_url=base_url, auth=auth) as client:
        yield client
