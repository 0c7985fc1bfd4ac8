"""Who ends the call, and who does not: how a session may end, and what the caller then gets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from livekit.agents import APIStatusError, RunContext, function_tool
from livekit.agents.voice.agent_session import SessionConnectOptions

from escalate.demo.bookshop import Reply
from tests.desk import ANNOUNCEMENT, ASKS, RECONNECTED

from .bench import Desk, Talk
from .test_call import bridged

Ending = Callable[[Talk], Awaitable[None]]


async def shuts_down(talk: Talk) -> None:
    talk.session.shutdown()


async def is_closed(talk: Talk) -> None:
    await talk.session.aclose()


async def stops_serving(talk: Talk) -> None:
    """The endpoint returns, as it does when the server is told to stop."""
    assert talk.bridge is not None
    await talk.bridge.close()


@pytest.mark.parametrize("ending", [shuts_down, is_closed, stops_serving])
async def test_a_bot_that_ends_while_a_human_is_fetched_keeps_the_caller(
    desk: Desk, ending: Ending
) -> None:
    """However the session ends during the announcement, the caller reaches the human."""
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await ending(talk)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("ending", [shuts_down, is_closed])
async def test_the_socket_stays_open_until_the_caller_can_be_moved(
    desk: Desk, ending: Ending
) -> None:
    """With a document that is not ours nothing follows the stream: the session's end waits."""
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "delay:0.4"})
    talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await ending(talk)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("ending", [shuts_down, is_closed])
async def test_a_bot_that_is_done_ends_the_call(desk: Desk, ending: Ending) -> None:
    """The finish is stored before the socket closes, however long storing takes."""
    call_uuid, talk = await desk.call()
    record = talk.call.finish

    async def slow() -> None:
        await asyncio.sleep(0.3)
        await record()

    talk.call.finish = slow  # type: ignore[method-assign]
    await ending(talk)

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "Answer XML" == ended["source"]
    assert ["Stream", "Redirect", "Hangup"] == await desk.steps(call_uuid)
    assert 0 == await desk.hang_ups(call_uuid)


async def test_a_tool_that_ends_the_session_lets_the_goodbye_be_heard(desk: Desk) -> None:
    """The bot says goodbye and calls its own tool; the call ends behind the last word."""

    @function_tool
    async def end_call(context: RunContext[None]) -> None:
        """End the call."""
        await context.wait_for_playout()
        context.session.shutdown()

    desk.bot.tools = [end_call]
    desk.bot.mind.replies["bye"] = Reply("Goodbye then.", tool="end_call")
    call_uuid, talk = await desk.call()
    talk.ears.hear("bye")

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "Answer XML" == ended["source"]
    closed = await desk.plivo.wait_for("stream.closed", call_uuid)
    assert ("app", 0) == (closed["by"], closed["unplayed_ms"])
    assert ["Goodbye then."] == talk.said("assistant")


async def test_a_goodbye_hangs_up_by_request_where_nothing_follows_the_stream(desk: Desk) -> None:
    """A document that is not ours would keep the caller; so the leg is ended once."""
    desk.afterwards = '<Wait length="30"/>'
    call_uuid, talk = await desk.call(foreign=True)
    talk.session.shutdown()

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "API Request" == ended["source"]
    assert 1 == await desk.hang_ups(call_uuid)


async def test_a_bot_that_ended_before_the_move_was_refused_ends_the_call(desk: Desk) -> None:
    """It was done, and no human came of it: nobody is left to talk to."""
    desk.afterwards = '<Wait length="30"/>'
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "status:400"})
    call_uuid, talk = await desk.call(foreign=True)
    talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    talk.session.shutdown()

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "API Request" == ended["source"]
    assert 1 == await desk.hang_ups(call_uuid)


async def test_a_server_that_stops_is_no_goodbye(desk: Desk) -> None:
    """The bot was not done: the caller meets the next one."""
    call_uuid, talk = await desk.call()
    await stops_serving(talk)

    again = await desk.talk(2)
    await again.says(RECONNECTED)
    assert not (await desk.stored(call_uuid, lambda call: call.stream == 2)).over


def breaks(messages: object, has_tool: object) -> Reply:
    """A model that cannot answer."""
    raise APIStatusError("out of order", status_code=400)


async def test_a_session_that_gives_up_is_no_goodbye(desk: Desk) -> None:
    """LiveKit closes a session whose models fail for good: the caller gets another one."""
    desk.bot.options["conn_options"] = SessionConnectOptions(max_unrecoverable_errors=0)
    call_uuid, talk = await desk.call()
    talk.llm.answer = breaks
    talk.ears.hear("where is my parcel")

    again = await desk.talk(2)
    await again.says(RECONNECTED)
    assert not (await desk.stored(call_uuid, lambda call: call.stream == 2)).over


@pytest.mark.parametrize("desk", [{"detect": {"cool_down_s": 0}}], indirect=True)
async def test_a_model_that_keeps_failing_brings_a_human(desk: Desk) -> None:
    """One failure may pass; the second one is a reason to fetch somebody."""
    call_uuid, talk = await desk.call()
    talk.llm.answer = breaks
    talk.ears.hear("where is my parcel")
    await talk.until(lambda: talk.llm.runs >= 1)
    await asyncio.sleep(0.3)
    assert not talk.call.is_escalating
    talk.ears.hear("hello")

    assert await bridged(desk, call_uuid)
    call = await desk.stored(call_uuid, lambda call: call.escalation)
    assert call.escalation is not None
    assert "bot_failed" == call.escalation.trigger


async def test_the_caller_hangs_up_and_nothing_is_left(desk: Desk) -> None:
    """The session ends by itself, and nobody asks Plivo for anything."""
    call_uuid, talk = await desk.call()
    await desk.plivo.hang_up(call_uuid)

    await talk.ended()
    await talk.desk.settled()
    assert 0 == await desk.hang_ups(call_uuid)
    assert (await desk.stored(call_uuid, lambda call: call.ended)).ended
