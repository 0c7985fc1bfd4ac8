"""A real AgentSession between a local Plivo and a switchboard, and handles on every part of it.

Session, agents, speech handles and tools are LiveKit's own. The recogniser hears what the test says
when the test says it, the model answers as the test wants, the voice is noise.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    Agent,
    AgentSession,
    APIConnectOptions,
    LanguageCode,
    llm,
    stt,
    tts,
)
from livekit.agents.voice import SpeechHandle
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from escalate import LiveCall
from escalate.demo.bookshop import HasTool, Reply
from escalate.demo.bookshop import Message as Turn
from escalate.demo.livekit_services import ScriptedLLM
from escalate.emulator.client import LocalPlivo
from escalate.livekit import EscalationTools, PlivoBridge
from tests.desk import PATIENCE_S, AnyDesk
from tests.ports import free_port
from tests.serving import served

WORD_S = 0.08
RATE = 8000

TAKES_BACK = "no wait, carry on"
YES = "Yes of course."


class Ears(stt.STT[Any]):
    """A recogniser that hears what the test says, when it says it."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(streaming=True, interim_results=True),
        )
        self.frames = 0
        self.loud = 0
        self._said: list[Listening] = []

    def stream(
        self,
        *,
        language: Any = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> Listening:
        """Listen."""
        self._said.append(Listening(self, conn_options))
        return self._said[-1]

    async def _recognize_impl(self, *args: Any, **kwargs: Any) -> stt.SpeechEvent:
        raise NotImplementedError

    def hear(self, *texts: str, final: bool = True, end: bool = True) -> None:
        """Recognise each of `texts` in one breath; after the last final one the turn may end."""
        self._tell(stt.SpeechEventType.START_OF_SPEECH)
        for text in texts:
            self.recognise(text, "FINAL" if final else "INTERIM")
        if final and end:
            self._tell(stt.SpeechEventType.END_OF_SPEECH)

    def recognise(self, text: str, kind: Literal["INTERIM", "PREFLIGHT", "FINAL"]) -> None:
        """Give one result; after a preflight one LiveKit has the model begin to answer."""
        data = stt.SpeechData(LanguageCode("en"), text, confidence=1.0)
        self._tell(stt.SpeechEventType[f"{kind}_TRANSCRIPT"], data)

    def _tell(self, kind: stt.SpeechEventType, *data: stt.SpeechData) -> None:
        self._said[-1]._event_ch.send_nowait(stt.SpeechEvent(kind, alternatives=list(data)))


class Listening(stt.RecognizeStream):
    """One stream of `Ears`: it counts what it gets."""

    def __init__(self, ears: Ears, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=ears, conn_options=conn_options)
        self._ears = ears

    async def _run(self) -> None:
        async for frame in self._input_ch:
            if not isinstance(frame, stt.RecognizeStream._FlushSentinel):
                self._ears.frames += 1
                self._ears.loud += any(frame.data)


class Voice(tts.TTS[Any]):
    """A voice of noise, `WORD_S` for each word."""

    def __init__(self) -> None:
        capabilities = tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=RATE, num_channels=1)
        self.said: list[str] = []

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> Tone:
        """Begin to speak."""
        self.said.append(text)
        return Tone(tts=self, input_text=text, conn_options=conn_options)


class Tone(tts.ChunkedStream):
    """One sentence of `Voice`."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=uuid.uuid4().hex, sample_rate=RATE, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(tone(self._input_text))
        output_emitter.flush()


@cache
def tone(text: str) -> bytes:
    """What the voice makes of a text: noise like that of no other text, and never silent."""
    chance = random.Random(text)
    count = round(len(text.split()) * WORD_S * RATE)
    loudness = (chance.randrange(2000, 9000) for _ in range(count))
    return array("h", (chance.choice((-1, 1)) * one for one in loudness)).tobytes()


def length_ms(text: str) -> int:
    """How long the voice takes for a text."""
    return len(tone(text)) * 1000 // (2 * RATE)


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
        return next(fits, Reply(YES))


class Clerk(Agent):
    """An agent that greets if it is told to."""

    def __init__(self, greeting: str | None = None, **more: Any) -> None:
        super().__init__(instructions="You answer the phone.", **more)
        self.greeting = greeting
        self.entered = 0

    async def on_enter(self) -> None:
        """Greet."""
        self.entered += 1
        if self.greeting is not None:
            self.session.say(self.greeting)


@dataclass
class Bot:
    """How the next bots are made. A test changes it before the call."""

    mind: Mind = field(default_factory=Mind)
    tools: list[Any] = field(default_factory=list)
    agent: Callable[[], Agent] = Clerk
    desk: type[EscalationTools] = EscalationTools
    preemptive: bool = True
    options: dict[str, Any] = field(default_factory=dict)


class Talk:
    """One conversation: a session and the parts of it that a test steers."""

    def __init__(self, call: LiveCall, bot: Bot, bridge: PlivoBridge | None = None) -> None:
        self.call = call
        self.bridge = bridge
        self.mind = bot.mind
        self.over = asyncio.Event()
        self.speeches: list[tuple[str, SpeechHandle]] = []
        self.items: list[llm.ChatMessage] = []
        self._more = asyncio.Event()
        self.ears, self.voice = Ears(), Voice()
        self.llm = ScriptedLLM(answer=bot.mind, first_token_s=0.01, token_s=0.005)
        self.desk = bot.desk(call, bridge=bridge)
        self.session: AgentSession[None] = AgentSession(
            tools=[self.desk, *bot.tools], **{**self._options(bot), **bot.options}
        )
        self.desk.attach(self.session)
        self.agent = bot.agent()
        for event in ("speech_created", "conversation_item_added", "agent_state_changed"):
            self.session.on(event, self._noted)
        self.session.on("close", lambda _: self.over.set())

    def _options(self, bot: Bot) -> dict[str, Any]:
        return {
            "stt": self.ears,
            "llm": self.llm,
            "tts": self.voice,
            "vad": None,
            "turn_handling": {
                "turn_detection": "stt",
                "endpointing": {"min_delay": 0.1, "max_delay": 0.2},
                "preemptive_generation": {"enabled": bot.preemptive},
            },
            "aec_warmup_duration": None,
            "user_away_timeout": None,
            "session_close_transcript_timeout": 0.0,
        }

    def _noted(self, event: Any) -> None:
        if event.type == "speech_created":
            self.speeches.append((event.source, event.speech_handle))
        elif event.type == "conversation_item_added" and isinstance(event.item, llm.ChatMessage):
            self.items.append(event.item)
        self._more.set()

    async def run(self) -> None:
        """Carry the call from its first moment to its last."""
        await self.session.start(self.agent)
        self._more.set()
        if self.bridge is not None:
            await self.bridge.closed()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until `condition` holds; it is looked at ever so often."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._more.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await self._more.wait()

    async def says(self, text: str) -> None:
        """Wait until the voice has begun to say `text`."""
        await self.until(lambda: text in self.voice.said)

    async def ended(self) -> None:
        """Wait until the session has closed."""
        async with asyncio.timeout(PATIENCE_S):
            await self.over.wait()

    def said(self, role: str) -> list[str]:
        """What reached the session's history in a role."""
        return [item.text_content or "" for item in self.items if item.role == role]

    def remembered(self, role: str) -> list[str]:
        """What the present agent's context holds in a role."""
        items = self.session.current_agent.chat_ctx.items
        messages = (item for item in items if isinstance(item, llm.ChatMessage))
        return [item.text_content or "" for item in messages if item.role == role]


class Desk(AnyDesk["Talk"]):
    """A bot's server: the switchboard's routes, two answer documents and the media socket."""

    def __init__(self, plivo: LocalPlivo, directory: Path, **settings: Any) -> None:
        super().__init__(plivo, directory, free_port(), **settings)
        self.bot = Bot()
        self.app = Starlette(
            routes=[
                Mount("/escalate", self.board.app),
                Route("/foreign", self._foreign, methods=["POST"]),
                WebSocketRoute("/ws", self._media),
            ]
        )

    async def talk(self, number: int) -> Talk:
        """Wait for the conversation with this number, and until its session runs."""
        talk = await super().talk(number)
        await talk.until(lambda: talk.session.agent_state != "initializing" or talk.over.is_set())
        return talk

    async def _foreign(self, _: Request) -> Response:
        return Response(self.foreign(), media_type="application/xml")

    async def _media(self, websocket: WebSocket) -> None:
        async with PlivoBridge(websocket) as bridge:
            talk = Talk(self.board.call(bridge.call_uuid), self.bot, bridge)
            self.greet(talk)
            await talk.run()


@contextlib.asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[Desk]:
    """Run the desk's server and switchboard."""
    async with served(desk.app, desk.port), desk.board:
        yield desk
        for talk in desk.talks:
            assert talk.bridge is not None
            await talk.bridge.close()
            await talk.ended()
            await talk.desk.settled()
