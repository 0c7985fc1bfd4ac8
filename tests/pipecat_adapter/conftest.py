"""One local Plivo for all of these tests, emptied before each; a bot's server for each.

Pipecat's serializer hangs up at Plivo's fixed address. Here that name leads to the local Plivo, so
that a request which ought not to be made would be seen, and would end the call.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp.connector
import onnxruntime
import pytest
import pytest_asyncio

from escalate.demo.launch import route_carrier
from escalate.emulator.client import LocalPlivo
from tests.desk import AUTH_ID, AUTH_TOKEN, HUMAN
from tests.nursery import local_plivo

from .bench import Desk, Door, listening, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one event loop, the one their local Plivo belongs to."""
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            # As errors these would stop Pipecat's hang-up in a test, and there alone.
            item.add_marker(pytest.mark.filterwarnings("ignore:BasicAuth is deprecated"))
            item.add_marker(pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated"))


@pytest.fixture(scope="session", autouse=True)
def turn_model() -> None:
    """Load once what each conversation would load anew and none of these asks: its words do.

    The recogniser of these tests tells when a turn is over, as that of the examples does.
    """
    load = functools.cache(onnxruntime.InferenceSession)
    setattr(onnxruntime, "InferenceSession", lambda path, **_: load(path))  # noqa: B010


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def process(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalPlivo]:
    """The local Plivo's process, whose certificate Pipecat's HTTP client trusts."""
    directory = tmp_path_factory.mktemp("tls")
    async with local_plivo(auth_id=AUTH_ID, auth_token=AUTH_TOKEN, tls_dir=directory) as plivo:
        # aiohttp reads the system's trust once, when it is imported, and that was long ago.
        trust = aiohttp.connector._SSL_CONTEXT_VERIFIED
        trust.load_verify_locations(cafile=str(plivo.ca_file))
        yield plivo


@pytest_asyncio.fixture(loop_scope="session")
async def plivo(process: LocalPlivo, monkeypatch: pytest.MonkeyPatch) -> LocalPlivo:
    """The local Plivo, with nothing in it but a human who answers at once."""
    await process.forget()
    await process.faults()
    await process.phones({HUMAN: {"answers_after_s": 0.05}})
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    assert process.tls_port is not None
    route_carrier(process.tls_port)
    return process


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def door() -> AsyncIterator[Door]:
    """The server that Plivo comes to."""
    async with listening() as door:
        yield door


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    plivo: LocalPlivo, door: Door, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Desk]:
    """A bot's routes; a test may parametrize its settings."""
    desk = Desk(plivo, tmp_path, door.port, **getattr(request, "param", {}))
    async with serving(desk, door) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def closed_desk(plivo: LocalPlivo, tmp_path: Path) -> AsyncIterator[Desk]:
    """A switchboard at work, for pipelines that carry no call."""
    desk = Desk(plivo, tmp_path, port=1)
    async with desk.board:
        yield desk
