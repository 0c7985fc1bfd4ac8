"""Refuse a pipeline in which the processor would hear nothing or could not hold the bot."""

from __future__ import annotations

from collections.abc import Iterator

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService

from escalate.errors import LayoutError

ORDER = "stt, watch, user_aggregator, watch.gate, llm"


def check_left_of_gate(watch: FrameProcessor, gate: FrameProcessor) -> None:
    """Check the processors before the gate, once the gate has been linked.

    Raises:
        LayoutError: They are not in the order of `ORDER`.
    """
    before = list(_before(gate))
    if watch not in before:
        raise LayoutError(
            f"watch.gate stands in a pipeline without its watch before it; the order is {ORDER}"
        )
    place = before.index(watch)
    between, left = before[:place], before[place + 1 :]
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


def check_gate_is_in(gate: FrameProcessor) -> None:
    """Check that the gate was put into the pipeline at all.

    Raises:
        LayoutError: It was not.
    """
    if gate.previous is None:
        raise LayoutError(
            "watch.gate is not in the pipeline: the bot would talk on while the caller is handed "
            f"over; the order is {ORDER}"
        )


def _before(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    """The processors before this one, nearest first."""
    found = processor.previous
    while found is not None:
        yield found
        found = found.previous


def _any(processors: list[FrameProcessor], kind: type[FrameProcessor]) -> bool:
    """Whether one of them is, or holds, a processor of this kind."""
    return any(isinstance(one, kind) or _any(list(one.processors), kind) for one in processors)
