from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pipecat")

from pipecat.frames.frames import (
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.tests.utils import run_test
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy

from escalate.demo.bookshop import Reply
from escalate.demo.services import ScriptedLLM, ScriptedSTT, SpokenTTS
from escalate.demo.transcripts import Line

TELEPHONE = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)


def audio(seconds: float) -> InputAudioRawFrame:
    return InputAudioRawFrame(b"\0\0" * round(8000 * seconds), 8000, 1)


def of_type(frames: list[Frame], *types: type) -> list[Any]:
    return [frame for frame in frames if isinstance(frame, types)]


async def through(processor: Any, *frames: Frame) -> list[Frame]:
    """What leaves `processor` downstream when `frames` go in."""
    down, _ = await run_test(processor, frames_to_send=frames, pipeline_params=TELEPHONE)
    return list(down)


async def test_words_come_in_time_with_the_callers_audio() -> None:
    """A line leaves when that many seconds of audio have come in, before the audio itself."""
    lines = [Line("hello", False, 0.3), Line("hello there", True, 0.55), Line("late", True, 9.0)]

    down = await through(ScriptedSTT(script=lambda: lines), *(audio(0.2) for _ in range(4)))

    heard = of_type(down, InputAudioRawFrame, InterimTranscriptionFrame, TranscriptionFrame)
    assert [
        InputAudioRawFrame,
        InterimTranscriptionFrame,
        InputAudioRawFrame,
        TranscriptionFrame,
        InputAudioRawFrame,
        InputAudioRawFrame,
    ] == [type(frame) for frame in heard]
    assert ("hello there", True) == (heard[3].text, heard[3].finalized)


async def test_the_recogniser_recommends_turns_that_follow_the_words() -> None:
    """A bot with no turn strategies of its own needs no voice model to take turns."""
    down = await through(ScriptedSTT(script=list, user_speech_timeout_s=0.4))

    strategies = of_type(down, STTMetadataFrame)[0].user_turn_strategies
    assert [TranscriptionUserTurnStartStrategy] == [type(s) for s in strategies.start]
    assert [SpeechTimeoutUserTurnStopStrategy] == [type(s) for s in strategies.stop]


async def test_a_reply_is_streamed_word_by_word() -> None:
    """Tokens leave one by one between the frames that open and close a response."""
    llm = ScriptedLLM(answer=lambda messages, has_tool: Reply("Yes, we are."), token_s=0)
    context = LLMContext([{"role": "user", "content": "are you open"}])

    down = await through(llm, LLMContextFrame(context))

    response = of_type(down, LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)
    assert isinstance(response[0], LLMFullResponseStartFrame)
    assert ["Yes, ", "we ", "are."] == [frame.text for frame in response[1:-1]]
    assert isinstance(response[-1], LLMFullResponseEndFrame)
    assert 1 == llm.runs


async def test_a_reply_can_call_a_function_of_the_bot() -> None:
    """The call is Pipecat's own: the bot's function runs, and its frames go by."""
    reasons: list[str] = []

    async def transfer_to_human(params: FunctionCallParams, reason: str) -> None:
        """Hand the caller over."""
        reasons.append(reason)
        await params.result_callback({"status": "ok"})

    llm = ScriptedLLM(first_token_s=0)
    context = LLMContext(
        [{"role": "user", "content": "a person please"}], tools=[transfer_to_human]
    )

    down = await through(llm, LLMContextFrame(context))

    assert ["the caller asked for a person"] == reasons
    called = of_type(down, FunctionCallsStartedFrame, FunctionCallInProgressFrame)
    assert [FunctionCallsStartedFrame, FunctionCallInProgressFrame] == [type(f) for f in called]
    assert [{"status": "ok"}] == [f.result for f in of_type(down, FunctionCallResultFrame)]


async def test_a_function_the_bot_does_not_offer_is_not_called() -> None:
    """The model knows the bot's tools from the context, as a real one does."""
    llm = ScriptedLLM(first_token_s=0, token_s=0)
    context = LLMContext([{"role": "user", "content": "a person please"}])

    down = await through(llm, LLMContextFrame(context))

    assert [] == of_type(down, FunctionCallsStartedFrame)
    words = "".join(frame.text for frame in of_type(down, LLMTextFrame))
    assert words.startswith("I am sorry, I cannot put you through.")


async def test_speech_lasts_as_long_as_its_words() -> None:
    """Text becomes audio at the pipeline's rate, between a start and a stop."""
    down = await through(SpokenTTS(), TTSSpeakFrame("Your parcel left our warehouse yesterday."))

    spoken = of_type(down, TTSStartedFrame, TTSAudioRawFrame, TTSStoppedFrame)
    assert isinstance(spoken[0], TTSStartedFrame)
    assert isinstance(spoken[-1], TTSStoppedFrame)
    assert {8000} == {frame.sample_rate for frame in spoken[1:-1]}
    assert 1.3 < sum(len(frame.audio) for frame in spoken[1:-1]) / 2 / 8000 < 3.0
