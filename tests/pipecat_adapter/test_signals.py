"""What besides words makes the watch ask for a human, and what passes it."""

from __future__ import annotations

from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InterimTranscriptionFrame,
    LLMContextAssistantTurnFrame,
    LLMContextFrame,
    LLMRunFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.time import time_now_iso8601

from escalate.pipecat import EscalationProcessor
from escalate.transfer import Call
from escalate.values import Party, Trigger
from tests.desk import ASKS

from .bench import Desk, transport_without_a_socket

DOWN, UP = FrameDirection.DOWNSTREAM, FrameDirection.UPSTREAM


async def trigger_of(desk: Desk, call_uuid: str) -> Trigger:
    """Return what triggered the call's escalation."""
    call: Call = await desk.stored(call_uuid, lambda call: call.escalation)
    assert call.escalation
    return call.escalation.trigger


async def test_a_caller_who_presses_zero_gets_a_human(desk: Desk) -> None:
    """The key reaches the watch over the media socket."""
    call_uuid, _ = await desk.call()
    await desk.plivo.press(call_uuid, "0")

    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert Trigger.DIGIT is await trigger_of(desk, call_uuid)


async def test_a_caller_of_a_broken_bot_gets_a_human(desk: Desk) -> None:
    """A part that keeps failing is a reason of its own."""
    call_uuid, talk = await desk.call()
    for _ in range(2):
        await talk.llm.push_error("the model does not answer")
        await talk.settle()
        desk.board.clock = later(desk.board.clock)

    assert Trigger.BOT_FAILED is await trigger_of(desk, call_uuid)


def later(clock: Any) -> Any:
    """Return a clock that is two seconds ahead: the same sign counts once in a while only."""
    return lambda: clock() + 2.0


async def test_interim_words_commit_nothing(desk: Desk) -> None:
    """A recogniser may take them back."""
    _, talk = await desk.call()
    await talk.ears.hear(ASKS, final=False)
    await talk.settle()

    assert not talk.call.is_escalating


async def test_what_was_said_is_remembered_for_the_next_bot(desk: Desk) -> None:
    """The caller's words and the bot's turns are stored in their order."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear("good morning")
    await talk.tape.until(lambda: talk.tape.pushed(LLMContextAssistantTurnFrame, by=talk.watch))
    await talk.settle()

    said = await desk.board.store.words(call_uuid)
    assert [(Party.CALLER, "good morning"), (Party.BOT, "Yes of course.")] == [
        (one.party, one.text) for one in said
    ]


WORDS = ("good morning", "", time_now_iso8601())

CROSSING: list[tuple[Frame, FrameDirection]] = [
    (TranscriptionFrame(*WORDS), DOWN),
    (TranscriptionFrame(*WORDS), UP),
    (InterimTranscriptionFrame(*WORDS), DOWN),
    (LLMContextAssistantTurnFrame("hello", time_now_iso8601()), UP),
    (ErrorFrame("broken"), UP),
    (UserStartedSpeakingFrame(), UP),
    (BotStoppedSpeakingFrame(), UP),
    (LLMRunFrame(), DOWN),
    (LLMTextFrame("token"), DOWN),
    (EndFrame(), DOWN),
]


@pytest.mark.parametrize(
    ("frame", "direction"), CROSSING, ids=lambda value: getattr(value, "name", type(value).__name__)
)
async def test_every_frame_passes_the_watch_once(
    closed_desk: Desk, frame: Frame, direction: FrameDirection
) -> None:
    """In its own direction, as the same object."""
    pushed = await pushes(closed_desk, "watch", frame, direction)

    assert [(frame, direction)] == pushed


@pytest.mark.parametrize("shut", [False, True])
async def test_the_gate_passes_all_it_does_not_drop(closed_desk: Desk, shut: bool) -> None:
    """Runs of the model are dropped while it is shut; everything else crosses it once."""
    speaks, runs = TTSSpeakFrame("hello"), LLMContextFrame(LLMContext())
    passed = [await pushes(closed_desk, "gate", frame, DOWN, shut=shut) for frame in (speaks, runs)]

    assert [[(speaks, DOWN)], [] if shut else [(runs, DOWN)]] == passed


async def pushes(
    desk: Desk, part: str, frame: Frame, direction: FrameDirection, *, shut: bool = False
) -> list[tuple[Frame, FrameDirection]]:
    """Return what the watch or the gate pushed for one frame."""
    watch = EscalationProcessor(desk.board.call("nobody"), transport=transport_without_a_socket())
    processor = watch if part == "watch" else watch.gate
    if shut:
        watch.gate.shut()
    watch.gate._kept_back = None
    seen: list[tuple[Frame, FrameDirection]] = []

    async def push(frame: Frame, direction: FrameDirection = DOWN) -> None:
        seen.append((frame, direction))

    processor.push_frame = push  # type: ignore[method-assign]
    await processor.process_frame(frame, direction)
    return seen
