"""A human is called first, while the caller stays with the bot."""

from __future__ import annotations

from typing import Any

import pytest

from escalate.demo.bookshop import Reply
from escalate.transfer import State
from escalate.values import Outcome
from tests.desk import ASKS, HUMAN, RETURNING

from .bench import Desk, cancels, greets_by_model
from .provider import providing

CONSULTING, JOINING = "I am calling somebody.", "Here he is."
WARM: dict[str, Any] = {
    "handoff": {"mode": "warm", "drain_s": 0.05},
    "caller_id": "+14155550100",
    "say": {"consulting": CONSULTING, "joining": JOINING, "returning": RETURNING},
}
ACCEPTS, DECLINES = "1", "2"


@pytest.mark.parametrize("desk", [WARM], indirect=True)
async def test_the_bot_talks_on_until_a_human_accepts(desk: Desk) -> None:
    """Only then is the caller told, and moved, and the bot ends."""
    desk.bot.mind.replies["opening hours"] = Reply("We are open all day.")
    await desk.plivo.phones({HUMAN: {"answers_after_s": 3.0, "presses": ACCEPTS}})
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.says(CONSULTING)
    await talk.says("Yes of course.")
    await talk.ears.hear("what are your opening hours")
    await talk.says(JOINING)

    await desk.stored(
        call_uuid, lambda call: call.escalation and call.escalation.state is State.CONNECTED
    )
    await talk.ended()
    answers = ["Yes of course.", "We are open all day."]
    assert [CONSULTING, *answers, JOINING] == talk.voice.said
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("desk", [WARM], indirect=True)
async def test_when_nobody_accepts_the_caller_has_never_left_the_bot(desk: Desk) -> None:
    """He hears how it ended on the same stream, and the bot goes on."""
    await desk.plivo.phones({HUMAN: {"answers_after_s": 0.1, "presses": DECLINES}})
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    call = await desk.stored(call_uuid, lambda call: call.escalation and call.escalation.ending)
    await talk.tape.until(lambda: len(talk.voice.said) > 1)
    await talk.ears.hear("hello")
    await talk.says("Yes of course.")

    assert call.escalation and call.escalation.ending
    assert Outcome.RETURNED is call.escalation.ending.outcome
    assert 1 == len(desk.talks)


@pytest.mark.parametrize("desk", [WARM], indirect=True)
async def test_a_speech_to_speech_model_hears_the_caller_meanwhile(desk: Desk) -> None:
    """It talks with him until he is moved: the gate has opened again, and so has its mouth."""
    async with providing() as provider:
        desk.bot.model, desk.bot.greets = provider.service, greets_by_model
        await desk.plivo.phones({HUMAN: {"answers_after_s": 3.0, "presses": ACCEPTS}})
        call_uuid, talk = await desk.call()
        await provider.until(lambda: provider.heard)
        await desk.plivo.press(call_uuid, "0")
        await talk.says(CONSULTING)
        await talk.tape.until(lambda: not talk.watch.gate._shut)
        provider.caller_says("where is my parcel")
        await provider.until(lambda: len(provider.heard) > 1)
        await talk.says(JOINING)
        await desk.stored(
            call_uuid, lambda call: call.escalation and call.escalation.state is State.CONNECTED
        )

    assert ["", "where is my parcel"] == provider.heard


async def test_a_caller_who_hangs_up_is_noticed_without_a_callback(desk: Desk) -> None:
    """A closed socket proves nothing; that Plivo does not know the call any more does."""
    desk.bot.leaves = cancels
    call_uuid, talk = await desk.call(foreign=True)
    await talk.ears.hear(ASKS)
    await talk.tape.until(lambda: talk.line.played_ms() > 0)
    await desk.plivo.hang_up(call_uuid)
    call = await desk.stored(call_uuid, lambda call: call.escalation and call.escalation.ending)

    assert call.escalation and call.escalation.ending
    assert Outcome.CALLER_LEFT is call.escalation.ending.outcome
    assert "leg.ringing" not in [event["kind"] for event in await desk.plivo.events(call_uuid)]
