"""A speech-to-speech model without a service: it takes turns on its own, as those of OpenAI do.

It answers when the caller has stopped, before it tells what it has heard, and knows nothing of what
the session may want. What it says is noise.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

from livekit import rtc
from livekit.agents import llm

from .bench import RATE, YES, tone

T = TypeVar("T")


class SpeechModel(llm.RealtimeModel):
    """It hears what the test says, when the test says it.

    Attributes:
        answers: What it has begun to say.
    """

    def __init__(self, *, transcripts: bool = True) -> None:
        capabilities = llm.RealtimeCapabilities(
            message_truncation=False,
            turn_detection=True,
            user_transcription=transcripts,
            auto_tool_reply_generation=False,
            audio_output=True,
            manual_function_calls=False,
        )
        super().__init__(capabilities=capabilities)
        self.answers: list[str] = []
        self.sessions: list[SpeechSession] = []

    def session(self, **_: Any) -> SpeechSession:
        """Begin to listen."""
        self.sessions.append(SpeechSession(self))
        return self.sessions[-1]

    async def aclose(self) -> None:
        pass


class SpeechSession(llm.RealtimeSession[Any]):
    """One conversation of `SpeechModel`."""

    def __init__(self, model: SpeechModel) -> None:
        super().__init__(model)
        self._model = model
        self._context = llm.ChatContext.empty()
        self._tools = llm.ToolContext.empty()
        self._numbers = itertools.count(1)
        self.loud = 0

    @property
    def chat_ctx(self) -> llm.ChatContext:
        return self._context.copy()

    @property
    def tools(self) -> llm.ToolContext:
        return self._tools.copy()

    def begins(self) -> None:
        """The caller begins to speak."""
        self.emit("input_speech_started", llm.InputSpeechStartedEvent())

    def hears(self, text: str) -> None:
        """The caller speaks; the model begins to answer, and only then tells what he said."""
        self.begins()
        stopped = llm.InputSpeechStoppedEvent(user_transcription_enabled=True)
        self.emit("input_speech_stopped", stopped)
        self.emit("generation_created", self._answer(by_us=False))
        heard = llm.InputTranscriptionCompleted(
            item_id=f"item-{next(self._numbers)}", transcript=text, is_final=True
        )
        self.emit("input_audio_transcription_completed", heard)

    def _answer(self, *, by_us: bool) -> llm.GenerationCreatedEvent:
        self._model.answers.append(YES)
        data = tone(YES)
        frames = [
            rtc.AudioFrame(data[at : at + 320], RATE, 1, 160)
            for at in range(0, len(data) - 319, 320)
        ]
        kinds: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        kinds.set_result(["audio", "text"])
        message = llm.MessageGeneration(
            message_id=f"message-{next(self._numbers)}",
            text_stream=_stream([YES]),
            audio_stream=_stream(frames),
            modalities=kinds,
        )
        return llm.GenerationCreatedEvent(
            message_stream=_stream([message]), function_stream=_stream([]), user_initiated=by_us
        )

    def generate_reply(self, **_: Any) -> asyncio.Future[llm.GenerationCreatedEvent]:
        answer = asyncio.get_running_loop().create_future()
        answer.set_result(self._answer(by_us=True))
        return answer

    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None:
        self._context = chat_ctx.copy()

    async def update_tools(self, tools: list[llm.Tool]) -> None:
        self._tools = llm.ToolContext(tools)

    async def update_instructions(self, instructions: str) -> None:
        pass

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        self.loud += any(frame.data)

    def _nothing(self, *_: Any, **__: Any) -> None:
        pass

    update_options = push_video = commit_audio = clear_audio = interrupt = truncate = _nothing

    async def aclose(self) -> None:
        pass


async def _stream(items: Sequence[T]) -> AsyncIterator[T]:
    for item in items:
        yield item
