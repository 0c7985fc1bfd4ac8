"""A bot that Pipecat's own runner starts: in a process of its own, with the hang-up armed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import WebSocket
from pipecat.runner.types import WebSocketRunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.transports.base_transport import BaseTransport

from escalate.demo import launch
from escalate.demo.processes import HOST, Child, free_ports
from escalate.demo.stage import examples
from escalate.demo.transcripts import conversation
from escalate.emulator.client import LocalPlivo
from tests.desk import ASKS, AUTH_ID, AUTH_TOKEN, HUMAN

from .bench import Desk, params

CONFIG = """
public_url = "{bot}/escalate"
stream_url = "ws://{place}/ws"
plivo_api = "{plivo}"
store = "{directory}/escalate.db"
[[destination]]
name = "support"
phone = "+{human}"
"""


@contextlib.asynccontextmanager
async def running(plivo: LocalPlivo, directory: Path) -> AsyncIterator[str]:
    """Run the example with Pipecat's runner; yield its address. Its callers ask for a human."""
    (port,) = free_ports(1)
    place = f"{HOST}:{port}"
    bot = f"http://{place}"
    known = {"plivo": plivo.base_url, "directory": directory, "human": HUMAN}
    (directory / "escalate.toml").write_text(CONFIG.format(bot=bot, place=place, **known))
    lines = [{"text": x.text, "final": x.final, "at": x.at} for x in conversation([(1.5, ASKS)])]
    (directory / "caller.jsonl").write_text("\n".join(map(json.dumps, lines)))
    own = {
        "PLIVO_AUTH_ID": AUTH_ID,
        "PLIVO_AUTH_TOKEN": AUTH_TOKEN,
        "SSL_CERT_FILE": str(plivo.ca_file),
        "ESCALATE_CONFIG": str(directory / "escalate.toml"),
        "ESCALATE_TRANSCRIPT": str(directory / "caller.jsonl"),
        launch.PORT_VARIABLE: str(plivo.tls_port),
        launch.CHILD_VARIABLE: "1",
    }
    keyless = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY")}
    program = ["-m", "escalate.demo.launch", str(examples() / "runner_bot.py")]
    options = ["-t", "plivo", "-x", "bot.example.com", "--host", HOST, "--port", str(port)]
    child = Child("bot", [*program, *options], port, directory, {**keyless, **own})
    await child.start()
    try:
        await child.listens()
        yield bot
    finally:
        await child.kill()


async def test_a_caller_of_the_runners_bot_is_bridged(plivo: LocalPlivo, tmp_path: Path) -> None:
    """`create_transport` has armed the hang-up, and it is taken over."""
    async with running(plivo, tmp_path) as bot:
        call_uuid = await plivo.call(answer_url=f"{bot}/escalate/answer")
        await plivo.wait_for("leg.bridged", call_uuid)
        summary = await plivo.summary(call_uuid)

    assert "in-progress" == summary["state"]


async def made_by_the_runner(socket: WebSocket, data: Any) -> BaseTransport:
    """Make the transport of a call with the runner's own function."""
    return await create_transport(WebSocketRunnerArguments(websocket=socket), {"plivo": params})


@pytest.mark.parametrize("armed", [False, True])
async def test_a_transport_made_by_the_runner_hangs_up_if_it_is_left_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, armed: bool
) -> None:
    """With Plivo's credentials in the environment it is armed, and loses who is handed over."""
    monkeypatch.setenv("PLIVO_AUTH_ID", AUTH_ID)
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", AUTH_TOKEN)
    desk.bot.transport, desk.bot.armed = made_by_the_runner, armed
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await desk.plivo.wait_for("call.ended" if armed else "leg.bridged", call_uuid)

    assert (1 if armed else 0) == await desk.hang_ups(call_uuid)
