"""A bot on agent-transport, Plivo's own transport for Pipecat, whose endpoint has no credentials.

With them its hang-up asks for the end of the call at Plivo's fixed address, by a resolver of its
own that nothing here can lead to the local Plivo.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.desk import ANNOUNCEMENT, ASKS, RECONNECTED
from tests.ports import free_port

pytest.importorskip("agent_transport")

from agent_transport import AudioStreamEndpoint
from agent_transport._event_sink import _on_event_from_rust
from agent_transport._ffi_queue import GLOBAL_DICT
from agent_transport.audio_stream.pipecat import AudioStreamTransport
from pipecat.frames.frames import EndFrame

from escalate.emulator.client import LocalPlivo
from escalate.pipecat.hangup import take_over_hang_up

from .bench import Desk, Door, Line, Talk, serving


@pytest_asyncio.fixture(loop_scope="session")
async def desk(plivo: LocalPlivo, door: Door, tmp_path: Path) -> AsyncIterator[Desk]:
    """A bot's routes, with the media socket of agent-transport."""
    port = free_port()
    desk = Desk(plivo, tmp_path, door.port, stream_url=f"ws://127.0.0.1:{port}/ws")
    async with serving(desk, door), streaming(desk, port):
        yield desk


@contextlib.asynccontextmanager
async def streaming(desk: Desk, port: int) -> AsyncIterator[None]:
    """Give each session of the endpoint a bot, as the server of agent-transport does."""
    endpoint = AudioStreamEndpoint(f"127.0.0.1:{port}", "", "", 8000, 8000)
    endpoint.set_event_sink(_on_event_from_rust)
    events = GLOBAL_DICT.subscribe()
    async with asyncio.TaskGroup() as tasks:
        answering = tasks.create_task(answer(desk, endpoint, events, tasks))
        try:
            yield
        finally:
            answering.cancel()
            for talk in desk.talks:
                await talk.worker.cancel(reason="interrupt signal")
            GLOBAL_DICT.unsubscribe(events)
    await asyncio.to_thread(endpoint.shutdown)


async def answer(desk: Desk, endpoint: Any, events: Any, tasks: asyncio.TaskGroup) -> None:
    """Give a bot to each session that comes up."""
    while True:
        event = await events.get()
        if event["type"] == "call_answered":
            session = event["session"]
            transport = AudioStreamTransport(endpoint, session.session_id)
            talk = Talk(desk.board, desk.bot, transport, session.call_uuid, Line())
            tasks.create_task(talk.run())
            desk.greet(talk)


async def test_a_caller_who_asks_is_bridged(desk: Desk) -> None:
    """The announcement is heard, the stream ends with the pipeline, and the caller stays."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    closed = await desk.plivo.wait_for("stream.closed", call_uuid)
    # The last frame of 20 ms may be under way; the endpoint paces them by a clock of its own.
    assert closed["unplayed_ms"] <= 20
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_a_lost_stream_is_no_goodbye(desk: Desk) -> None:
    """This transport ends the pipeline by itself then: that is not the bot's word."""
    call_uuid, _ = await desk.call()
    await desk.plivo.drop_stream(call_uuid)

    again = await desk.talk(2)
    await again.says(RECONNECTED)


async def test_a_bot_that_says_goodbye_ends_the_call(desk: Desk) -> None:
    """By the document after the stream."""
    call_uuid, talk = await desk.call()
    await talk.worker.queue_frame(EndFrame())

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "Answer XML" == ended["source"]


class Endpoint:
    """An endpoint that notes how it is asked to hang up."""

    input_sample_rate = output_sample_rate = 8000

    def __init__(self) -> None:
        self.hung_up: list[tuple[str, ...]] = []

    def hangup(self, *arguments: str) -> None:
        self.hung_up.append(arguments)


@pytest.mark.parametrize("made_before", [False, True])
async def test_its_hang_up_is_left_without_credentials(made_before: bool) -> None:
    """Those of the endpoint would be used; empty ones go before them, and nothing is asked for."""
    endpoint = Endpoint()
    transport = AudioStreamTransport(endpoint, "session-1")
    if made_before:
        transport.output()
    take_over_hang_up(transport)
    transport.output()._ep.hangup("session-1")

    assert [("session-1", "", "")] == endpoint.hung_up
