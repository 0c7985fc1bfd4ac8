"""While a human is fetched the bot says nothing but the announcement, and hears everything.

Each of these rests on how LiveKit orders its events; a release that changes it is seen here.
"""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents import Agent, RunContext, function_tool, llm

from escalate import Outcome
from escalate.demo.bookshop import Reply
from tests.desk import ANNOUNCEMENT, ASKS

from .bench import TAKES_BACK, YES, Clerk, Desk
from .test_call import bridged

STORY = "Once upon a time there was a parcel that took a very long way to its new home."


@pytest.mark.parametrize("preemptive", [True, False])
async def test_the_llm_does_not_answer_the_request(desk: Desk, preemptive: bool) -> None:
    """Its reply is cancelled when it is created, whether before the turn's end or after it."""
    desk.bot.preemptive = preemptive
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    replies = [handle for source, handle in talk.speeches if source == "generate_reply"]
    assert all(handle.interrupted for handle in replies)
    assert [ANNOUNCEMENT] == talk.voice.said
    assert [ANNOUNCEMENT] == talk.said("assistant")


async def test_an_interim_alone_hands_nobody_over(desk: Desk) -> None:
    """What a recogniser may still take back moves nobody; the final words do."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS, final=False)
    await asyncio.sleep(0.2)
    assert not talk.call.is_escalating

    talk.ears.hear(ASKS)
    assert await bridged(desk, call_uuid)


async def test_a_request_in_two_pieces_is_one_request(desk: Desk) -> None:
    """The LLM may have begun to answer the first piece; it is stopped."""
    call_uuid, talk = await desk.call()
    talk.ears.hear("can i talk to", end=False)
    talk.ears.hear("a person please")

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.said("assistant")


async def test_what_comes_after_the_request_does_not_make_the_llm_answer(desk: Desk) -> None:
    """Later finals and later ends of turns find the gate shut."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    talk.ears.hear("it is about my order")
    await talk.says(ANNOUNCEMENT)
    talk.ears.hear("hello are you still there")

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_the_bot_is_stopped_in_the_middle_of_its_sentence(desk: Desk) -> None:
    """Even a line that the caller may not interrupt."""
    call_uuid, talk = await desk.call()
    talk.session.say(STORY, allow_interruptions=False)
    await desk.plivo.wait_for("heard.started", call_uuid, source="bot")
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    cleared = await desk.plivo.wait_for("stream.cleared", call_uuid)
    assert cleared["dropped_ms"] > 0
    assert [STORY, ANNOUNCEMENT] == talk.voice.said


async def test_the_users_own_lines_wait_for_nobody(desk: Desk) -> None:
    """A line that the application says meanwhile is cancelled like a reply of the LLM."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    late = talk.session.say("By the way, we have an offer.")

    assert await bridged(desk, call_uuid)
    assert late.interrupted
    assert [ANNOUNCEMENT] == talk.said("assistant")


async def test_a_slow_tools_result_is_not_spoken(desk: Desk) -> None:
    """A function that was running when the caller asked brings no reply any more."""
    running = asyncio.Event()

    @function_tool
    async def look_up(context: RunContext[None]) -> str:
        """Look the order up."""
        running.set()
        await asyncio.sleep(0.3)
        return "It is on its way."

    desk.bot.tools = [look_up]
    desk.bot.mind.replies["order"] = Reply("", tool="look_up")
    call_uuid, talk = await desk.call()
    talk.ears.hear("where is my order")
    async with asyncio.timeout(5):
        await running.wait()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.said("assistant")


async def test_the_caller_is_heard_over_the_announcement_and_can_take_it_back(desk: Desk) -> None:
    """He is not moved, the announcement stops, and the LLM answers him."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    await desk.plivo.wait_for("heard.started", call_uuid, source="bot")
    talk.ears.hear(TAKES_BACK)
    await talk.says(YES)

    assert Outcome.CANCELLED == await desk.outcome(call_uuid)
    assert "Dial" not in await desk.steps(call_uuid)
    assert [f"{ASKS} {TAKES_BACK}"] == talk.remembered("user")


async def test_the_recogniser_gets_the_callers_voice_over_the_announcement(desk: Desk) -> None:
    """LiveKit would give it silence while a line may not be interrupted; the option comes back."""
    call_uuid, talk = await desk.call()
    interruption = talk.session.options.interruption
    assert interruption["discard_audio_if_uninterruptible"]
    talk.ears.hear(ASKS)
    await desk.plivo.say(call_uuid, [{"at": 0.0, "text": "no wait", "seconds": 0.5}])
    await talk.says(ANNOUNCEMENT)
    before = talk.ears.loud
    await talk.until(lambda: talk.ears.loud > before)
    talk.ears.hear(TAKES_BACK)

    assert Outcome.CANCELLED == await desk.outcome(call_uuid)
    await talk.until(lambda: interruption["discard_audio_if_uninterruptible"])


async def test_agents_may_hand_over_to_one_another(desk: Desk) -> None:
    """The session is watched, not an agent: the next one is held back just the same."""

    class Second(Clerk):
        pass

    @function_tool
    async def specialist(context: RunContext[None]) -> Agent:
        """Fetch the specialist."""
        return Second("Specialist speaking.")

    desk.bot.tools = [specialist]
    desk.bot.mind.replies["special"] = Reply("", tool="specialist")
    call_uuid, talk = await desk.call()
    talk.ears.hear("something special")
    await talk.says("Specialist speaking.")
    assert isinstance(talk.session.current_agent, Second)
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert "Specialist speaking." == talk.voice.said[0]
    assert ANNOUNCEMENT == talk.said("assistant")[-1]


async def test_the_users_own_hook_runs_as_before(desk: Desk) -> None:
    """Turns that ask for nobody go through `on_user_turn_completed` and to the LLM."""
    seen: list[str] = []

    class Curious(Clerk):
        async def on_user_turn_completed(
            self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
        ) -> None:
            seen.append(new_message.text_content or "")

    desk.bot.agent = Curious
    _, talk = await desk.call()
    talk.ears.hear("where is my parcel")
    await talk.says(YES)

    assert ["where is my parcel"] == seen


async def test_what_was_said_is_kept_for_the_human(desk: Desk) -> None:
    """Finals of the caller and what the bot really spoke, in order, the request among them."""
    call_uuid, talk = await desk.call()
    talk.ears.hear("where is my parcel")
    await talk.until(lambda: YES in talk.said("assistant"))
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    words = [said.text for said in await desk.board.store.words(call_uuid)]
    assert ["where is my parcel", YES, ASKS, ANNOUNCEMENT] == words
