"""Whatever else hooks into a session: other hooks, other turns, other agents, other models.

The situations are those in which a hook of ours could miss the request, or let the LLM answer it.
"""

from __future__ import annotations

import pytest
from livekit.agents import Agent, AgentTask, RunContext, StopResponse, function_tool, llm

from escalate.demo.bookshop import Reply
from escalate.transfer import Call
from tests.desk import ANNOUNCEMENT, ASKS

from .bench import YES, Clerk, Desk, length_ms
from .test_call import bot_was_heard_ms, bridged

MANUAL = {"turn_detection": "manual"}


async def test_a_reply_begun_before_the_turn_was_over_is_not_spoken(desk: Desk) -> None:
    """A preflight transcript has the model answer early; the final words stop it."""
    call_uuid, talk = await desk.call()
    talk.ears.recognise(ASKS, "PREFLIGHT")
    await talk.until(lambda: talk.llm.runs)
    assert not talk.call.is_escalating
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.voice.said
    assert [ANNOUNCEMENT] == talk.said("assistant")


async def test_a_turn_that_ends_before_the_announcement_begins_is_not_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store takes its time, and nothing is being said yet: the gate alone holds the LLM."""
    open_one = desk.board.adopt

    async def slow(call_uuid: str) -> Call:
        await talk.until(lambda: talk.said("user"))
        return await open_one(call_uuid)

    call_uuid, talk = await desk.call()
    monkeypatch.setattr(desk.board, "adopt", slow)
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert [ASKS] == talk.said("user")
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_words_that_a_final_takes_back_are_answered_as_ever(desk: Desk) -> None:
    """The interim asked for a human, the caller did not: the model replies, and nobody is held."""
    _, talk = await desk.call()
    talk.ears.recognise("can I talk to a human", "PREFLIGHT")
    talk.ears.hear("can I track my parcel")
    await talk.until(lambda: YES in talk.said("assistant"))

    assert not talk.call.is_escalating
    assert [YES] == talk.voice.said


async def test_a_hook_of_the_users_that_stops_the_turn_stops_no_request(desk: Desk) -> None:
    """His `on_user_turn_completed` raises StopResponse, and the turn reaches no history."""

    class Strict(Clerk):
        async def on_user_turn_completed(
            self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
        ) -> None:
            raise StopResponse

    desk.bot.agent = Strict
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert 0 == await desk.hang_ups(call_uuid)


async def test_a_turn_that_somebody_else_commits_is_not_answered(desk: Desk) -> None:
    """`commit_user_turn(skip_reply=True)` alone would not do: the next final opens a turn again."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS, end=False)
    talk.session.commit_user_turn(skip_reply=True)
    talk.ears.hear("as soon as you can")

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_a_caller_whose_turns_are_ended_by_hand_is_heard(desk: Desk) -> None:
    """With `turn_detection="manual"` a turn may never end; the words are enough."""
    desk.bot.options["turn_handling"] = MANUAL
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.voice.said
    assert 0 == talk.llm.runs


async def test_an_agent_that_takes_over_meanwhile_greets_nobody(desk: Desk) -> None:
    """The application changes the agent during the announcement: `on_enter` speaks in vain."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    talk.session.update_agent(Clerk("A new colleague of mine speaks."))

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.said("assistant")
    heard_ms = await bot_was_heard_ms(desk, call_uuid)
    assert length_ms(ANNOUNCEMENT) == pytest.approx(heard_ms, abs=120)


async def test_a_request_in_the_middle_of_a_task_is_heard(desk: Desk) -> None:
    """An AgentTask has the floor, as LiveKit's own workflows do: it is held back like any other."""

    class AsksAddress(AgentTask[str]):
        def __init__(self) -> None:
            super().__init__(instructions="Ask where the caller lives.")

        async def on_enter(self) -> None:
            self.session.say("Where do you live?")

    @function_tool
    async def address(context: RunContext[None]) -> str:
        """Ask for the address."""
        return await AsksAddress()

    desk.bot.tools = [address]
    desk.bot.mind.replies["parcel"] = Reply("", tool="address")
    call_uuid, talk = await desk.call()
    talk.ears.hear("where is my parcel")
    await talk.until(lambda: "Where do you live?" in talk.said("assistant"))
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert ["Where do you live?", ANNOUNCEMENT] == talk.said("assistant")
    assert 0 == await desk.hang_ups(call_uuid)


async def test_a_caller_who_speaks_on_does_not_cut_the_announcement(desk: Desk) -> None:
    """He has not finished when it begins, and a line that he may interrupt would end at once."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS, end=False)
    await desk.plivo.wait_for("heard.started", call_uuid, source="bot")
    talk.ears.hear("because I have", "because I have called twice", final=False)
    talk.ears.hear("because I have called twice already")

    assert await bridged(desk, call_uuid)
    heard_ms = await bot_was_heard_ms(desk, call_uuid)
    assert length_ms(ANNOUNCEMENT) == pytest.approx(heard_ms, abs=120)


async def test_a_bot_without_a_mind_is_no_obstacle(desk: Desk) -> None:
    """`Agent(llm=None)` never replies; whoever it lets ask is heard."""
    desk.bot.agent = lambda: Agent(instructions="Say nothing.", llm=None)
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert 0 == talk.llm.runs


async def test_a_mistake_of_ours_does_not_end_the_recogniser(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """LiveKit lets a TypeError through into its own loop: nothing that raises is handed to it."""
    _, talk = await desk.call()

    def broken(*_: object, **__: object) -> None:
        raise TypeError("broken")

    talk.call.hear = broken  # type: ignore[method-assign]
    talk.ears.hear("where is my parcel")
    await talk.says(YES)
    talk.ears.hear("are you there")
    await talk.until(lambda: 2 == talk.voice.said.count(YES))

    assert any("_transcribed failed" in one.getMessage() for one in caplog.records)
