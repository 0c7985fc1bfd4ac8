"""Refuse a pipeline in which the processor would hear nothing or could not hold the bot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.transports.base_input import BaseInputTransport

from escalate.errors import LayoutError

ORDER = "stt, watch, user_aggregator, watch.gate, llm"


def check_as_linked(watch: FrameProcessor, gate: FrameProcessor) -> None:
    """Check the processors before the gate, once the gate has been linked.

    Says nothing yet about a pipeline that may become a part of another one.

    Raises:
        LayoutError: They are not in the order of `ORDER`.
    """
    before = [part for one in reversed(list(_before(gate))) for part in _parts(one)]
    if any(isinstance(one, BaseInputTransport) for one in before):
        _check(before, watch)


def check_as_set_up(pipeline: FrameProcessor, watch: FrameProcessor, gate: FrameProcessor) -> None:
    """Check the whole pipeline, before its first frame.

    Raises:
        LayoutError: The gate is missing, or the order is not that of `ORDER`.
    """
    parts = list(_parts(pipeline))
    if gate not in parts:
        raise LayoutError(
            "watch.gate is not in the pipeline: the bot would talk on while the caller is handed "
            f"over; the order is {ORDER}"
        )
    _check(parts[: parts.index(gate)], watch)


def _check(before: Sequence[FrameProcessor], watch: FrameProcessor) -> None:
    if watch not in before:
        raise LayoutError(
            f"watch.gate stands in a pipeline without its watch before it; the order is {ORDER}"
        )
    place = before.index(watch)
    left, between = before[:place], before[place + 1 :]
    if _any(left, LLMUserAggregator):
        raise LayoutError(
            "watch stands behind the user aggregator, which keeps every transcript to itself: it "
            f"would hear nothing; the order is {ORDER}"
        )
    if _any(between, STTService) or not _any(left, STTService):
        raise LayoutError(
            "there is no STT service before watch: it would hear nothing (a speech-to-speech model "
            f"is not supported yet); the order is {ORDER}"
        )
    if not _any(between, LLMUserAggregator):
        raise LayoutError(
            "there is no user aggregator between watch and watch.gate: the model could not be "
            f"held back; the order is {ORDER}"
        )
    if _any(before, LLMService):
        raise LayoutError(
            f"the LLM stands before watch.gate: it could not be held back; the order is {ORDER}"
        )


def _before(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    """The processors before this one, nearest first."""
    found = processor.previous
    while found is not None:
        yield found
        found = found.previous


def _parts(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    """The processors this one is made of, in their order; itself, if it is none but itself."""
    if not processor.processors:
        yield processor
    for one in processor.processors:
        yield from _parts(one)


def _any(processors: Sequence[FrameProcessor], kind: type[FrameProcessor]) -> bool:
    return any(isinstance(one, kind) for one in processors)
