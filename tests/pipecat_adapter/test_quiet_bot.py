"""While a human is fetched the model says nothing, and the conversation keeps its order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMContextFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams

from escalate.demo.bookshop import Reply
from escalate.pipecat import EscalationProcessor
from tests.desk import ANNOUNCEMENT, ASKS

from .bench import RELEASE, Desk, spoken_ms, uninterrupted

# Pipecat may send one more packet of what it was told to stop.
PACKET_MS = 40
LONG = " ".join(["word"] * 60) + "."


async def test_no_run_of_the_model_answers_the_request(desk: Desk) -> None:
    """The turn in which he asks ends and would run the model; nobody hears of it."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert 1 == len(talk.tape.pushed(LLMContextFrame, by=talk.pair.user()))
    assert 0 == talk.llm.runs
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_the_turn_ends_and_the_context_keeps_the_callers_words(desk: Desk) -> None:
    """Whatever comes after the handover, the model will know what he asked for."""
    _, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.tape.until(lambda: talk.tape.pushed(UserStoppedSpeakingFrame))
    await talk.settle()

    assert [ASKS] == talk.remembered("user")


class Swallows(EscalationProcessor):
    """What a watch must not be: one that keeps the words to itself."""

    async def push_frame(
        self, frame: Any, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if not isinstance(frame, TranscriptionFrame):
            await super().push_frame(frame, direction)


# The prompt came with 1.12.
PROMPTS = 1 if RELEASE >= (1, 12) else 0


@pytest.mark.parametrize(
    ("watch", "patience_s", "prompts"), [(EscalationProcessor, 5.0, 0), (Swallows, 0.4, PROMPTS)]
)
async def test_nobody_asks_the_caller_to_repeat_himself(
    desk: Desk, watch: type[EscalationProcessor], patience_s: float, prompts: int
) -> None:
    """An empty turn would have Pipecat prompt the model; a turn with his words ends before that."""
    desk.bot.watch = watch
    desk.bot.turns = LLMUserAggregatorParams(user_turn_stop_timeout=patience_s)
    _, talk = await desk.call()
    await talk.ears.hear("can I talk", final=False)
    await talk.tape.until(lambda: talk.tape.pushed(UserStartedSpeakingFrame))
    await talk.ears.hear(ASKS)
    await talk.tape.until(lambda: talk.tape.pushed(UserStoppedSpeakingFrame))
    await talk.settle()

    assert prompts == len(talk.remembered("developer"))


async def test_a_reply_that_is_being_spoken_is_cut(desk: Desk) -> None:
    """The caller need not hear the rest of an answer before he hears that a human comes."""
    desk.bot.mind.replies["shop"] = Reply(LONG)
    call_uuid, talk = await desk.call()
    await talk.ears.hear("tell me about the shop")
    await talk.says(LONG)
    await talk.tape.until(lambda: len(talk.line.messages) > 5)
    await talk.ears.hear(ASKS)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    played = talk.line.played_ms(after_clear=talk.line.clears)
    assert 0 <= played - spoken_ms(ANNOUNCEMENT) <= PACKET_MS
    assert talk.line.played_ms() < spoken_ms(LONG)


async def test_a_reply_that_is_still_being_thought_is_never_spoken(desk: Desk) -> None:
    """Tokens stream when he asks; none of what follows reaches his ear."""
    desk.bot.mind.replies["shop"] = Reply("First " + LONG)
    desk.bot.speaks_by_token = True
    call_uuid, talk = await desk.call()
    talk.llm._token_s = 0.05
    await talk.ears.hear("tell me about the shop")
    await talk.says("First ")
    await talk.ears.hear(ASKS)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    played = talk.line.played_ms(after_clear=talk.line.clears)
    assert 0 <= played - spoken_ms(ANNOUNCEMENT) <= PACKET_MS
    assert ANNOUNCEMENT == talk.voice.said[-1]


class Oracle:
    """A tool that takes as long as the test wants."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()

    def tool(self) -> Any:
        async def look_up(params: FunctionCallParams) -> None:
            """Look something up."""
            self.asked.set()
            await self.answers.wait()
            await params.result_callback({"parcel": "found"})

        return uninterrupted(look_up)


@pytest.mark.parametrize("when", ["before the announcement", "during it"])
async def test_a_late_result_of_a_tool_is_not_spoken(desk: Desk, when: str) -> None:
    """It runs the model from behind the gate, where nothing can be held back but the voice."""
    oracle = Oracle()
    desk.bot.tools = [oracle.tool()]
    desk.bot.mind.replies["parcel, please"] = Reply(tool="look_up")
    call_uuid, talk = await desk.call()
    await talk.ears.hear("my parcel, please")
    await asyncio.wait_for(oracle.asked.wait(), 5)
    await talk.ears.hear(ASKS)
    if when == "during it":
        await talk.says(ANNOUNCEMENT)
    oracle.answers.set()
    await talk.runs(2)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert [ANNOUNCEMENT] == talk.voice.said


@pytest.mark.skipif(RELEASE < (1, 9), reason="models are not run ahead of the turn's end")
async def test_a_run_made_ahead_of_the_turns_end_is_dropped(desk: Desk) -> None:
    """A speculative run of the model is a run of the model."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await talk.pair.user().push_frame(LLMContextFrame(talk.context, speculation=True))
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert 0 == talk.llm.runs


@pytest.mark.parametrize("direction", list(FrameDirection))
async def test_no_interruption_crosses_the_shut_gate(desk: Desk, direction: FrameDirection) -> None:
    """Neither the caller nor a part behind the gate cuts what is said to him."""
    call_uuid, talk = await desk.call()
    gate = talk.watch.gate
    await talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    before = len(talk.tape.pushed(InterruptionFrame, by=gate))
    neighbour = talk.pair.user() if direction is FrameDirection.DOWNSTREAM else talk.llm
    await neighbour.push_frame(InterruptionFrame(), direction)
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert before == len(talk.tape.pushed(InterruptionFrame, by=gate))
