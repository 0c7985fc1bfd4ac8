"""The model's own way to ask for a human."""

from __future__ import annotations

import asyncio
from typing import Any

from pipecat.frames.frames import FunctionCallResultFrame
from pipecat.services.llm_service import FunctionCallParams

from escalate.demo.bookshop import Reply
from escalate.transfer import Call
from escalate.values import Trigger
from tests.desk import ANNOUNCEMENT, ASKS

from .bench import Desk

CALLS_TOOL = Reply(tool="transfer_to_human", arguments={"reason": "he is cross"})


async def escalations(desk: Desk, call_uuid: str) -> list[Trigger]:
    """Return what triggered each escalation of a call whose caller has reached a human."""
    await desk.plivo.wait_for("leg.bridged", call_uuid)
    call: Call | None = await desk.board.store.load(call_uuid)
    assert call and call.escalation
    return [held.trigger for held in (*call.past, call.escalation)]


async def test_the_model_asks_and_is_not_run_on_the_answer(desk: Desk) -> None:
    """The announcement is ours to make: one run called the tool, none follows it."""
    desk.bot.mind.replies["charged twice"] = CALLS_TOOL
    call_uuid, talk = await desk.call()
    await talk.ears.hear("I was charged twice")

    assert [Trigger.TOOL] == await escalations(desk, call_uuid)
    assert 1 == talk.llm.runs
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_a_tool_that_is_called_while_he_asks_joins_his_request(desk: Desk) -> None:
    """Detector and model decide in the same turn: one escalation, one announcement."""
    desk.bot.mind.replies["charged twice"] = CALLS_TOOL
    call_uuid, talk = await desk.call()
    await talk.ears.hear("I was charged twice")
    await talk.runs(1)
    await talk.ears.hear(ASKS)

    assert 1 == len(await escalations(desk, call_uuid))
    assert [ANNOUNCEMENT] == talk.voice.said


async def test_a_tool_called_twice_asks_once(desk: Desk) -> None:
    """The second call is told that a human is on the way already."""
    call_uuid, talk = await desk.call()
    answers: list[str] = []

    async def answered(result: Any, **_: Any) -> None:
        answers.append(result["status"])

    for _ in range(2):
        await talk.watch.transfer_to_human(params(answered), "he is cross")

    assert ["connecting", "already connecting"] == answers
    assert [Trigger.TOOL] == await escalations(desk, call_uuid)


async def test_an_interruption_cancels_the_tool_but_not_the_request(desk: Desk) -> None:
    """The caller talks on while the tool runs, and is handed over all the same."""
    call_uuid, talk = await desk.call()
    running = asyncio.Event()

    async def hangs(result: Any, **_: Any) -> None:
        running.set()
        await asyncio.Event().wait()

    tool = asyncio.ensure_future(talk.watch.transfer_to_human(params(hangs), "he is cross"))
    await running.wait()
    tool.cancel()

    assert [Trigger.TOOL] == await escalations(desk, call_uuid)


async def test_the_result_says_what_happens(desk: Desk) -> None:
    """The conversation that the model reads later holds what became of its call."""
    desk.bot.mind.replies["charged twice"] = CALLS_TOOL
    _, talk = await desk.call()
    await talk.ears.hear("I was charged twice")
    await talk.tape.until(lambda: talk.tape.pushed(FunctionCallResultFrame))

    frame = talk.tape.pushed(FunctionCallResultFrame)[0]
    assert isinstance(frame, FunctionCallResultFrame)
    assert {"status": "connecting"} == frame.result


async def test_the_model_may_name_a_destination_but_no_number(desk: Desk) -> None:
    """The tool is described with the names of the file; it takes no other."""
    call_uuid, talk = await desk.call()

    async def answered(result: Any, **_: Any) -> None:
        return None

    tool = talk.watch.transfer_to_human
    await tool(params(answered), "he is cross", "+19005550000")
    bridged = await desk.plivo.wait_for("leg.bridged", call_uuid)

    assert "One of: support." in (tool.__doc__ or "")
    assert "+14155550199" == bridged["to"]


def params(result_callback: Any) -> FunctionCallParams:
    """Return what Pipecat hands to a tool; only the callback is used."""
    unused: Any = None
    return FunctionCallParams(
        function_name="transfer_to_human",
        tool_call_id="call-1",
        arguments={},
        llm=unused,
        pipeline_worker=unused,
        context=unused,
        result_callback=result_callback,
    )
