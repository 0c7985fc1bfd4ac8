"""The processor after the STT service: it hears, and lends the bot to the call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    LLMContextAssistantTurnFrame,
    StartFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.transports.base_transport import BaseTransport

from escalate.errors import EscalateError, LayoutError
from escalate.live_call import LiveCall
from escalate.pipecat.gate import EscalationGate
from escalate.pipecat.hangup import take_over_hang_up
from escalate.pipecat.layout import check_as_linked, check_as_set_up
from escalate.pipecat.mouth import Mouth
from escalate.pipecat.tools import FlowTool, Tool, flow_tool_for, tool_for

log = logging.getLogger("escalate")

# A recorded finish is one local write; a store that is down must not hold the pipeline's end.
_RECORD_S: Final = 1.5
# A request to move the caller takes this long at most, or nobody knows whether it was carried out.
_MOVE_S: Final = 6.0
_CLOSE_S: Final = 8.0

# Ways in which a worker is cancelled that nobody in the bot decided on: the caller is still there
# and wants to go on. Everything else is the bot's own word that it is done.
_NOT_MEANT: Final = ("interrupt signal", "runner exiting", "fatal error", "no longer do its job")


class EscalationProcessor(FrameProcessor):
    """Hands the caller over to a human when he needs one. Drop it in behind the STT service.

        watch = EscalationProcessor(board.call(call_uuid), transport=transport)
        context = LLMContext(tools=[watch.transfer_to_human])
        pipeline = Pipeline([transport.input(), stt, watch, user_aggregator, watch.gate, llm, ...])

    A speech-to-speech model is its own recogniser and voice, so the watch stands behind it, and
    behind the watch a TTS service for the sentences that are ours:

        Pipeline([transport.input(), user_aggregator, watch.gate, model, watch, tts, ...])

    Transcripts go through to the aggregator, so that the turn ends as usual and the context keeps
    the caller's words; `gate` keeps the LLM from answering them. The transport's own hang-up is
    taken over: a bot that ends the conversation is recorded, and the call ended, by us.
    """

    def __init__(self, call: LiveCall, *, transport: BaseTransport, **kwargs: Any) -> None:
        """Watch `call`, whose audio `transport` carries: Pipecat's, or that of agent-transport.

        Raises:
            LayoutError: The transport could end the call behind our back.
        """
        super().__init__(**kwargs)
        self._call = call
        self.gate = EscalationGate(
            on_linked=self._check_layout,
            on_set_up=self._check_whole,
            take_in=self._take_in,
            name=f"{self.name}-gate",
        )
        self._checked = False
        self._mouth: Mouth | None = None
        self.transfer_to_human: Tool = tool_for(call)
        self.flow_transfer_to_human: FlowTool = flow_tool_for(call)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._released = False
        self._disconnected = False
        self._take_over_hang_up(transport)
        transport.add_event_handler("on_client_disconnected", self._note_disconnect)
        call.attach(self)

    def _take_over_hang_up(self, transport: BaseTransport) -> None:
        take_over_hang_up(transport)

    def _check_layout(self) -> None:
        check_as_linked(self, self.gate)

    async def _note_disconnect(self, *_: object) -> None:
        self._disconnected = True

    # --- frames -----------------------------------------------------------------------------

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Join the pipeline, or end it before its first frame.

        Raises:
            LayoutError: It could not be handed over from.
        """
        await super().setup(setup)
        await self._check_whole(self.pipeline_worker)

    async def _check_whole(self, worker: PipelineWorker) -> None:
        """Check the pipeline once, when the first of watch and gate is set up in it."""
        if self._checked:
            return
        self._checked = True
        try:
            if check_as_set_up(worker.pipeline, self, self.gate):
                self._mouth = Mouth()
                self.gate.guard(self._mouth)
        except LayoutError:
            # Pipecat reports what `setup` raises, and would run the bot without this processor.
            await worker.cancel(reason="escalate could hand nobody over")
            raise

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take in what the frame says, then pass it on: the words are heard before anybody acts."""
        await super().process_frame(frame, direction)
        if self._mouth is None:
            await self._take_in(frame)
        elif direction is FrameDirection.DOWNSTREAM and not self._mouth.lets_out(frame):
            return
        await self.push_frame(frame, direction)

    async def _take_in(self, frame: Frame) -> None:
        """Learn from a frame; it is the first of watch and gate that every frame comes to."""
        match frame:
            case TranscriptionFrame():
                self.gate.caller_spoke()
                self._call.hear(frame.text, language=_tag(frame))
            case InterimTranscriptionFrame():
                self._call.hear(frame.text, final=False, language=_tag(frame))
            case LLMContextAssistantTurnFrame():
                self._call.bot_said(frame.text)
            case InputDTMFFrame():
                self._call.press(frame.button.value)
            case ErrorFrame():
                self._call.bot_failed(type(frame.processor).__name__)
            case StartFrame():
                self._keep(self._begin())
            case EndFrame() | CancelFrame():
                await self._part(frame)

    async def _begin(self) -> None:
        try:
            back = await self._call.begin()
        except EscalateError as error:
            log.error("call %s: cannot be handed over: %s", self._call.call_uuid, error)
            back = None
        if back is None:
            await self.gate.welcome()
        else:
            await self.gate.welcome_back(back.text, back.history)

    async def _part(self, frame: EndFrame | CancelFrame) -> None:
        """Keep the socket open until the caller goes on without it; no frame can interrupt this."""
        if self._released or self._disconnected:
            return
        await self._in_time(self._call.part(), _MOVE_S, "not moved before the bot ended")
        reason = str(frame.reason or "")
        meant = isinstance(frame, EndFrame) or not any(sign in reason for sign in _NOT_MEANT)
        if meant and not self._call.is_escalating:
            await self._in_time(self._call.finish(), _RECORD_S, "its end is not recorded")

    async def _in_time(self, work: Coroutine[Any, Any, None], bound_s: float, failure: str) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(self._keep(work)), bound_s)
        except (TimeoutError, EscalateError) as error:
            log.error("call %s: %s: %s", self._call.call_uuid, failure, type(error).__name__)

    async def cleanup(self) -> None:
        """Leave the call once its requests in flight are through."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._in_time(self._call.close(), _CLOSE_S, "left in a hurry")
        for task in self._tasks:
            task.cancel()

    def _keep(self, work: Any) -> asyncio.Task[Any]:
        """Run `work` in a task that an interruption of the pipeline cannot cancel."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what the call borrows --------------------------------------------------------------

    def hold(self) -> None:
        """Shut the gate and stop the bot in the middle of its sentence."""
        self.gate.shut()
        self._keep(self.gate.silence())

    async def announce(self, text: str) -> None:
        """Speak to the end, whatever the caller says meanwhile."""
        await self.gate.say(text, over_the_caller=True)
        await self.pipeline_worker.flush_pipeline()
        # Sent is not heard: the carrier still plays what its buffer holds.
        await asyncio.sleep(self._call.drain_s)

    async def release(self) -> None:
        """End the pipeline without the two seconds of silence that an EndFrame plays first."""
        self._released = True
        await self.pipeline_worker.cancel(reason="the caller is handed over to a human")

    async def resume(self, text: str | None) -> None:
        """Open the gate."""
        await self.gate.open(answer=text is None)
        if text is not None:
            await self.gate.say(text, over_the_caller=False)


def _tag(frame: TranscriptionFrame | InterimTranscriptionFrame) -> str | None:
    return None if frame.language is None else str(frame.language)
