"""The media socket, spoken to by hand: what Plivo may send, and how the socket ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from livekit import rtc
from livekit.agents import utils
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from escalate.errors import LayoutError
from escalate.livekit import PlivoBridge
from tests.serving import served

CALL = "0f6e7bd2-5a3c-4b1e-9a55-000000000001"


class Side:
    """The application's side of one socket."""

    def __init__(self) -> None:
        self.bridges: asyncio.Queue[PlivoBridge] = asyncio.Queue()
        self.failures: asyncio.Queue[Exception] = asyncio.Queue()
        self.lent: asyncio.Queue[aiohttp.ClientSession] = asyncio.Queue()
        self.url = ""

    async def media(self, websocket: WebSocket) -> None:
        try:
            async with PlivoBridge(websocket) as bridge:
                self.bridges.put_nowait(bridge)
                lent = utils.http_context.http_session()
                await bridge.closed()
            self.lent.put_nowait(lent)
        except (LayoutError, WebSocketDisconnect) as error:
            self.failures.put_nowait(error)


@pytest_asyncio.fixture(loop_scope="session")
async def side() -> AsyncIterator[Side]:
    side = Side()
    app = Starlette(routes=[WebSocketRoute("/ws", side.media)])
    async with served(app) as url:
        side.url = f"{url.replace('http', 'ws')}/ws"
        yield side


def start(encoding: str = "audio/x-mulaw", rate: int = 8000) -> dict[str, Any]:
    about = {
        "callId": CALL,
        "streamId": "stream-1",
        "mediaFormat": {"encoding": encoding, "sampleRate": rate},
    }
    return {"event": "start", "sequenceNumber": 0, "start": about}


async def opened(side: Side, socket: ClientConnection) -> PlivoBridge:
    await socket.send(json.dumps(start()))
    async with asyncio.timeout(5):
        return await side.bridges.get()


async def test_the_first_message_says_which_call_it_is(side: Side) -> None:
    """Whatever comes before it is not it."""
    async with connect(side.url) as socket:
        await socket.send(json.dumps({"event": "connected"}))
        bridge = await opened(side, socket)

        assert (CALL, "stream-1") == (bridge.call_uuid, bridge.stream_id)


@pytest.mark.parametrize("encoding, rate", [("audio/x-l16", 8000), ("audio/x-mulaw", 16000)])
async def test_another_format_is_refused_with_the_fix(side: Side, encoding: str, rate: int) -> None:
    """Noise in the caller's ear would be worse."""
    async with connect(side.url) as socket:
        await socket.send(json.dumps(start(encoding, rate)))
        async with asyncio.timeout(5):
            failure = await side.failures.get()
            with pytest.raises(ConnectionClosed):
                await socket.recv()

    assert isinstance(failure, LayoutError)
    assert "audio/x-mulaw;rate=8000" in str(failure)


@pytest.mark.parametrize("message", ['{"event": "start"}', '{"event": "start", "start": []}'])
async def test_a_start_that_says_nothing_ends_the_socket(side: Side, message: str) -> None:
    """There is no call to carry."""
    async with connect(side.url) as socket:
        await socket.send(message)
        async with asyncio.timeout(5):
            assert isinstance(await side.failures.get(), WebSocketDisconnect)


async def test_what_is_not_understood_is_passed_over(side: Side) -> None:
    """An unknown event, broken JSON and broken base64 do no harm to the words that follow."""
    digits: list[str] = []
    async with connect(side.url) as socket:
        bridge = await opened(side, socket)
        bridge.on_digit(digits.append)
        for odd in (
            "no json",
            "[]",
            '{"event": "tea"}',
            '{"event": "media", "media": {"payload": "?"}}',
            '{"event": "media", "media": {}}',
            '{"event": "playedStream"}',
            '{"event": "stop"}',
        ):
            await socket.send(odd)
        payload = base64.b64encode(b"\x80" * 160).decode()
        await socket.send(json.dumps({"event": "media", "media": {"payload": payload}}))
        await socket.send('{"event": "dtmf", "dtmf": {"digit": "5"}}')
        frame = await anext(bridge.input)
        while not any(frame.data):
            frame = await anext(bridge.input)
        await socket.close()
        await bridge.closed()

    assert 160 == frame.samples_per_channel
    assert ["5"] == digits


async def test_closing_ends_the_socket_properly(side: Side) -> None:
    """Plivo sees a closing handshake and goes on with the caller's document."""
    async with connect(side.url) as socket:
        bridge = await opened(side, socket)
        await asyncio.gather(bridge.close(), bridge.close())
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert closed.value.rcvd is not None
    assert 1000 == closed.value.rcvd.code


async def test_the_socket_waits_for_what_has_to_come_first(side: Side) -> None:
    """What must be stored before Plivo asks for the next document is stored."""
    order: list[str] = []

    async def store() -> None:
        await asyncio.sleep(0.1)
        order.append("stored")

    async with connect(side.url) as socket:
        bridge = await opened(side, socket)
        bridge.first(asyncio.create_task(store()))
        closing = asyncio.create_task(bridge.close())
        with contextlib.suppress(ConnectionClosed):
            await socket.recv()
        order.append("closed")
        await closing

    assert ["stored", "closed"] == order


async def test_nobody_waits_for_what_a_closed_socket_will_not_play(side: Side) -> None:
    """A sentence that was on its way is cut, and says so."""
    async with connect(side.url) as socket:
        bridge = await opened(side, socket)
        await bridge.output.capture_frame(rtc.AudioFrame(b"\x00\x20" * 8000, 8000, 1, 8000))
        bridge.output.flush()
        await socket.close()
        async with asyncio.timeout(1):
            heard = await bridge.output.wait_for_playout()

    assert heard.interrupted


async def test_plugins_are_lent_what_they_speak_http_with(side: Side) -> None:
    """LiveKit does that for jobs alone, and most plugins cannot do without; it is closed again."""
    async with connect(side.url) as socket:
        await opened(side, socket)
        await socket.close()
        async with asyncio.timeout(5):
            lent = await side.lent.get()

    assert lent.closed


async def test_a_socket_that_breaks_ends_the_bridge(side: Side) -> None:
    """Without a closing handshake, too."""
    async with connect(side.url) as socket:
        bridge = await opened(side, socket)
        socket.transport.abort()
        async with asyncio.timeout(5):
            await bridge.closed()

    assert bridge.has_ended
    assert [] == [frame async for frame in bridge.input]
