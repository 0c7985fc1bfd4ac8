"""The LLM's own way to ask, and the words that come without a voice."""

from __future__ import annotations

from livekit.agents import llm
from livekit.agents.voice.run_result import RunResult

from escalate import Outcome
from escalate.demo.bookshop import Reply
from tests.desk import ANNOUNCEMENT, ASKS, HUMAN, RETURNING

from .bench import Desk, Talk
from .test_call import bridged

COMPLAINS = "my book is wet"
TOOL = Reply("I see.", tool="transfer_to_human", arguments={"reason": "a wet book"})


def schema(talk: Talk) -> dict[str, object]:
    (tool,) = talk.desk.tools
    assert isinstance(tool, llm.RawFunctionTool)
    return dict(tool.info.raw_schema["parameters"])


async def test_the_llm_can_ask(desk: Desk) -> None:
    """Its call ends in the same latch, and it is not run again on the result."""
    desk.bot.mind.replies["wet"] = TOOL
    call_uuid, talk = await desk.call()
    talk.ears.hear(COMPLAINS)

    assert await bridged(desk, call_uuid)
    assert ANNOUNCEMENT == talk.voice.said[-1]
    assert 1 == talk.llm.runs
    call = await desk.stored(call_uuid, lambda call: call.escalation)
    assert call.escalation is not None
    assert "tool" == call.escalation.trigger


async def test_a_request_of_the_llm_joins_the_callers_own(desk: Desk) -> None:
    """He asks, and the LLM asks for the same turn: one escalation, one announcement."""
    desk.bot.mind.replies["human"] = TOOL
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)
    call = await desk.stored(call_uuid, lambda call: call.escalation)
    assert () == call.past
    assert 1 == talk.voice.said.count(ANNOUNCEMENT)


async def test_the_tool_offers_names_and_no_numbers(desk: Desk) -> None:
    """Nothing that is said can choose what is dialled."""
    _, talk = await desk.call()

    properties = schema(talk)["properties"]
    assert isinstance(properties, dict)
    assert ["support"] == properties["destination"]["enum"]
    assert HUMAN not in str(schema(talk))


async def test_a_destination_that_does_not_exist_is_no_obstacle(desk: Desk) -> None:
    """The LLM makes a name up: the configured order holds."""
    arguments = {"reason": "x", "destination": "+15550001111"}
    desk.bot.mind.replies["wet"] = Reply("", tool="transfer_to_human", arguments=arguments)
    call_uuid, talk = await desk.call()
    talk.ears.hear(COMPLAINS)

    assert await bridged(desk, call_uuid)
    dialed = await desk.plivo.wait_for("leg.dialed", call_uuid)
    assert f"+{HUMAN}" == dialed["to"]


async def test_a_caller_who_came_back_can_ask_again(desk: Desk) -> None:
    """A second request is a second escalation."""
    await desk.plivo.phones({HUMAN: {"busy": True}})
    call_uuid, talk = await desk.call()
    talk.ears.hear(ASKS)
    again = await desk.talk(2)
    await again.says(RETURNING)
    assert Outcome.RETURNED == await desk.outcome(call_uuid)
    await desk.plivo.phones({HUMAN: {"answers_after_s": 0.05}})
    again.ears.hear(ASKS)

    assert await bridged(desk, call_uuid)


async def test_typed_words_ask_too(desk: Desk) -> None:
    """Text chat and generate_reply(user_input=...) bring no transcript, only the message."""
    call_uuid, talk = await desk.call()
    talk.session.generate_reply(user_input=ASKS)

    assert await bridged(desk, call_uuid)
    assert [ANNOUNCEMENT] == talk.said("assistant")
    assert [ASKS] == talk.said("user")


async def test_session_run_asks_too(desk: Desk) -> None:
    """The way in which LiveKit tests agents: the request is heard and no reply comes."""
    call_uuid, talk = await desk.call()
    result: RunResult[None] = await talk.session.run(user_input=ASKS)

    assert await bridged(desk, call_uuid)
    spoken = [e.item.text_content for e in result.events if e.type == "message"]
    assert spoken in ([], [ANNOUNCEMENT])


async def test_spoken_words_are_heard_once(desk: Desk) -> None:
    """A turn's message repeats what was transcribed; it is no second question."""
    call_uuid, talk = await desk.call()
    talk.ears.hear("where is", end=False)
    talk.ears.hear("my parcel")
    await talk.until(lambda: talk.said("user"))

    words = [said.text for said in await desk.board.store.words(call_uuid)]
    assert ["where is", "my parcel"] == words[:2]
    assert 2 == sum("parcel" in word or "where" in word for word in words)
