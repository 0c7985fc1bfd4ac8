"""A bot without a framework: Plivo's media WebSocket on one side, the plain API on the other.

    python plain_bot.py --port 7860

It answers what the examples answer, by the same rules; ears and voice are stand-ins like theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from escalate import Party, Switchboard, Trigger
from escalate.demo import bookshop, transcripts
from escalate.emulator.speech import speak

BYTES_PER_S = 8000
TURN_END_S = 0.6
ROLES = {Party.CALLER: "user", Party.BOT: "assistant"}
TOOLS = ("end_call", "transfer_to_human")

SCRIPT = transcripts.script_from_env()
board = Switchboard.from_settings()


class PlainBot:
    """One conversation."""

    def __init__(self, websocket: WebSocket, call_uuid: str, stream_id: str) -> None:
        self._websocket = websocket
        self._stream_id = stream_id
        self._call = board.call(call_uuid)
        self._call.attach(self)
        self._script = deque(SCRIPT())
        self._heard_s = 0.0
        self._messages: list[bookshop.Message] = []
        self._held = False
        self._turn: asyncio.Task[None] | None = None
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._numbers = itertools.count(1)
        self._playing: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Carry the call from here to its last message."""
        back = await self._call.begin()
        if back is None:
            self._begin(self._reply())
        else:
            self._messages += [{"role": ROLES[s.party], "content": s.text} for s in back.history]
            self._begin(self._say(back.text))
        writing = asyncio.create_task(self._write())
        try:
            while (message := await self._websocket.receive())["type"] == "websocket.receive":
                self._take_in(json.loads(message["text"]))
        finally:
            self._stop()
            writing.cancel()
            await self._call.close()

    # --- what an escalation asks of a bot -----------------------------------------------------

    def hold(self) -> None:
        self._held = True
        self._stop()

    async def announce(self, text: str) -> None:
        await self._say(text)

    async def release(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close()

    async def resume(self, text: str | None) -> None:
        self._stop()
        self._held = False
        if text is not None:
            self._begin(self._say(text))

    # --- ears, mind and voice -----------------------------------------------------------------

    def _take_in(self, message: dict[str, Any]) -> None:
        match message:
            case {"event": "media", "media": {"payload": payload}}:
                self._heard_s += len(base64.b64decode(payload)) / BYTES_PER_S
                while self._script and self._script[0].at <= self._heard_s:
                    self._hear(self._script.popleft())
            case {"event": "playedStream", "name": name} if name in self._playing:
                self._playing.pop(name).set()

    def _hear(self, line: transcripts.Line) -> None:
        if line.final:
            self._messages.append({"role": "user", "content": line.text})
        self._call.hear(line.text, final=line.final)
        if self._held:
            return
        self._stop()
        if line.final:
            self._begin(self._reply(TURN_END_S))

    async def _reply(self, after_s: float = 0.0) -> None:
        await asyncio.sleep(after_s)
        reply = bookshop.answer(self._messages, lambda name: name in TOOLS)
        if reply.text:
            self._messages.append({"role": "assistant", "content": reply.text})
            self._call.bot_said(reply.text)
            await self._say(reply.text)
        if reply.tool == "transfer_to_human":
            self._call.request(Trigger.TOOL, reply.tool)
        elif reply.tool == "end_call":
            await self._call.finish()
            await self.release()

    async def _say(self, text: str) -> None:
        """Speak, and return when the carrier has played it."""
        sound = await speak(text)
        # One message holds 16 KB at most.
        for at in range(0, len(sound), BYTES_PER_S):
            payload = base64.b64encode(sound[at : at + BYTES_PER_S]).decode()
            media = {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": payload}
            self._outgoing.put_nowait({"event": "playAudio", "media": media})
        name = f"sentence-{next(self._numbers)}"
        played = self._playing[name] = asyncio.Event()
        checkpoint = {"event": "checkpoint", "streamId": self._stream_id, "name": name}
        self._outgoing.put_nowait(checkpoint)
        await played.wait()

    def _begin(self, turn: Coroutine[Any, Any, None]) -> None:
        self._turn = asyncio.create_task(turn)

    def _stop(self) -> None:
        """Say no more, not even what the carrier has been sent."""
        if self._turn is not None and self._turn is not asyncio.current_task():
            self._turn.cancel()
        if self._playing:
            self._playing.clear()
            self._outgoing.put_nowait({"event": "clearAudio", "streamId": self._stream_id})

    async def _write(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await self._websocket.send_json(await self._outgoing.get())


async def media(websocket: WebSocket) -> None:
    """Carry one call from the first message on its media socket to the last."""
    await websocket.accept()
    start = (await websocket.receive_json())["start"]
    await PlainBot(websocket, start["callId"], start["streamId"]).run()


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    async with board:
        yield


app = Starlette(
    routes=[Mount("/escalate", board.app), WebSocketRoute("/ws", media)], lifespan=lifespan
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port)
