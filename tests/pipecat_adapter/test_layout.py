"""A pipeline in which the watch hears nothing, or cannot hold the bot, never starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pipecat.frames.frames import ErrorFrame, LLMServiceMetadataFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from escalate.demo.services import ScriptedLLM
from escalate.errors import LayoutError
from escalate.pipecat import EscalationProcessor
from escalate.pipecat.layout import ORDER, SPEECH_ORDER
from tests.desk import PATIENCE_S

from .bench import RELEASE, Desk, Ears, Voice, transport_without_a_socket


class SpeechModel(ScriptedLLM):
    """A model that says of itself that it is a speech-to-speech model."""

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        return LLMServiceMetadataFrame(service_name=self.name, is_realtime_service=True)


class Parts:
    """The parts of a bot, to be put together well or badly."""

    def __init__(self, desk: Desk) -> None:
        self.transport = transport_without_a_socket()
        self.ear = BaseInputTransport(TransportParams())
        self.stt, self.llm, self.tts = Ears(), ScriptedLLM(), Voice()
        self.watch = EscalationProcessor(desk.board.call("nobody"), transport=self.transport)
        self.gate = self.watch.gate
        self.user, self.assistant = LLMContextAggregatorPair(LLMContext())
        self.model = SpeechModel()


def str_or_order(value: object) -> str:
    """Name a case by its message."""
    return value[:28] if isinstance(value, str) else "order"


Order = Callable[[Parts], list[FrameProcessor]]


def passes() -> FrameProcessor:
    """Return a processor that is in nobody's way."""
    return IdentityFilter()  # type: ignore[no-untyped-call]


RIGHT: list[Order] = [
    lambda p: [p.ear, p.stt, p.watch, p.user, p.gate, p.llm, p.tts],
    lambda p: [p.ear, passes(), p.stt, p.watch, passes(), p.user, p.gate, p.llm],
    lambda p: [p.ear, Pipeline([p.stt]), p.watch, p.user, p.gate, p.llm],
    lambda p: [p.ear, p.stt, Pipeline([p.watch, p.user, p.gate, p.llm]), p.tts],
    lambda p: [Pipeline([p.ear, p.stt, p.watch, p.user]), Pipeline([p.gate, p.llm])],
    lambda p: [p.ear, p.user, p.gate, p.model, p.watch, p.tts],
    lambda p: [p.ear, p.user, passes(), p.gate, Pipeline([p.model, passes(), p.watch]), p.tts],
]

WRONG: list[tuple[str, Order]] = [
    ("no STT service before watch", lambda p: [p.ear, p.watch, p.stt, p.user, p.gate, p.llm]),
    ("no STT service before watch", lambda p: [p.ear, p.watch, p.user, p.gate, p.llm]),
    ("behind the user aggregator", lambda p: [p.ear, p.stt, p.user, p.watch, p.gate, p.llm]),
    ("no user aggregator between", lambda p: [p.ear, p.stt, p.watch, p.gate, p.user, p.llm]),
    ("LLM stands before watch.gate", lambda p: [p.ear, p.stt, p.watch, p.user, p.llm, p.gate]),
    ("without its watch before it", lambda p: [p.ear, p.stt, p.user, p.gate, p.llm]),
    ("without its watch before it", lambda p: [p.ear, p.stt, p.user, p.gate, p.watch, p.llm]),
    ("no user aggregator before", lambda p: [p.ear, p.gate, p.user, p.model, p.watch, p.tts]),
    ("model stands before watch.gate", lambda p: [p.ear, p.user, p.model, p.gate, p.watch, p.tts]),
]

WRONG_AS_A_WHOLE: list[tuple[str, Order]] = [
    ("watch.gate is not in the pipeline", lambda p: [p.ear, p.stt, p.watch, p.user, p.llm]),
    ("no STT service before watch", lambda p: [p.ear, Pipeline([p.watch, p.user, p.gate, p.llm])]),
    ("no TTS service behind watch", lambda p: [p.ear, p.user, p.gate, p.model, p.watch]),
    ("no speech-to-speech model", lambda p: [p.ear, p.user, p.gate, p.llm, p.watch, p.tts]),
    ("no speech-to-speech model", lambda p: [p.ear, p.user, p.gate, p.watch, p.model, p.tts]),
    ("without its watch", lambda p: [p.ear, p.user, p.gate, p.model, p.tts]),
    ("is a speech-to-speech model", lambda p: [p.ear, p.stt, p.watch, p.user, p.gate, p.model]),
]


@pytest.mark.parametrize("order", RIGHT)
async def test_the_right_order_is_accepted(closed_desk: Desk, order: Order) -> None:
    """Other processors in between, and pipelines in pipelines, do no harm."""
    parts = Parts(closed_desk)
    errors, started = await start(order(parts), parts)

    assert ([], True) == (errors, started)


@pytest.mark.parametrize(("message", "order"), WRONG, ids=str_or_order)
async def test_a_wrong_order_is_refused_when_the_pipeline_is_made(
    closed_desk: Desk, message: str, order: Order
) -> None:
    """The message says what would go wrong, and the order that works."""
    with pytest.raises(LayoutError) as refused:
        Pipeline(order(Parts(closed_desk)))

    assert message in str(refused.value)
    assert any(order in str(refused.value) for order in (ORDER, SPEECH_ORDER))


@pytest.mark.parametrize(("message", "order"), WRONG_AS_A_WHOLE, ids=str_or_order)
async def test_what_only_the_whole_shows_ends_the_pipeline_before_its_first_frame(
    closed_desk: Desk, message: str, order: Order
) -> None:
    """Pipecat swallows what a processor raises then: the error is reported, and nothing runs."""
    parts = Parts(closed_desk)
    errors, started = await start(order(parts), parts)

    assert [True] == [message in error for error in errors]
    # Earlier releases let the first frame through, and then no other.
    assert not started or RELEASE < (1, 13)


async def start(processors: list[FrameProcessor], parts: Parts) -> tuple[list[str], bool]:
    """Run a pipeline until it has started, or has ended without."""
    errors: list[str] = []
    started = asyncio.Event()
    worker = PipelineWorker(Pipeline(processors), idle_timeout_secs=None)

    async def begun(*_: object) -> None:
        started.set()
        await worker.cancel(reason="interrupt signal")

    async def failed(_: object, error: ErrorFrame) -> None:
        errors.append(error.error)

    worker.add_event_handler("on_pipeline_started", begun)
    for part in (parts.watch, parts.gate):
        part.add_event_handler("on_error", failed)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.wait_for(runner.run(), PATIENCE_S)
    return errors, started.is_set()


async def test_a_transport_without_a_serializer_is_refused(closed_desk: Desk) -> None:
    """There is nothing to take the hang-up from: it cannot be the call's transport."""
    transport = transport_without_a_socket(serializer=None)

    with pytest.raises(LayoutError, match="has no serializer"):
        EscalationProcessor(closed_desk.board.call("nobody"), transport=transport)
