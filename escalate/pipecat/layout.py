"""Refuse a pipeline in which the processor would hear nothing or could not hold the bot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport

from escalate.errors import LayoutError

ORDER: Final = "stt, watch, user_aggregator, watch.gate, llm"
SPEECH_ORDER: Final = "user_aggregator, watch.gate, model, watch, tts"


def check_as_linked(watch: FrameProcessor, gate: FrameProcessor) -> None:
    """Check the processors before the gate, once the gate has been linked.

    Says nothing yet about a pipeline that may become a part of another one.

    Raises:
        LayoutError: They are in the order of neither `ORDER` nor `SPEECH_ORDER`.
    """
    before = [part for one in reversed(list(_before(gate))) for part in _parts(one)]
    if not _any(before, BaseInputTransport):
        return
    if watch in before or _any(before, STTService):
        _check(before, watch)
    else:
        _check_before_speech(before)


def check_as_set_up(pipeline: FrameProcessor, watch: FrameProcessor, gate: FrameProcessor) -> bool:
    """Check the whole pipeline, before its first frame; return whether its model speaks itself.

    Raises:
        LayoutError: The gate is missing, or the order is neither `ORDER` nor `SPEECH_ORDER`.
    """
    parts = list(_parts(pipeline))
    if gate not in parts:
        raise LayoutError(
            "watch.gate is not in the pipeline: the bot would talk on while the caller is handed "
            f"over; the order is {ORDER}"
        )
    before, behind = parts[: parts.index(gate)], parts[parts.index(gate) + 1 :]
    if watch in behind and not _any(before, STTService):
        _check_before_speech(before)
        _check_speech(behind, watch)
        return True
    _check(before, watch)
    if any(_speaks_itself(one) for one in behind):
        raise LayoutError(
            "the model is a speech-to-speech model, which hears the caller and speaks without "
            f"watch: the order for it is {SPEECH_ORDER}"
        )
    return False


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
            f"there is no STT service before watch: it would hear nothing; the order is {ORDER}; "
            f"with a speech-to-speech model it is {SPEECH_ORDER}"
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


def _check_before_speech(before: Sequence[FrameProcessor]) -> None:
    if not _any(before, LLMUserAggregator):
        raise LayoutError(
            "there is no user aggregator before watch.gate: it would hear nothing; the order with "
            f"a speech-to-speech model is {SPEECH_ORDER}"
        )
    if _any(before, LLMService):
        raise LayoutError(
            "the model stands before watch.gate: it could not be held back; the order with a "
            f"speech-to-speech model is {SPEECH_ORDER}"
        )


def _check_speech(behind: Sequence[FrameProcessor], watch: FrameProcessor) -> None:
    place = behind.index(watch)
    if not any(_speaks_itself(one) for one in behind[:place]):
        raise LayoutError(
            "there is no speech-to-speech model between watch.gate and watch: nobody would hear "
            f"the caller; the order is {SPEECH_ORDER}, with any other model it is {ORDER}"
        )
    if not _any(behind[place + 1 :], TTSService):
        raise LayoutError(
            "there is no TTS service behind watch: the caller would not be told that he is handed "
            f"over; the order with a speech-to-speech model is {SPEECH_ORDER}"
        )


def _speaks_itself(processor: FrameProcessor) -> bool:
    """Whether this is a speech-to-speech model, by its own word."""
    return (
        isinstance(processor, LLMService) and processor.service_metadata_frame().is_realtime_service
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
