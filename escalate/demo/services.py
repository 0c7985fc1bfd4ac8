"""Stand-ins for cloud models, so that a bot runs without an account, a key or a network.

THIS IS THE ONE PLACE WHERE SOMETHING IS NOT REAL. `ScriptedSTT` does not recognise speech, it
follows a script; `ScriptedLLM` does not think, it follows rules; `SpokenTTS` speaks, but nobody
would mistake it for a person. Everything around them is what a bot in production has: these are
ordinary Pipecat services on its public base classes, and they take the places of Deepgram, OpenAI
and Cartesia in a pipeline that does not change.

They keep the timing of the real ones: results of the recogniser arrive in time with the caller's
audio, replies are streamed token by token after a pause, speech lasts as long as its words.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    StartFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection

# Its own module has moved between Pipecat's releases; the base class of services has always had it.
from pipecat.services.llm_service import BaseLLMAdapter, LLMService  # type: ignore[attr-defined]
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601

from escalate.demo import bookshop
from escalate.demo.bookshop import HasTool, Message, Reply
from escalate.demo.speech import speak
from escalate.demo.transcripts import Line, pending

Script = Callable[[], Sequence[Line]]
"""Looks up what the caller of this call says; asked once, when the stream opens."""

Answer = Callable[[Sequence[Message], HasTool], Reply]
"""Decides what the assistant says next; `bookshop.answer` is one."""

_BYTES_PER_SAMPLE = 2


class ScriptedSTT(STTService):
    """A recogniser that hears what a script says, in time with the audio it gets.

    A line goes out once that many seconds of the caller's audio have come in. When audio stops
    coming, so do the words, as with a real recogniser.
    """

    def __init__(self, *, script: Script, user_speech_timeout_s: float = 0.6, **kwargs: Any):
        """Follow `script`; a turn ends `user_speech_timeout_s` after its last final line."""
        super().__init__(
            settings=STTSettings(model="script", language=None),
            # Final lines are as late as the script says and no later.
            ttfs_p99_latency=0.0,
            **kwargs,
        )
        self._script = script
        self._user_speech_timeout_s = user_speech_timeout_s
        self._heard_s = 0.0
        self._pending: deque[Line] = deque()

    def service_metadata_frame(self) -> STTMetadataFrame:
        """Recommend turns that follow the words, since no model listens to the audio itself."""
        frame = super().service_metadata_frame()
        frame.user_turn_strategies = UserTurnStrategies(
            start=[TranscriptionUserTurnStartStrategy()],
            stop=[
                SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=self._user_speech_timeout_s)
            ],
        )
        return frame

    async def start(self, frame: StartFrame) -> None:
        """Look the script up."""
        await super().start(frame)
        self._pending = pending(self._script())

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Yield every line whose time has come with this piece of audio."""
        self._heard_s += len(audio) / _BYTES_PER_SAMPLE / self.sample_rate
        while self._pending and self._pending[0].at <= self._heard_s:
            yield _transcription(self._pending.popleft())


def _transcription(line: Line) -> Frame:
    language = None if line.language is None else Language(line.language)
    if line.final:
        return TranscriptionFrame(line.text, "", time_now_iso8601(), language, finalized=True)
    return InterimTranscriptionFrame(line.text, "", time_now_iso8601(), language)


class NoProvider(BaseLLMAdapter[dict[str, Any]]):  # type: ignore[no-untyped-call]
    """The form in which a provider wants a conversation, where there is none.

    Without it the base class takes OpenAI's, whose SDK costs every process half a second to import.
    """

    @property
    def id_for_llm_specific_messages(self) -> str:
        """The name of no provider."""
        return "none"

    async def get_llm_invocation_params(
        self, context: LLMContext, **options: Any
    ) -> dict[str, Any]:
        """Return the conversation as it is."""
        return {"messages": context.messages}

    def to_provider_tools_format(self, tools_schema: Any) -> list[Any]:
        """Return the tools as they are."""
        return list(tools_schema.standard_tools)

    def get_messages_for_logging(self, context: LLMContext) -> list[dict[str, Any]]:
        """Return the messages that are plain data."""
        return [dict(message) for message in context.messages if isinstance(message, Mapping)]


class ScriptedLLM(LLMService):
    """A language model that answers by rules, as slowly and in as many pieces as a real one.

    Attributes:
        runs: How often it was asked for a reply.
    """

    adapter_class = NoProvider

    def __init__(
        self,
        *,
        answer: Answer = bookshop.answer,
        first_token_s: float = 0.3,
        token_s: float = 0.03,
        **kwargs: Any,
    ):
        """Answer by `answer`: the first token after `first_token_s`, the others `token_s` apart."""
        super().__init__(
            settings=LLMSettings(
                model="rules",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=None,
                user_turn_completion_config=None,
            ),
            **kwargs,
        )
        self.runs = 0
        self._answer = answer
        self._first_token_s = first_token_s
        self._token_s = token_s

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Reply to an `LLMContextFrame`; pass everything else on."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        self.runs += 1
        await self.push_frame(LLMFullResponseStartFrame())
        try:
            await self._respond(frame.context)
        finally:
            await self.push_frame(LLMFullResponseEndFrame())

    async def _respond(self, context: LLMContext) -> None:
        """Stream the reply, then ask for the function call in it."""
        messages = [m for m in context.messages if isinstance(m, Mapping)]
        reply = self._answer(messages, self.has_function)
        await asyncio.sleep(self._first_token_s)
        for token in re.findall(r"\S+\s*", reply.text):
            await self.push_frame(LLMTextFrame(token))
            await asyncio.sleep(self._token_s)
        if reply.tool:
            call = FunctionCallFromLLM(
                function_name=reply.tool,
                tool_call_id=f"call_{uuid.uuid4().hex}",
                arguments=dict(reply.arguments),
                context=context,
            )
            await self.run_function_calls([call])


class SpokenTTS(TTSService):
    """A voice that needs no network: espeak-ng, or tones of the same length without it."""

    def __init__(self, **kwargs: Any):
        """Take the options of every Pipecat TTS service."""
        super().__init__(
            settings=TTSSettings(model=None, voice="en-us", language=None),
            push_start_frame=True,
            push_stop_frames=True,
            **kwargs,
        )

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """Yield the speech for `text` in pieces."""
        audio = await speak(text, self.sample_rate)
        for start in range(0, len(audio), self.chunk_size):
            yield TTSAudioRawFrame(
                audio[start : start + self.chunk_size], self.sample_rate, 1, context_id=context_id
            )
