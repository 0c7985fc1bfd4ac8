"""Requests to Plivo, and what a pipeline can do to them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import InterruptionFrame, LLMContextFrame, TranscriptionFrame

from escalate.demo.bookshop import Reply
from escalate.transfer import Limits, State
from escalate.values import Outcome
from tests.desk import ANNOUNCEMENT, ASKS, UNAVAILABLE

from .bench import Desk, cancels

MOVES = {"kind": "rest", "method": "POST"}


async def test_words_go_on_at_once_and_the_gate_is_shut_before_them(desk: Desk) -> None:
    """A store that does not answer holds up neither the words nor the silence."""
    call_uuid, talk = await desk.call()
    answers = asyncio.Event()
    apply = desk.board.store.apply

    async def hangs(*args: Any) -> Any:
        await answers.wait()
        return await apply(*args)

    desk.board.store.apply = hangs  # type: ignore[method-assign, assignment]
    await talk.ears.hear(ASKS)
    await talk.tape.until(lambda: talk.tape.pushed(TranscriptionFrame, by=talk.watch))
    await talk.tape.until(lambda: talk.tape.pushed(LLMContextFrame, by=talk.pair.user()))
    await talk.settle()
    assert 0 == talk.llm.runs
    assert [] == talk.voice.said

    answers.set()
    await desk.plivo.wait_for("leg.bridged", call_uuid)


async def test_an_interruption_does_not_cancel_the_request(desk: Desk) -> None:
    """The caller talks on while Plivo is asked to move him."""
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": MOVES, "do": "delay:0.5"})
    await talk.ears.hear(ASKS)
    await desk.stored(call_uuid, lambda call: is_in(call, State.MOVING))
    await talk.ears.push_frame(InterruptionFrame())
    await talk.ears.broadcast_frame(InterruptionFrame)

    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert 1 == len(await desk.requests(call_uuid, "POST"))


async def test_a_request_and_what_follows_it_survive_the_teardown(desk: Desk) -> None:
    """Plivo closes the socket before it answers; the bot cleans up no sooner than that."""
    desk.bot.leaves, desk.afterwards = cancels, '<Wait length="30"/>'
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": MOVES, "do": "delay:0.6"})
    await talk.ears.hear(ASKS)
    await desk.stored(call_uuid, lambda call: is_in(call, State.MOVING))
    await desk.board.plivo.stop_stream(call_uuid)
    await talk.ended()
    stored = await desk.board.store.load(call_uuid)

    assert stored and stored.open_escalation and stored.open_escalation.move_accepted
    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert 0 == await desk.hang_ups(call_uuid)


async def test_a_move_whose_answer_is_lost_is_not_repeated(desk: Desk) -> None:
    """It was carried out, nobody was told: his arrival tells."""
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": MOVES, "do": "lost-answer"})
    await talk.ears.hear(ASKS)
    await desk.stored(call_uuid, lambda call: is_in(call, State.MOVING))
    await desk.board.plivo.stop_stream(call_uuid)

    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert 1 == len(await desk.requests(call_uuid, "POST"))


@pytest.mark.parametrize("desk", [{"limits": Limits(move_s=0.1)}], indirect=True)
@pytest.mark.parametrize("fault", ["status:400", "drop"])
async def test_a_failed_request_leaves_the_caller_with_a_bot_that_talks(
    desk: Desk, fault: str
) -> None:
    """Refused, or the API is down: he is told, the gate opens, and the model answers him."""
    desk.bot.mind.replies["opening hours"] = Reply("We are open all day.")
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": MOVES, "do": fault})
    await talk.ears.hear(ASKS)
    await talk.says(UNAVAILABLE)
    await talk.ears.hear("what are your opening hours")
    await talk.says("We are open all day.")

    stored = await desk.board.store.load(call_uuid)
    assert stored and stored.escalation and stored.escalation.ending
    assert Outcome.REFUSED is stored.escalation.ending.outcome
    assert [ANNOUNCEMENT, UNAVAILABLE, "We are open all day."] == talk.voice.said
    assert "in-progress" == (await desk.plivo.summary(call_uuid))["state"]


async def test_a_caller_may_ask_again_after_a_failed_request(desk: Desk) -> None:
    """What failed once is tried again when he asks again."""
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": MOVES, "do": "status:400"})
    await talk.ears.hear(ASKS)
    await talk.says(UNAVAILABLE)
    await desk.plivo.faults()
    await talk.ears.hear("please, I want to speak to a human")

    await desk.plivo.wait_for("leg.bridged", call_uuid)


def is_in(call: Any, state: State) -> bool:
    """Whether the call's escalation is open and in `state`."""
    return call.open_escalation is not None and call.open_escalation.state is state
