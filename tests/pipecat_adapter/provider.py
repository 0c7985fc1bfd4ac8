"""A provider of a speech-to-speech model, for Pipecat's own service for OpenAI's Realtime API.

It speaks that wire format as far as a call needs it: it hears words only while the caller's audio
comes in, sends their transcript, and answers each turn by itself, sooner than it can be played.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from websockets.asyncio.server import ServerConnection, serve

from escalate.demo.bookshop import Reply
from tests.desk import PATIENCE_S

from .bench import WORD_S

RATE = 24_000
# How long the caller speaks: time for the bot to be interrupted by his first sound.
TURN_S = 0.3
AT_ONCE = 6
IDS = {"item_id": "i", "response_id": "r", "output_index": 0, "content_index": 0}


class Provider:
    """Every session of one test.

    Attributes:
        url: Where Pipecat's service finds it.
        heard: What the model has heard and answered, and "" for each run that was asked for.
        settings: What sessions were set up with, in their order.
        items: The conversation that a session was given.
        goes_on: Cleared, an answer stops after `AT_ONCE` words until this is set.
    """

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[str] = []
        self.settings: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.replies: dict[str, Reply] = {}
        self._spoken: deque[str] = deque()
        self._into_turn_s = 0.0
        self._changed = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()

    def service(self) -> OpenAIRealtimeLLMService:
        """Return Pipecat's service, with a session of this provider."""
        return OpenAIRealtimeLLMService(api_key="none", base_url=self.url)

    def caller_says(self, *texts: str) -> None:
        """Let the caller say each of `texts`: heard with the next audio that comes in."""
        self._spoken.extend(texts)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until `condition` holds; it is looked at whenever something has been heard."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def carry(self, socket: ServerConnection) -> None:
        """Carry one session."""
        await _send(socket, "session.created", session={})
        async for message in socket:
            event = json.loads(message)
            match event["type"]:
                case "session.update":
                    self.settings.append(event["session"])
                    await _send(socket, "session.updated", session={})
                case "conversation.item.create":
                    self.items.append(event["item"])
                case "response.create":
                    self._begin(self._answer(socket, ""))
                case "input_audio_buffer.append" if self._spoken:
                    await self._listen(socket, event["audio"])

    def _begin(self, turn: Any) -> None:
        task = asyncio.create_task(turn)
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _listen(self, socket: ServerConnection, sound: str) -> None:
        """Take in some of what the caller says; when he has said it, his turn is over."""
        if not self._into_turn_s:
            await _send(socket, "input_audio_buffer.speech_started", audio_start_ms=0, item_id="u")
        self._into_turn_s += len(base64.b64decode(sound)) / 2 / RATE
        if self._into_turn_s >= TURN_S:
            self._into_turn_s = 0.0
            self._begin(self._take_turn(socket, self._spoken.popleft()))

    async def _take_turn(self, socket: ServerConnection, text: str) -> None:
        await _send(socket, "input_audio_buffer.speech_stopped", audio_end_ms=1, item_id="u")
        kind = "conversation.item.input_audio_transcription.completed"
        await _send(socket, kind, item_id="u", content_index=0, transcript=text)
        await self._answer(socket, text)

    async def _answer(self, socket: ServerConnection, text: str) -> None:
        self.heard.append(text)
        self._changed.set()
        fits = (reply for words, reply in self.replies.items() if words in text)
        reply = next(fits, Reply("Yes of course."))
        await _send(socket, "response.created", response=_response("in_progress"))
        if reply.tool is not None:
            item = {"id": "f", "type": "function_call", "call_id": "c", "name": reply.tool}
            await _send(socket, "conversation.item.added", item=item)
            said = {**IDS, "call_id": "c", "arguments": json.dumps(reply.arguments)}
            await _send(socket, "response.function_call_arguments.done", **said)
        else:
            item = {"id": "i", "type": "message", "role": "assistant"}
            await _send(socket, "conversation.item.added", item=item)
            for number, word in enumerate(reply.text.split()):
                if number == AT_ONCE:
                    await self.goes_on.wait()
                await _say(socket, word)
        await _send(socket, "response.done", response=_response("completed"))


def _response(status: str) -> dict[str, Any]:
    counts = dict.fromkeys(("total_tokens", "input_tokens", "output_tokens"), 0)
    details: dict[str, Any] = {"input_token_details": {}, "output_token_details": {}}
    return {
        "id": "r",
        "object": "realtime.response",
        "status": status,
        "status_details": None,
        "output": [],
        "usage": {**counts, **details},
    }


async def _say(socket: ServerConnection, word: str) -> None:
    tone = (b"\x00\x20" * 30 + b"\x00\xe0" * 30) * round(WORD_S * RATE / 60)
    sound = base64.b64encode(tone).decode()
    await _send(socket, "response.output_audio_transcript.delta", **IDS, delta=f"{word} ")
    await _send(socket, "response.output_audio.delta", **IDS, delta=sound)


async def _send(socket: ServerConnection, kind: str, **fields: Any) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send(json.dumps({"type": kind, "event_id": "e", **fields}))


@contextlib.asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    """Run a provider on a port of loopback."""
    provider = Provider()
    async with serve(provider.carry, "127.0.0.1", 0) as server:
        _, port = next(iter(server.sockets)).getsockname()[:2]
        provider.url = f"ws://127.0.0.1:{port}"
        yield provider
        provider.goes_on.set()
