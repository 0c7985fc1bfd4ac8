"""A speech-to-speech model in the place of ears and mind; the session's own voice announces."""

from __future__ import annotations

import pytest

from tests.desk import ANNOUNCEMENT, ASKS, UNAVAILABLE

from .bench import TAKES_BACK, YES, Desk, Talk, length_ms
from .speech_model import SpeechModel, SpeechSession
from .test_call import bot_was_heard_ms, bridged

QUESTION = "where is my parcel"


async def call(desk: Desk, **more: bool) -> tuple[str, Talk, SpeechSession]:
    """Let somebody call a bot that is made of such a model."""
    model = SpeechModel()
    desk.bot.options.update(llm=model, stt=None, turn_handling={})
    call_uuid, talk = await desk.call(**more)
    return call_uuid, talk, model.sessions[-1]


async def test_a_request_reaches_a_human_although_the_model_answers_first(desk: Desk) -> None:
    """What it had begun is cut off, and the caller hears the announcement."""
    call_uuid, talk, model = await call(desk)
    model.hears(ASKS)

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.said("assistant")
    assert [ASKS] == talk.said("user")
    heard_ms = await bot_was_heard_ms(desk, call_uuid)
    assert length_ms(ANNOUNCEMENT) == pytest.approx(heard_ms, abs=120)


async def test_the_caller_cannot_talk_over_the_announcement(desk: Desk) -> None:
    """The model stops for him and answers him again; the announcement goes on."""
    call_uuid, talk, model = await call(desk)
    model.hears(ASKS)
    await desk.plivo.wait_for("heard.started", call_uuid, source="bot")
    model.hears("it is about my order")

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.said("assistant")
    heard_ms = await bot_was_heard_ms(desk, call_uuid)
    assert length_ms(ANNOUNCEMENT) == pytest.approx(heard_ms, abs=120)


async def test_he_can_take_it_back_and_is_answered(desk: Desk) -> None:
    """The model is asked for the answer that was held back."""
    call_uuid, talk, model = await call(desk)
    model.hears(ASKS)
    await desk.plivo.wait_for("heard.started", call_uuid, source="bot")
    model.hears(TAKES_BACK)
    await talk.until(lambda: YES in talk.said("assistant"))

    assert "cancelled" == await desk.outcome(call_uuid)
    assert "Dial" not in await desk.steps(call_uuid)


async def test_a_refused_move_leaves_him_with_the_model(desk: Desk) -> None:
    """It is told what it has missed, and answers again."""
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "status:400"})
    _, talk, model = await call(desk, foreign=True)
    model.hears(ASKS)
    await talk.says(UNAVAILABLE)
    await talk.until(lambda: UNAVAILABLE in talk.said("assistant"))
    model.hears(QUESTION)
    await talk.until(lambda: YES in talk.said("assistant"))

    assert [ASKS, QUESTION] == talk.remembered("user")
