"""The three common patterns of a voice bot's documents, played to a caller."""

from __future__ import annotations

import pytest

from escalate.emulator.client import LocalPlivo
from escalate.plivo.xml import (
    Number,
    Speak,
    Stream,
    User,
    agent_with_greeting,
    ivr_before_agent,
    render,
    transfer_to_human,
)

from .harness import Application, Bot, kinds

HELLO = Speak(text="Hello.")
MENU = Speak(text="Press one.")
QUEUE, DUTY = "sip:queue-1@cc.example.com", "14155550199"


def streamed(bot: Bot) -> Stream:
    return Stream(url=bot.url, bidirectional=True)


async def test_a_caller_is_greeted_and_then_meets_the_bot(
    plivo: LocalPlivo, app: Application, bot: Bot
) -> None:
    """When the stream ends the application is asked what comes next: he is not lost."""
    document = agent_with_greeting(HELLO, streamed(bot), afterwards=app.url("afterwards"))
    app.says("answer", render(document))
    app.answers("afterwards", "<Hangup/>")
    call = await plivo.call()
    line = await bot.line()
    heard = (await plivo.summary(call))["heard"]
    assert ["Hello."] == [span["text"] for span in heard]
    await line.hang_up()
    await app.request("afterwards")
    assert 4000 == (await plivo.wait_for("call.ended", call))["code"]


@pytest.mark.parametrize("key", ["1", ""])
async def test_a_menu_comes_before_the_bot(
    plivo: LocalPlivo, app: Application, bot: Bot, key: str
) -> None:
    """A key is told to the application; without one the caller meets the bot."""
    document = ivr_before_agent(
        MENU,
        streamed(bot),
        action=app.url("chosen"),
        afterwards=app.url("afterwards"),
        timeout_s=1,
    )
    app.says("answer", render(document))
    app.answers("chosen", "<Hangup/>")
    call = await plivo.call()
    await plivo.wait_for("heard.started", call, source="speak")
    if key:
        await plivo.press(call, key)
        assert key == (await app.request("chosen")).params["Digits"]
    else:
        await bot.line()
        assert [] == app.requests("chosen")


async def test_a_caller_is_announced_and_put_through_to_whoever_answers_first(
    plivo: LocalPlivo, app: Application
) -> None:
    """The other's phone stops ringing, and the application is told how it ended."""
    document = transfer_to_human(
        User(uri=QUEUE), Number(number=DUTY), action=app.url("done"), announcement=HELLO
    )
    app.says("answer", render(document))
    app.answers("done", "<Hangup/>")
    phones = {QUEUE: {"answers_after_s": 0.1, "talks_s": 0}, DUTY: {"answers_after_s": None}}
    call = await plivo.call(phones=phones)
    assert "completed" == (await app.request("done")).params["DialStatus"]
    events = await plivo.events(call)
    first = next(event for event in events if event["kind"] == "heard.started")
    assert ("Hello.", ["leg.bridged"]) == (first["text"], kinds(events, "leg.bridged"))
    lost = [event["code"] for event in events if event["kind"] == "leg.ended"]
    assert 9000 in lost
