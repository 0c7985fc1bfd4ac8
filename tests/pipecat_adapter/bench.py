"""A real bot between a local Plivo and a switchboard, and handles on every part of it.

Transport, serializer, aggregators, pipeline and runner are Pipecat's own. The recogniser hears what
the test says when the test says it, the model answers as the test wants, the voice is a tone.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response, WebSocket
from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    LLMRunFrame,
    SystemFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TextAggregationMode
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner
from starlette.types import Message, Receive, Scope, Send

from escalate import Switchboard
from escalate.demo.bookshop import HasTool, Reply
from escalate.demo.bookshop import Message as Turn
from escalate.demo.services import ScriptedLLM, ScriptedSTT, SpokenTTS
from escalate.emulator.client import LocalPlivo
from escalate.pipecat import EscalationProcessor
from tests.desk import AUTH_ID, AUTH_TOKEN, PATIENCE_S, AnyDesk
from tests.ports import free_port
from tests.serving import served

RELEASE = tuple(int(part) for part in version("pipecat-ai").split(".")[:2])

WORD_S = 0.08


class Ears(ScriptedSTT):
    """A recogniser that hears what the test says, when it says it."""

    def __init__(self) -> None:
        super().__init__(script=list, user_speech_timeout_s=0.15)

    async def hear(self, *texts: str, final: bool = True) -> None:
        """Recognise each of `texts` in one breath."""
        kind = TranscriptionFrame if final else InterimTranscriptionFrame
        for text in texts:
            await self.push_frame(kind(text, "", time_now_iso8601()))


class Voice(SpokenTTS):
    """A voice of one tone, `WORD_S` for each word."""

    def __init__(self, *, by_token: bool = False) -> None:
        """Speak sentence by sentence, or `by_token` as the model's words come."""
        mode = TextAggregationMode.TOKEN if by_token else TextAggregationMode.SENTENCE
        super().__init__(text_aggregation_mode=mode)
        self.said: list[str] = []

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """Yield the tone."""
        self.said.append(text)
        samples = round(len(text.split()) * WORD_S * self.sample_rate)
        audio = (b"\x00\x20" * 10 + b"\x00\xe0" * 10) * (samples // 20)
        for at in range(0, len(audio), self.chunk_size):
            piece = audio[at : at + self.chunk_size]
            yield TTSAudioRawFrame(piece, self.sample_rate, 1, context_id=context_id)


class Mind:
    """What the model answers, and a record of what it was asked.

    `replies` are matched against what the caller said last; a reply may name a tool to call.
    """

    def __init__(self) -> None:
        self.asked: list[list[Turn]] = []
        self.replies: dict[str, Reply] = {}

    def __call__(self, messages: Sequence[Turn], has_tool: HasTool) -> Reply:
        """Answer one conversation."""
        self.asked.append([dict(message) for message in messages])
        said = [str(turn.get("content", "")) for turn in messages if turn["role"] == "user"]
        last = said[-1] if said and messages[-1]["role"] != "tool" else ""
        fits = (reply for words, reply in self.replies.items() if words in last)
        return next(fits, Reply("Yes of course."))


class Tape(BaseObserver):
    """Every frame that was pushed, and a way to wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self.pushes: list[FramePushed] = []
        self._more = asyncio.Event()

    async def on_push_frame(self, data: FramePushed) -> None:
        """Keep a push."""
        self.pushes.append(data)
        self._more.set()

    def pushed(self, kind: type[Frame], *, by: FrameProcessor | None = None) -> list[Frame]:
        """Return the frames of a kind, each push of them counted."""
        return [
            push.frame
            for push in self.pushes
            if isinstance(push.frame, kind) and by in (None, push.source)
        ]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until `condition` holds; it is looked at whenever a frame moves."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._more.clear()
                await self._more.wait()


@dataclass
class Begun(SystemFrame):
    """The first frame that a test sends."""


@dataclass
class Line:
    """What a bot sent over one media socket."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def note(self, message: Message) -> None:
        """Keep an outgoing ASGI message."""
        text = message.get("text")
        if message["type"] == "websocket.send" and text is not None:
            self.messages.append(json.loads(text))

    @property
    def clears(self) -> int:
        """How often Plivo was told to forget what it had not played."""
        return sum(message["event"] == "clearAudio" for message in self.messages)

    def played_ms(self, *, after_clear: int = 0) -> int:
        """Return how much audio was sent behind that many `clearAudio`."""
        clears, played = 0, 0
        for message in self.messages:
            clears += message["event"] == "clearAudio"
            if message["event"] == "playAudio" and clears >= after_clear:
                played += len(base64.b64decode(message["media"]["payload"]))
        return played // 8


Transports = Callable[[WebSocket, Any], Awaitable[BaseTransport]]


async def by_hand(socket: WebSocket, data: Any) -> BaseTransport:
    """Make the transport of a call as the examples do."""
    serializer = PlivoFrameSerializer(
        data["stream_id"], data["call_id"], auth_id=AUTH_ID, auth_token=AUTH_TOKEN
    )
    return FastAPIWebsocketTransport(socket, params(serializer=serializer))


def params(**more: Any) -> FastAPIWebsocketParams:
    """Return the parameters of a transport that ends without a silence."""
    return FastAPIWebsocketParams(
        audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0, **more
    )


@dataclass
class Bot:
    """How the next bots are made. A test changes it before the call."""

    mind: Mind = field(default_factory=Mind)
    tools: list[Any] = field(default_factory=list)
    greets: Callable[[Talk], Any] | None = None
    leaves: Callable[[Talk], Any] | None = None
    armed: bool = False
    idle_timeout_s: float | None = None
    watch: type[EscalationProcessor] = EscalationProcessor
    turns: LLMUserAggregatorParams | None = None
    speaks_by_token: bool = False
    model: Callable[[], LLMService[Any]] | None = None
    transport: Transports = by_hand


class Talk:
    """One conversation: a pipeline between a media socket and the parts a test steers."""

    def __init__(
        self, board: Switchboard, bot: Bot, transport: Any, call_uuid: str, line: Line
    ) -> None:
        self.call_uuid = call_uuid
        self.line = line
        self.mind = bot.mind
        self.tape = Tape()
        self.over = asyncio.Event()
        self.ears, self.voice = Ears(), Voice(by_token=bot.speaks_by_token)
        self.llm = ScriptedLLM(answer=bot.mind, first_token_s=0.01, token_s=0.01)
        self.model = bot.model() if bot.model is not None else None
        self.transport = transport
        self.call = board.call(self.call_uuid)
        self.watch = bot.watch(self.call, transport=self.transport)
        if bot.armed:
            transport._params.serializer._params.auto_hang_up = True
        self.context = LLMContext(tools=[self.watch.transfer_to_human, *bot.tools])
        self.pair = LLMContextAggregatorPair(self.context, user_params=bot.turns)
        self.worker = self._worker(bot)
        if bot.greets is not None:
            self._on("on_client_connected", bot.greets)
        if bot.leaves is not None:
            self._on("on_client_disconnected", bot.leaves)

    def _middle(self) -> list[FrameProcessor]:
        user, gate = self.pair.user(), self.watch.gate
        if self.model is not None:
            return [user, gate, self.model, self.watch]
        return [self.ears, self.watch, user, gate, self.llm]

    def _worker(self, bot: Bot) -> PipelineWorker:
        ends = self.transport.output(), self.pair.assistant()
        pipeline = Pipeline([self.transport.input(), *self._middle(), self.voice, *ends])
        rates = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)
        return PipelineWorker(
            pipeline,
            params=rates,
            observers=[self.tape],
            idle_timeout_secs=bot.idle_timeout_s,
        )

    def _on(self, event: str, do: Callable[[Talk], Any]) -> None:
        async def handler(*_: object) -> None:
            await do(self)

        self.transport.add_event_handler(event, handler)

    async def run(self) -> None:
        """Carry the call from the first message on its socket to the last."""
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        try:
            await runner.run()
        finally:
            self.over.set()

    async def begun(self) -> None:
        """Wait until the pipeline runs: one that is cancelled earlier hears of no end."""
        await self.worker.queue_frame(Begun())
        await self.tape.until(lambda: self.tape.pushed(Begun, by=self.watch))

    async def ended(self) -> None:
        """Wait until the pipeline has ended and cleaned up."""
        async with asyncio.timeout(PATIENCE_S):
            await self.over.wait()

    async def says(self, text: str) -> None:
        """Wait until the voice has begun to say `text`."""
        await self.tape.until(lambda: text in self.voice.said)

    async def runs(self, count: int) -> None:
        """Wait until the model was run `count` times."""
        await self.tape.until(lambda: self.llm.runs >= count)

    async def settle(self) -> None:
        """Wait until every frame on its way has arrived."""
        await self.worker.flush_pipeline()

    def remembered(self, role: str) -> list[str]:
        """Return what the context holds in a role."""
        return [
            str(message["content"])
            for message in self.context.get_messages()
            if isinstance(message, dict) and message.get("role") == role
        ]


class Desk(AnyDesk["Talk"]):
    """A bot's server: the switchboard's routes, two answer documents and the media socket."""

    def __init__(self, plivo: LocalPlivo, directory: Path, port: int, **settings: Any) -> None:
        super().__init__(plivo, directory, port, **settings)
        self.bot = Bot()
        self.lines: list[Line] = []
        self.app = FastAPI()
        self.app.mount("/escalate", self.board.app)
        self.app.add_api_route("/foreign", self._foreign, methods=["POST"])
        self.app.add_api_websocket_route("/ws", self._media)

    async def talk(self, number: int) -> Talk:
        """Wait for the conversation with this number, and until the bot may speak in it."""
        talk = await super().talk(number)
        await talk.begun()
        await talk.tape.until(lambda: talk.watch.gate._kept_back is None)
        return talk

    async def _foreign(self) -> Response:
        return Response(self.foreign(), media_type="application/xml")

    async def _media(self, websocket: WebSocket) -> None:
        await websocket.accept()
        _, data = await parse_telephony_websocket(websocket)
        transport = await self.bot.transport(websocket, data)
        talk = Talk(self.board, self.bot, transport, data["call_id"], self.lines[-1])
        self.greet(talk)
        await talk.run()

    async def tapped(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the application, with a tap on what its media sockets send."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        line = Line()
        self.lines.append(line)

        async def tap(message: Message) -> None:
            line.note(message)
            await send(message)

        await self.app(scope, receive, tap)


class Door:
    """One server for all desks, one desk at a time: to start and stop one takes longer than a call.

    Attributes:
        desk: The desk whose application is served.
    """

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.port = free_port()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lead a request to the desk that is there."""
        if self.desk is not None:
            await self.desk.tapped(scope, receive, send)


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[Door]:
    """Run a server."""
    door = Door()
    async with served(door, door.port):
        yield door


@contextlib.asynccontextmanager
async def serving(desk: Desk, door: Door) -> AsyncIterator[Desk]:
    """Let a door lead to the desk, and end in order what came in through it."""
    door.desk = desk
    async with desk.board:
        yield desk
        # First of all the calls, or one whose bot ends would come back to another.
        await desk.plivo.forget()
        for talk in desk.talks:
            if not talk.over.is_set():
                await talk.worker.cancel(reason="interrupt signal")
                await talk.ended()


def transport_without_a_socket(**params: Any) -> FastAPIWebsocketTransport:
    """Return a transport as a bot makes it, for what happens before or without a call."""
    serializer = PlivoFrameSerializer("stream-1", "call-1", auth_id=AUTH_ID, auth_token=AUTH_TOKEN)
    scope = {"type": "websocket", "client": ("127.0.0.1", 1), "headers": []}
    socket = WebSocket(scope, receive=None, send=None)  # type: ignore[arg-type]
    return FastAPIWebsocketTransport(
        socket, FastAPIWebsocketParams(**{"serializer": serializer, **params})
    )


def uninterrupted(tool: Any) -> Any:
    """Let a tool go on when the caller interrupts the bot."""
    try:
        from pipecat.adapters.llm.schemas.direct_function import tool_options
    except ModuleNotFoundError:
        # Its place before 1.14.
        from pipecat.adapters.schemas.direct_function import tool_options
    return tool_options(cancel_on_interruption=False)(tool)


def spoken_ms(text: str) -> int:
    """Return how long `Voice` takes for a text."""
    return round(len(text.split()) * WORD_S * 1000)


async def greets_by_model(talk: Talk) -> None:
    """Greet with a run of the model, as the newer examples of Pipecat do."""
    talk.context.add_message({"role": "developer", "content": "Greet the caller."})
    await talk.worker.queue_frames([LLMRunFrame()])


async def greets_by_line(talk: Talk) -> None:
    """Greet with a fixed sentence."""
    await talk.worker.queue_frames([TTSSpeakFrame("Hello from the shop.")])


async def cancels(talk: Talk) -> None:
    """End the pipeline at once, as every example of Pipecat does when the caller has left."""
    await talk.worker.cancel()
