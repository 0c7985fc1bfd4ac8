"""The gate before the LLM: shut while a human is being fetched, so that the bot stays quiet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    LLMContextFrame,
    StartFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)

from escalate.pipecat.mouth import Mouth
from escalate.values import Party, Said

_ROLES = {Party.CALLER: "user", Party.BOT: "assistant", Party.HUMAN: "user"}

_RUNS: Final = (LLMContextFrame, InterruptionFrame)
# What runs a speech-to-speech model: the voice, and the end of a turn where it does not find that.
_VOICE: Final = (InputAudioRawFrame, UserStartedSpeakingFrame, UserStoppedSpeakingFrame)


class EscalationGate(FrameProcessor):
    """Stands between the user aggregator and the LLM. Made by `EscalationProcessor`.

    Shut, it drops every run of the LLM and every interruption, in both directions, so that the
    announcement is heard to its end; all else passes. Until it knows whether the caller is new it
    keeps the bot's first words back, and drops them if he is not: nobody is greeted twice.

    Before a speech-to-speech model it stands first and takes in what the frames say: the model's
    transcripts travel up to the aggregator. Shut, it keeps the caller's voice from the model, too;
    until it opens he is heard by his keys alone, so that he cannot take a request back in words.
    """

    def __init__(
        self,
        *,
        on_linked: Callable[[], None],
        on_set_up: Callable[[PipelineWorker], Awaitable[None]],
        take_in: Callable[[Frame], Awaitable[None]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._on_linked = on_linked
        self._on_set_up = on_set_up
        self._take_in = take_in
        self._mouth: Mouth | None = None
        self._held_back: tuple[type[Frame], ...] = _RUNS
        self._shut = False
        self._unanswered: LLMContextFrame | None = None
        self._kept_back: list[tuple[Frame, FrameDirection]] | None = []
        self._drop_greeting = False
        self._history: Sequence[Said] = ()
        self._quiet = asyncio.Event()
        self._started = asyncio.Event()

    def link(self, processor: FrameProcessor) -> None:
        """Join the pipeline; a wrong order is refused here, before the pipeline can run.

        Raises:
            LayoutError: The processors before the gate are not in the order that works.
        """
        super().link(processor)
        self._on_linked()

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Join the pipeline, or end it before its first frame.

        Raises:
            LayoutError: Nobody could be handed over from it.
        """
        await super().setup(setup)
        await self._on_set_up(self.pipeline_worker)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass, drop or keep back a frame."""
        await super().process_frame(frame, direction)
        if self._mouth is not None:
            await self._take_in(frame)
        if isinstance(frame, StartFrame):
            await self.push_frame(frame, direction)
            self._started.set()
            return
        if self._shut and isinstance(frame, self._held_back):
            self._unanswered = frame if isinstance(frame, LLMContextFrame) else self._unanswered
            return
        if isinstance(frame, (LLMContextFrame, TTSSpeakFrame)):
            if self._kept_back is not None:
                self._kept_back.append((frame, direction))
                return
            if self._drop_greeting:
                self._drop_greeting = False
                if not self._passes_unheard(frame):
                    return
            if isinstance(frame, LLMContextFrame):
                self._restore(frame.context)
        await self.push_frame(frame, direction)

    def _passes_unheard(self, frame: Frame) -> bool:
        """Keep the answer to a greeting in, where the greeting has to be made: it begins a session.

        False where none is made for a caller who was greeted before.
        """
        if self._mouth is None or not isinstance(frame, LLMContextFrame):
            return False
        self._mouth.skip_response()
        return True

    def guard(self, mouth: Mouth) -> None:
        """Stand before a speech-to-speech model that speaks through `mouth`."""
        self._mouth = mouth
        self._held_back = (*_RUNS, *_VOICE)

    def shut(self) -> None:
        """Let no run of the LLM through from here on."""
        self._shut = True
        self._quiet.clear()
        if self._mouth is not None:
            self._mouth.shut()

    async def silence(self) -> None:
        """Stop what the bot has begun to say, and whatever it says without being asked."""
        # Downstream only: upstream it could cost the aggregator the words just heard.
        await self.push_frame(InterruptionFrame())
        # A tool's late result runs the LLM from behind the gate; its words are not spoken.
        await self.push_frame(LLMConfigureOutputFrame(skip_tts=True))
        self._quiet.set()

    async def say(self, text: str, *, over_the_caller: bool) -> None:
        """Speak; `over_the_caller` makes the line survive whatever the caller says meanwhile."""
        if over_the_caller:
            await self._quiet.wait()
        frame = TTSSpeakFrame(text)
        frame.interruptible = not over_the_caller
        await self.push_frame(frame)

    async def open(self, *, answer: bool) -> None:
        """Let the bot speak again; with `answer`, to what the caller said last in the meantime."""
        self._shut = False
        if self._mouth is not None:
            self._mouth.open()
        await self.push_frame(LLMConfigureOutputFrame(skip_tts=False))
        unanswered, self._unanswered = self._unanswered, None
        if answer and unanswered is not None:
            await self.push_frame(unanswered)

    async def welcome(self) -> None:
        """The caller is new: let the bot's first words go."""
        await self._started.wait()
        kept, self._kept_back = self._kept_back or [], None
        for frame, direction in kept:
            await self.push_frame(frame, direction)

    async def welcome_back(self, text: str, history: Sequence[Said]) -> None:
        """The caller was here before: no greeting, but `text`, and the bot remembers."""
        await self._started.wait()
        kept, self._kept_back = self._kept_back or [], None
        self._drop_greeting = not kept
        self._history = history
        await self.say(text, over_the_caller=False)
        for frame, direction in kept:
            if isinstance(frame, LLMContextFrame) and self._passes_unheard(frame):
                self._restore(frame.context)
                await self.push_frame(frame, direction)

    def caller_spoke(self) -> None:
        """Whatever the bot says from here on answers the caller, and these words of his."""
        self._drop_greeting = False
        self._unanswered = None

    def _restore(self, context: LLMContext) -> None:
        """Put what was said before into the context, behind its instructions."""
        history, self._history = self._history, ()
        if not history:
            return
        messages = list(context.get_messages())
        first = next(
            (place for place, message in enumerate(messages) if _is_said(message)), len(messages)
        )
        said: list[Any] = [{"role": _ROLES[one.party], "content": one.text} for one in history]
        context.set_messages([*messages[:first], *said, *messages[first:]])


def _is_said(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ("user", "assistant")
