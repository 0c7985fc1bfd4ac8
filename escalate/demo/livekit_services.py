"""Stand-ins for cloud models in LiveKit Agents: the counterpart of `escalate.demo.services`.

`ScriptedSTT` does not recognise speech, it follows a script; `ScriptedLLM` does not think, it
follows rules; `SpokenTTS` speaks, but nobody would mistake it for a person. They stand on LiveKit's
public base classes, keep the timing of real ones, and take the places of Deepgram, OpenAI and
Cartesia in a session that does not change.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    LanguageCode,
    llm,
    stt,
    tts,
)

from escalate.demo import bookshop
from escalate.demo.bookshop import HasTool, Message, Reply
from escalate.demo.speech import speak
from escalate.demo.transcripts import Line, pending

Script = Callable[[], Sequence[Line]]
"""Looks up what the caller of this call says; asked once, when the stream opens."""

Answer = Callable[[Sequence[Message], HasTool], Reply]
"""Decides what the assistant says next; `bookshop.answer` is one."""

_RATE: Final = 8000
_CAPABILITIES: Final = stt.STTCapabilities(streaming=True, interim_results=True)


class ScriptedSTT(stt.STT[Any]):
    """A recogniser that hears what a script says, in time with the audio it gets.

    A line comes once that many seconds of the caller's audio have gone in. It also says when he
    begins and ends to speak, so that a session with `turn_detection="stt"` needs no other model: a
    turn ends `turn_end_s` after its last final line.
    """

    def __init__(self, *, script: Script, turn_end_s: float = 0.3) -> None:
        """Follow `script`."""
        super().__init__(capabilities=_CAPABILITIES)
        self.turn_end_s = turn_end_s
        self.pending: deque[Line] | None = None
        self._script = script

    def stream(
        self,
        *,
        language: Any = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> ScriptedSpeech:
        """Listen; a second stream goes on where the first one stopped."""
        if self.pending is None:
            self.pending = pending(self._script())
        return ScriptedSpeech(self, conn_options)

    async def _recognize_impl(self, *args: Any, **kwargs: Any) -> stt.SpeechEvent:
        raise NotImplementedError("a script is heard as it goes, not all at once")


class ScriptedSpeech(stt.RecognizeStream):
    """One listening of `ScriptedSTT`."""

    def __init__(self, ears: ScriptedSTT, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=ears, conn_options=conn_options)
        self._ears = ears
        self._heard_s = 0.0
        self._speaking = False
        self._turn_over_at: float | None = None

    async def _run(self) -> None:
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            self._heard_s += frame.duration
            for event in self._due():
                self._event_ch.send_nowait(event)

    def _due(self) -> Iterator[stt.SpeechEvent]:
        """The events whose time has come."""
        pending = self._ears.pending or deque()
        while pending and pending[0].at <= self._heard_s:
            line = pending.popleft()
            if not self._speaking:
                self._speaking = True
                yield stt.SpeechEvent(stt.SpeechEventType.START_OF_SPEECH)
            self._turn_over_at = line.at + self._ears.turn_end_s if line.final else None
            yield _transcript(line)
        if self._turn_over_at is not None and self._turn_over_at <= self._heard_s:
            self._speaking, self._turn_over_at = False, None
            yield stt.SpeechEvent(stt.SpeechEventType.END_OF_SPEECH)


def _transcript(line: Line) -> stt.SpeechEvent:
    kind = stt.SpeechEventType.INTERIM_TRANSCRIPT
    if line.final:
        kind = stt.SpeechEventType.FINAL_TRANSCRIPT
    data = stt.SpeechData(LanguageCode(line.language or "en"), line.text, confidence=1.0)
    return stt.SpeechEvent(kind, alternatives=[data])


class ScriptedLLM(llm.LLM[Any]):
    """A language model that answers by rules, as slowly and in as many pieces as a real one.

    Attributes:
        runs: How often it was asked for a reply.
    """

    def __init__(
        self,
        *,
        answer: Answer = bookshop.answer,
        first_token_s: float = 0.3,
        token_s: float = 0.03,
    ) -> None:
        """Answer by `answer`: the first token after `first_token_s`, the others `token_s` apart."""
        super().__init__()
        self.runs = 0
        self.answer = answer
        self.first_token_s = first_token_s
        self.token_s = token_s

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **kwargs: Any,
    ) -> ScriptedReply:
        """Begin a reply."""
        self.runs += 1
        return ScriptedReply(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class ScriptedReply(llm.LLMStream):
    """One reply of `ScriptedLLM`."""

    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, ScriptedLLM)
        known = llm.ToolContext(self._tools).function_tools
        reply = model.answer(list(_messages(self._chat_ctx)), lambda name: name in known)
        request = uuid.uuid4().hex
        await asyncio.sleep(model.first_token_s)
        for token in re.findall(r"\S+\s*", reply.text):
            self._event_ch.send_nowait(_chunk(request, content=token))
            await asyncio.sleep(model.token_s)
        if reply.tool:
            call = llm.FunctionToolCall(
                name=reply.tool,
                arguments=json.dumps(dict(reply.arguments)),
                call_id=f"call_{request}",
            )
            self._event_ch.send_nowait(_chunk(request, tool_calls=[call]))


def _chunk(request: str, **delta: Any) -> llm.ChatChunk:
    return llm.ChatChunk(id=request, delta=llm.ChoiceDelta(role="assistant", **delta))


def _messages(context: llm.ChatContext) -> Iterator[Mapping[str, Any]]:
    """The conversation in the form of the OpenAI chat API."""
    for item in context.items:
        if isinstance(item, llm.ChatMessage):
            yield {"role": item.role, "content": item.text_content or ""}
        elif isinstance(item, llm.FunctionCallOutput):
            yield {"role": "tool", "content": item.output}


class SpokenTTS(tts.TTS[Any]):
    """A voice that needs no network: espeak-ng, or tones of the same length without it."""

    def __init__(self) -> None:
        """Speak at the rate of the telephone."""
        capabilities = tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=_RATE, num_channels=1)

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> SpokenText:
        """Begin to speak."""
        return SpokenText(tts=self, input_text=text, conn_options=conn_options)


class SpokenText(tts.ChunkedStream):
    """One sentence of `SpokenTTS`."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=uuid.uuid4().hex, sample_rate=_RATE, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(await speak(self._input_text, _RATE))
        output_emitter.flush()
