"""A bot that is a Pipecat Flow."""

from __future__ import annotations

from pipecat.flows import FlowManager, NodeConfig
from pipecat.frames.frames import LLMRunFrame

from escalate.demo.bookshop import Reply
from escalate.values import Trigger
from tests.desk import ANNOUNCEMENT, ASKS, HUMAN, RETURNING

from .bench import Desk, Talk
from .test_tool import CALLS_TOOL, escalations

GREETING = "Yes of course."
NODE = NodeConfig(
    name="orders",
    task_messages=[{"role": "developer", "content": "Greet the caller."}],
    functions=[],
)


async def flows_from_the_first_node(talk: Talk) -> None:
    """Start the conversation as every example of Flows does."""
    manager = FlowManager(
        worker=talk.worker,
        llm=talk.llm,
        context_aggregator=talk.pair,
        transport=talk.transport,
        global_functions=[talk.watch.flow_transfer_to_human],
    )
    await manager.initialize(NODE)


async def test_the_model_of_a_flow_asks_in_the_flows_own_form(desk: Desk) -> None:
    """The tool is there at every node; its caller is handed over and the model is not heard."""
    desk.bot.greets = flows_from_the_first_node
    desk.bot.mind.replies["charged twice"] = CALLS_TOOL
    call_uuid, talk = await desk.call()
    await talk.says(GREETING)
    await talk.ears.hear("I was charged twice")

    assert [Trigger.TOOL] == await escalations(desk, call_uuid)
    assert [GREETING, ANNOUNCEMENT] == talk.voice.said
    assert 2 == talk.llm.runs


async def test_a_flow_is_not_begun_again_for_a_caller_who_comes_back(desk: Desk) -> None:
    """The first node's greeting is dropped; its functions are there, and so is what was said."""
    desk.bot.greets = flows_from_the_first_node
    desk.bot.mind.replies["my parcel"] = Reply("It comes today.")
    await desk.plivo.phones({HUMAN: {"busy": True}})
    _, talk = await desk.call()
    await talk.says(GREETING)
    await talk.ears.hear(ASKS)
    again = await desk.talk(2)
    await again.says(RETURNING)
    await again.tape.until(lambda: again.tape.pushed(LLMRunFrame))
    await again.settle()
    await again.ears.hear("then where is my parcel")
    await again.says("It comes today.")

    assert [RETURNING, "It comes today."] == again.voice.said
    spoken = [str(turn["content"]) for turn in again.mind.asked[-1] if turn["role"] == "user"]
    assert [ASKS, "then where is my parcel"] == spoken
    assert again.llm.has_function("transfer_to_human")
