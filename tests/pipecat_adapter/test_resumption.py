"""A caller the bot has had before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pipecat.frames.frames import Frame, LLMRunFrame, TTSSpeakFrame
from pipecat.processors.frame_processor import FrameDirection

from escalate.demo.bookshop import Reply
from escalate.errors import StoreUnavailable
from escalate.pipecat import EscalationProcessor
from tests.desk import ANNOUNCEMENT, ASKS, HUMAN, RECONNECTED, RETURNING

from .bench import Desk, greets_by_line, greets_by_model, transport_without_a_socket

GREETINGS = [greets_by_model, greets_by_line]
GREETED = {greets_by_model: "Yes of course.", greets_by_line: "Hello from the shop."}

GREETING_FRAMES = {greets_by_model: LLMRunFrame, greets_by_line: TTSSpeakFrame}


@pytest.mark.parametrize("greets", GREETINGS)
async def test_a_new_caller_is_greeted_once(desk: Desk, greets: Callable[..., Any]) -> None:
    """The gate keeps the greeting back until it knows the caller, and no longer."""
    desk.bot.greets = greets
    _, talk = await desk.call()
    await talk.says(GREETED[greets])
    await talk.settle()

    assert [GREETED[greets]] == talk.voice.said


@pytest.mark.parametrize("greets", GREETINGS)
async def test_a_caller_nobody_was_free_for_is_not_greeted_again(
    desk: Desk, greets: Callable[..., Any]
) -> None:
    """He hears that nobody is free; the bot remembers what was said, and answers him."""
    desk.bot.greets = greets
    desk.bot.mind.replies["my parcel"] = Reply("It comes today.")
    await desk.plivo.phones({HUMAN: {"busy": True}})
    _, talk = await desk.call()
    await talk.says(GREETED[greets])
    await talk.ears.hear(ASKS)
    again = await desk.talk(2)
    await again.says(RETURNING)
    await again.tape.until(lambda: again.tape.pushed(GREETING_FRAMES[greets]))
    await again.settle()
    await again.ears.hear("then where is my parcel")
    await again.says("It comes today.")

    assert [RETURNING, "It comes today."] == again.voice.said
    assert 1 == again.llm.runs
    spoken = [str(turn["content"]) for turn in again.mind.asked[-1] if turn["role"] == "user"]
    assert [ASKS, "then where is my parcel"] == spoken


async def test_a_caller_whose_stream_broke_goes_on_where_he_was(desk: Desk) -> None:
    """Nobody asked for a human: he hears that he was cut off, and is not greeted."""
    desk.bot.greets = greets_by_model
    desk.bot.mind.replies["order number"] = Reply("Which one?")
    call_uuid, talk = await desk.call()
    await talk.says("Yes of course.")
    await talk.ears.hear("my order number is seven")
    await talk.says("Which one?")
    await desk.plivo.drop_stream(call_uuid)
    again = await desk.talk(2)
    await again.says(RECONNECTED)
    await again.tape.until(lambda: again.tape.pushed(LLMRunFrame))
    await again.settle()
    await again.ears.hear("hello")
    await again.says("Yes of course.")

    assert [RECONNECTED, "Yes of course."] == again.voice.said
    spoken = [str(turn["content"]) for turn in again.mind.asked[-1] if turn["role"] == "user"]
    assert ["my order number is seven", "hello"] == spoken


async def test_a_bot_without_a_greeting_answers_the_first_words(desk: Desk) -> None:
    """What follows the caller's words answers them: it is never taken for a greeting."""
    await desk.plivo.phones({HUMAN: {"busy": True}})
    _, talk = await desk.call()
    await talk.ears.hear(ASKS)
    again = await desk.talk(2)
    await again.says(RETURNING)
    await again.ears.hear("what a pity")
    await again.says("Yes of course.")

    assert [RETURNING, "Yes of course."] == again.voice.said


async def test_a_returned_caller_may_ask_again(desk: Desk) -> None:
    """The second request is a new escalation with its own announcement."""
    await desk.plivo.phones({HUMAN: {"busy": True}})
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    again = await desk.talk(2)
    await again.says(RETURNING)
    await desk.plivo.phones({HUMAN: {"answers_after_s": 0.05}})
    await again.ears.hear(ASKS)

    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert [RETURNING, ANNOUNCEMENT] == again.voice.said
    stored = await desk.board.store.load(call_uuid)
    assert stored and 1 == len(stored.past)


async def test_a_store_that_is_down_greets_the_caller_as_a_new_one(desk: Desk) -> None:
    """Not knowing who he is must not leave him in silence."""
    desk.bot.greets = greets_by_line
    asked = asyncio.Event()

    async def down(*_: Any) -> Any:
        asked.set()
        raise StoreUnavailable("down")

    load = desk.board.adopt
    desk.board.adopt = down  # type: ignore[method-assign, assignment]
    _, talk = await desk.call()
    await talk.says("Hello from the shop.")
    desk.board.adopt = load  # type: ignore[method-assign]

    assert asked.is_set()


async def test_one_greeting_is_dropped_and_no_more(closed_desk: Desk) -> None:
    """What the bot says of its own accord after that is heard, though the caller is silent."""
    transport = transport_without_a_socket()
    gate = EscalationProcessor(closed_desk.board.call("nobody"), transport=transport).gate
    passed: list[Frame] = []

    async def push(frame: Frame, direction: Any = None) -> None:
        passed.append(frame)

    gate.push_frame = push  # type: ignore[method-assign]
    gate._started.set()
    greeting, prompt = TTSSpeakFrame("Hello from the shop."), TTSSpeakFrame("Are you there?")
    await gate.process_frame(greeting, FrameDirection.DOWNSTREAM)
    await gate.welcome_back(RETURNING, ())
    await gate.process_frame(prompt, FrameDirection.DOWNSTREAM)

    assert [RETURNING, prompt.text] == [
        one.text for one in passed if isinstance(one, TTSSpeakFrame)
    ]
