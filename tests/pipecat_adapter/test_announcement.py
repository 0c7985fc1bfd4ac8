"""What the caller hears before he is handed over."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

import pytest
from pipecat.frames.frames import Frame, InterruptionFrame, LLMContextFrame

from escalate.demo.bookshop import Reply
from escalate.transfer import Limits
from escalate.values import Outcome
from tests.desk import ANNOUNCEMENT, ASKS

from .bench import RELEASE, Desk, Talk, spoken_ms

TAKES_BACK = "no wait, forget it, I do not need a human"


def heard(talk: Talk, share: float) -> bool:
    """Whether that share of the announcement has been sent."""
    return talk.line.played_ms() >= share * spoken_ms(ANNOUNCEMENT)


async def test_the_caller_cannot_talk_over_it(desk: Desk) -> None:
    """He talks all the time; every packet is sent, and none is cleared behind the first."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.tape.until(lambda: talk.line.played_ms() > 0)
    clears = talk.line.clears
    for share in (0.2, 0.5, 0.8):
        await talk.tape.until(partial(heard, talk, share))
        await talk.ears.hear("hello, are you there")
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert clears == talk.line.clears
    assert spoken_ms(ANNOUNCEMENT) == talk.line.played_ms(after_clear=clears)


@pytest.mark.skipif(RELEASE < (1, 13), reason="every line can be interrupted")
async def test_an_interruption_from_behind_the_gate_takes_nothing_from_it(desk: Desk) -> None:
    """No gate stands there; the line itself is not to be interrupted."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.tape.until(partial(heard, talk, 0.2))
    await talk.llm.push_frame(InterruptionFrame())
    await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert spoken_ms(ANNOUNCEMENT) == talk.line.played_ms()


async def test_it_is_heard_to_its_end_before_the_stream_closes(desk: Desk) -> None:
    """Sent is not heard: the stream stays open until Plivo has played what it was sent."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    closed = await desk.plivo.wait_for("stream.closed", call_uuid)

    assert 0 == closed["unplayed_ms"]
    assert spoken_ms(ANNOUNCEMENT) == talk.line.played_ms()


@pytest.mark.parametrize("desk", [{"limits": Limits(announce_s=0.8)}], indirect=True)
async def test_a_voice_that_fails_does_not_hold_the_caller(desk: Desk) -> None:
    """Without an announcement he is handed over all the same, and in bounded time."""
    call_uuid, talk = await desk.call()

    async def fails(text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        raise RuntimeError("no voice")
        yield

    talk.voice.run_tts = fails  # type: ignore[method-assign]
    await talk.ears.hear(ASKS)

    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert 0 == talk.line.played_ms()


@pytest.mark.parametrize("when", ["at once", "with the turn"])
async def test_a_caller_who_takes_it_back_is_answered_by_the_bot(desk: Desk, when: str) -> None:
    """The gate opens, and the model answers whichever comes first: the turn's end or the gate."""
    desk.bot.mind.replies[TAKES_BACK] = Reply("All right.")
    call_uuid, talk = await desk.call()
    if when == "with the turn":
        opens = talk.watch.gate.open

        async def late(*, answer: bool) -> None:
            runs = len(talk.tape.pushed(LLMContextFrame, by=talk.pair.user()))
            await talk.tape.until(
                lambda: len(talk.tape.pushed(LLMContextFrame, by=talk.pair.user())) > runs
            )
            await talk.settle()
            await opens(answer=answer)

        talk.watch.gate.open = late  # type: ignore[method-assign]
    await talk.ears.hear(ASKS)
    await talk.tape.until(lambda: talk.tape.pushed(LLMContextFrame, by=talk.pair.user()))
    await talk.ears.hear(TAKES_BACK)
    await talk.says("All right.")

    call = await desk.stored(call_uuid, lambda call: call.open_escalation is None)
    assert call.escalation and call.escalation.ending
    assert Outcome.CANCELLED is call.escalation.ending.outcome
    assert 1 == talk.llm.runs
    assert 0 == await desk.hang_ups(call_uuid)


async def test_a_request_after_one_taken_back_is_a_new_one(desk: Desk) -> None:
    """Taking it back does not use the right to a human up."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await talk.ears.hear(TAKES_BACK)
    await talk.runs(1)
    await talk.ears.hear("all right, I want to speak to a human")

    await desk.plivo.wait_for("leg.bridged", call_uuid)
    assert [ANNOUNCEMENT] * 2 == [line for line in talk.voice.said if line == ANNOUNCEMENT]
