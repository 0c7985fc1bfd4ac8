from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

pytest.importorskip("pipecat")

from websockets.asyncio.client import ClientConnection, connect

from escalate.demo.transcripts import conversation
from tests import nursery

ROOT = Path(__file__).parents[2]
FRAME_S = 0.02
SILENCE = b"\xff" * 160
START = {
    "sequenceNumber": 0,
    "event": "start",
    "start": {"callId": "c-1", "streamId": "s-1", "accountId": "1", "tracks": ["inbound"]},
    "extra_headers": "{}",
}


@dataclass
class Bot:
    """The stock bot in a process of its own, without an account, a key or a way to hang up."""

    url: str
    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)

    async def read_log(self) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            self.log.append(line.decode())


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot whose caller talks over the greeting, is answered, and says goodbye."""
    script = tmp_path / "call.jsonl"
    lines = conversation([(1.8, "where is it"), (2.2, "goodbye")])
    script.write_text(
        "\n".join(json.dumps({"text": x.text, "final": x.final, "at": x.at}) for x in lines)
    )
    keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    keyless.pop("PLIVO_AUTH_ID", None)
    process = await asyncio.create_subprocess_exec(
        nursery.python(),
        str(ROOT / "examples" / "stock_bot.py"),
        "--port",
        "0",
        stderr=asyncio.subprocess.PIPE,
        env={**keyless, "PYTHONPATH": str(ROOT), "ESCALATE_TRANSCRIPT": str(script)},
    )
    try:
        running = Bot(await asyncio.wait_for(_url_of(process), 30), process)
        reading = asyncio.create_task(running.read_log())
        yield running
    finally:
        process.kill()
        await process.wait()
    await reading


async def _url_of(process: asyncio.subprocess.Process) -> str:
    """The address uvicorn says it listens on, once it does."""
    assert process.stderr
    said = b""
    async for line in process.stderr:
        said += line
        if found := re.search(rb"running on (http://[\d.:]+)", line):
            return found[1].decode()
    raise AssertionError(f"the bot did not start:\n{said.decode()}")


@dataclass
class Media:
    """Plivo's side of the media socket: sends a silent caller, and notes what comes back.

    `audible_s` is how much of each turn of the bot there is to hear; a new turn begins where the
    caller interrupts and what is left of the old one is thrown away. It is counted and not timed,
    so it is the same on a machine that lags.
    """

    audible_s: list[float] = field(default_factory=lambda: [0.0])

    async def carry(self, socket: ClientConnection) -> None:
        """Stream until the bot closes the socket."""
        await socket.send(json.dumps(START))
        sending = asyncio.create_task(self._send(socket))
        try:
            async for message in socket:
                self._receive(json.loads(message))
        finally:
            sending.cancel()

    async def _send(self, socket: ClientConnection) -> None:
        began = asyncio.get_running_loop().time()
        payload = base64.b64encode(SILENCE).decode()
        for number in count(1):
            media = {"track": "inbound", "chunk": number, "payload": payload}
            await socket.send(json.dumps({"event": "media", "media": media, "streamId": "s-1"}))
            await asyncio.sleep(began + number * FRAME_S - asyncio.get_running_loop().time())

    def _receive(self, message: dict[str, object]) -> None:
        if message["event"] == "clearAudio":
            self.audible_s.append(0.0)
            return
        media = message["media"]
        assert isinstance(media, dict)
        sound = base64.b64decode(media["payload"])
        # Mu-law is quiet near 0xff and 0x7f, and loud where its low bits are small.
        if min(byte & 0x7F for byte in sound) < 0x50:
            self.audible_s[-1] += len(sound) / 8000


async def test_plivo_is_told_to_stream_the_call_to_the_bot(bot: Bot) -> None:
    """The answer document streams both ways, to the bot's own socket, and keeps the call alive."""
    async with httpx.AsyncClient() as http:
        answered = await http.post(f"{bot.url}/answer")

    stream = ElementTree.fromstring(answered.text)[0]
    assert "application/xml" == answered.headers["content-type"]
    assert bot.url.replace("http", "ws") + "/ws" == stream.text
    assert {
        "bidirectional": "true",
        "keepCallAlive": "true",
        "contentType": "audio/x-mulaw;rate=8000",
    } == stream.attrib


async def test_a_call_is_greeted_answered_and_ended_with_a_goodbye(bot: Bot) -> None:
    """One call from the greeting, over an interruption and an answer, to the bot's own ending."""
    media = Media()
    async with connect(bot.url.replace("http", "ws") + "/ws") as socket:
        await asyncio.wait_for(media.carry(socket), 30)

    greeting, answer, goodbye = media.audible_s
    assert min(greeting, answer) > 0.3
    assert goodbye > 1.0
    assert 1000 == socket.close_code
    assert [] == [line for line in bot.log if "ERROR" in line or "Traceback" in line]
