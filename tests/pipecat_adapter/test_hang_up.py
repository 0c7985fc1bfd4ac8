"""Who ends the call, and who does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pipecat.frames.frames import EndFrame, EndWorkerFrame

from tests.desk import ANNOUNCEMENT, ASKS, RECONNECTED

from .bench import Desk, Talk, cancels

Ending = Callable[[Talk], Awaitable[None]]


async def ends(talk: Talk) -> None:
    await talk.worker.queue_frame(EndFrame())


async def ends_from_a_tool(talk: Talk) -> None:
    await talk.llm.push_frame(EndWorkerFrame())


async def idles(talk: Talk) -> None:
    await talk.worker.cancel(reason="idle timeout")


async def is_deployed(talk: Talk) -> None:
    """What Pipecat's runner does on SIGINT and SIGTERM."""
    await talk.worker.cancel(reason="interrupt signal")


ENDINGS = [ends, cancels, is_deployed]


async def bridged(desk: Desk, call_uuid: str) -> bool:
    """Whether a human was reached, and caller and human were left to talk."""
    await desk.plivo.wait_for("leg.bridged", call_uuid)
    summary = await desk.plivo.summary(call_uuid)
    return summary["bridged_with"] is not None and summary["state"] == "in-progress"


async def test_a_caller_who_asks_is_bridged_and_the_bot_has_gone(desk: Desk) -> None:
    """The caller asks, hears the announcement, and talks to a human with no bot left."""
    desk.bot.leaves = cancels
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert [ANNOUNCEMENT] == talk.voice.said
    assert 0 == await desk.hang_ups(call_uuid)


async def test_the_stock_hang_up_left_armed_loses_the_caller(desk: Desk) -> None:
    """Red twin: the request arrives, so a test that sees none has seen that there was none."""
    desk.bot.armed = True
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "API Request" == ended["source"]
    assert 1 == await desk.hang_ups(call_uuid)


async def test_plivo_closing_the_socket_hangs_nothing_up(desk: Desk) -> None:
    """The usual handler cancels the worker; even the stock serializer then asks for nothing."""
    desk.bot.armed, desk.bot.leaves = True, cancels
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await desk.board.plivo.stop_stream(call_uuid)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_bot_that_ends_while_a_human_is_fetched_keeps_the_caller(
    desk: Desk, ending: Ending
) -> None:
    """However the pipeline ends during the announcement, the caller reaches the human."""
    call_uuid, talk = await desk.call()
    await talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await ending(talk)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("ending", ENDINGS)
async def test_the_socket_stays_open_until_the_caller_can_be_moved(
    desk: Desk, ending: Ending
) -> None:
    """With a document that is not ours nothing follows the stream: the pipeline's end waits."""
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "delay:0.4"})
    await talk.ears.hear(ASKS)
    await talk.says(ANNOUNCEMENT)
    await ending(talk)

    assert await bridged(desk, call_uuid)
    await talk.ended()
    assert 0 == await desk.hang_ups(call_uuid)


async def test_an_idle_bot_hangs_nothing_up_while_the_move_is_on_its_way(desk: Desk) -> None:
    """The idle timeout strikes between the request to move the caller and its answer."""
    desk.bot.idle_timeout_s = 0.5
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "delay:1.2"})
    await talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("ending", [ends_from_a_tool, cancels, idles])
async def test_a_bot_that_says_goodbye_ends_the_call(desk: Desk, ending: Ending) -> None:
    """The finish is stored before the socket closes, however long storing takes."""
    call_uuid, talk = await desk.call()
    record = talk.call.finish

    async def slow() -> None:
        await asyncio.sleep(0.3)
        await record()

    talk.call.finish = slow  # type: ignore[method-assign]
    await ending(talk)

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    await talk.ended()
    assert "Answer XML" == ended["source"]
    assert ["Stream", "Redirect", "Hangup"] == await desk.steps(call_uuid)
    assert 0 == await desk.hang_ups(call_uuid)


@pytest.mark.parametrize("ending", [ends, cancels])
async def test_a_goodbye_hangs_up_by_request_where_nothing_follows_the_stream(
    desk: Desk, ending: Ending
) -> None:
    """A document that is not ours would keep the caller; so the leg is ended once."""
    desk.afterwards = '<Wait length="30"/>'
    call_uuid, talk = await desk.call(foreign=True)
    await ending(talk)

    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    await talk.ended()
    assert "API Request" == ended["source"]
    assert 1 == await desk.hang_ups(call_uuid)


async def test_a_deploy_is_no_goodbye(desk: Desk) -> None:
    """A bot that is told to stop was not done: the caller meets the next one."""
    call_uuid, talk = await desk.call()
    await is_deployed(talk)

    again = await desk.talk(2)
    await again.says(RECONNECTED)
    assert not (await desk.stored(call_uuid, lambda call: call.stream == 2)).over


@pytest.mark.parametrize("leaving", [ends, cancels])
async def test_a_lost_socket_is_no_goodbye(desk: Desk, leaving: Ending) -> None:
    """A handler that ends the bot because its caller is gone says nothing about the caller."""
    desk.bot.leaves = leaving
    call_uuid, talk = await desk.call()
    await desk.plivo.drop_stream(call_uuid)

    again = await desk.talk(2)
    await again.says(RECONNECTED)
    await talk.ended()
    assert not (await desk.stored(call_uuid, lambda call: call.stream == 2)).over


async def test_a_bot_can_end_the_call_after_a_human_could_not_be_fetched(desk: Desk) -> None:
    """The hang-up that was taken over is not lost with the failed escalation."""
    desk.afterwards = '<Wait length="30"/>'
    call_uuid, talk = await desk.call(foreign=True)
    await desk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "status:400"})
    await talk.ears.hear(ASKS)
    await desk.stored(call_uuid, lambda call: call.escalation and call.escalation.ending)
    await ends(talk)

    await talk.ended()
    ended = await desk.plivo.wait_for("call.ended", call_uuid)
    assert "API Request" == ended["source"]
    assert (await desk.stored(call_uuid, lambda call: call.over)).over
