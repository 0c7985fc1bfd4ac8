"""A bot behind a SIP trunk: Plivo dials it, and moves the caller by request.

The carrier is the local Plivo, the job and RoomIO are LiveKit's own; the room is a stand-in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from livekit import rtc
from livekit.agents import CloseReason

from escalate import Outcome
from escalate.emulator.client import LocalPlivo
from escalate.livekit import CallUnknown, call_uuid
from escalate.transfer import State
from tests.desk import ANNOUNCEMENT, ASKS, HUMAN, RECONNECTED, RETURNING

from .bench import YES, Bot, Clerk, Desk, Talk, serving
from .room import Caller, Job, job
from .test_call import WARM, bridged

TRUNK = "sip:bot@trunk.example.com"
HEADER = "sip.h.x-ph-calluuid"
GREETING = "Hello there."
CALL = "0f6e7bd2-5a3c-4b1e-9a55-000000000003"


@pytest_asyncio.fixture(loop_scope="session")
async def trunk(
    plivo: LocalPlivo, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Desk]:
    """A switchboard whose bot is behind a trunk that answers; a test may set more."""
    await plivo.phones({TRUNK: {"answers_after_s": 0.02}})
    settings = {"stream_url": None, "bot_sip": TRUNK, **getattr(request, "param", {})}
    async with serving(Desk(plivo, tmp_path, **settings)) as desk:
        yield desk


async def dialed(desk: Desk, call: str, *, after: int = 0) -> dict[str, Any]:
    """Wait until Plivo has dialled the bot."""
    return await desk.plivo.wait_for("leg.dialed", call, to=TRUNK, after=after)


async def conversation(desk: Desk, work: Job, leg: dict[str, Any]) -> tuple[Talk, Caller]:
    """Let the leg join the job's room, as LiveKit's SIP service does, and start the agent."""
    caller = Caller()
    value = next(v for k, v in leg["headers"].items() if k.lower() == "x-ph-calluuid")
    work.room.join(caller)
    asking = asyncio.create_task(call_uuid(work.ctx))
    await asyncio.sleep(0)
    # Attributes that are made from headers come after the participant himself.
    work.room.change(caller, **{HEADER: value})
    return await work.start(desk.board.call(await asking)), caller


async def follow_leg(desk: Desk, work: Job, caller: Caller, leg: dict[str, Any]) -> None:
    """Let the participant leave when his leg ends."""
    await desk.plivo.wait_for("leg.ended", leg=leg["leg"])
    work.room.leave(caller)


async def reached(desk: Desk, call: str) -> bool:
    """Whether a human was reached: the bot is somebody Plivo has dialled, too."""
    await desk.plivo.wait_for("leg.bridged", call, to=f"+{HUMAN}")
    return await bridged(desk, call)


async def call_in(desk: Desk) -> str:
    """Let somebody call the number whose answer document is ours."""
    url = desk.url
    return await desk.plivo.call(
        answer_url=f"{url}/escalate/answer", hangup_url=f"{url}/escalate/hangup"
    )


async def test_the_caller_is_moved_and_the_session_closes_by_itself(trunk: Desk) -> None:
    """His leg drops because he is talking to a human: that is success, and no hang-up."""
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, caller = await conversation(trunk, work, leg)
        following = asyncio.create_task(follow_leg(trunk, work, caller, leg))
        talk.ears.hear(ASKS)

        assert await reached(trunk, call)
        await following
        await talk.ended()
        await work.end(talk)
    assert call == talk.call.call_uuid
    assert [ANNOUNCEMENT] == talk.said("assistant")
    assert 0 == await trunk.hang_ups(call)
    assert "in-progress" == (await trunk.plivo.summary(call))["state"]


async def test_nobody_answers_so_plivo_dials_the_bot_again(trunk: Desk) -> None:
    """A new job loads the history, says that nobody is free, and greets nobody twice."""
    await trunk.plivo.phones({HUMAN: {"busy": True}})
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    bot = Bot(agent=lambda: Clerk(GREETING))
    async with job(bot) as work:
        talk, caller = await conversation(trunk, work, leg)
        following = asyncio.create_task(follow_leg(trunk, work, caller, leg))
        await talk.until(lambda: GREETING in talk.said("assistant"))
        talk.ears.hear(ASKS)
        await following
        await talk.ended()
        await work.end(talk)
    again = await dialed(trunk, call, after=leg["seq"])
    async with job(bot) as work:
        talk, caller = await conversation(trunk, work, again)
        await talk.says(RETURNING)
        assert Outcome.RETURNED == await trunk.outcome(call)
        assert GREETING not in talk.voice.said
        assert [ASKS] == talk.remembered("user")
        work.room.leave(caller)
        await work.end(talk)


async def test_a_bot_that_is_done_ends_the_call(trunk: Desk) -> None:
    """Nobody else would: the room stays, and so would the caller in it."""
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, _ = await conversation(trunk, work, leg)
        talk.session.shutdown()
        ended = await trunk.plivo.wait_for("call.ended", call)
        await work.end(talk)
    assert "API Request" == ended["source"]
    assert 1 == await trunk.hang_ups(call)


@pytest.mark.parametrize("trunk", [WARM], indirect=True)
async def test_a_human_who_was_asked_first_gets_the_caller_out_of_the_room(trunk: Desk) -> None:
    """Warm behind a trunk: the bot talks on until a human accepts, then the leg drops."""
    await trunk.plivo.phones({HUMAN: {"answers_after_s": 0.5, "presses": "1"}})
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, caller = await conversation(trunk, work, leg)
        following = asyncio.create_task(follow_leg(trunk, work, caller, leg))
        talk.ears.hear(ASKS)
        await talk.until(lambda: "I am calling somebody." in talk.said("assistant"))
        talk.ears.hear("where is my parcel")
        await talk.says(YES)
        await following
        await talk.ended()
        await work.end(talk)
    await trunk.plivo.wait_for("room.entered", party="caller")
    await trunk.stored(call, lambda c: c.escalation and c.escalation.state is State.CONNECTED)
    assert ["I am calling somebody.", YES, "Here he is."] == talk.voice.said
    assert 0 == await trunk.hang_ups(call)
    assert "in-progress" == (await trunk.plivo.summary(call))["state"]


@pytest.mark.parametrize("trunk", [WARM], indirect=True)
async def test_nobody_accepts_so_the_caller_never_leaves_the_room(trunk: Desk) -> None:
    """He is told so in the same session, and answered."""
    await trunk.plivo.phones({HUMAN: {"answers_after_s": 0.05, "presses": "2"}})
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, caller = await conversation(trunk, work, leg)
        talk.ears.hear(ASKS)
        await talk.until(lambda: RETURNING in talk.said("assistant"))
        talk.ears.hear("where is my parcel")
        await talk.says(YES)
        assert Outcome.RETURNED == await trunk.outcome(call)
        work.room.leave(caller)
        await talk.ended()
        await work.end(talk)
    assert 1 == (await trunk.stored(call, lambda _: True)).stream


WORKER_STOPS = "parent process shutdown"


async def is_shut_down(work: Job, talk: Talk) -> None:
    """The worker stops, and its job with it."""
    await work.shut_down(WORKER_STOPS)


async def gives_up(work: Job, talk: Talk) -> None:
    """The session closes by itself, because its models fail for good."""
    talk.session._close_soon(reason=CloseReason.ERROR)


@pytest.mark.parametrize("ending", [is_shut_down, gives_up])
async def test_a_bot_that_is_ended_under_the_caller_is_no_goodbye(
    trunk: Desk, ending: Callable[[Job, Talk], Awaitable[None]]
) -> None:
    """He does not stay alone in the room: Plivo dials the bot anew, and hangs nobody up."""
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, _ = await conversation(trunk, work, leg)
        await ending(work, talk)
        again = await dialed(trunk, call, after=leg["seq"])
        await work.end(talk)
    async with job() as work:
        talk, caller = await conversation(trunk, work, again)
        await talk.says(RECONNECTED)
        work.room.leave(caller)
        await talk.ended()
        await work.end(talk)
    assert 0 == await trunk.hang_ups(call)
    assert not (await trunk.stored(call, lambda _: True)).over


LONG = {"say": {"connecting": "word " * 70}}


@pytest.mark.parametrize("trunk", [LONG], indirect=True)
async def test_a_room_that_is_deleted_too_soon_costs_nobody_his_human(trunk: Desk) -> None:
    """His leg drops in the middle of the announcement: the Dial's action leads him on."""
    await trunk.plivo.phones({TRUNK: {"answers_after_s": 0.02, "talks_s": 3.0}})
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, caller = await conversation(trunk, work, leg)
        talk.ears.hear(ASKS)
        await trunk.plivo.wait_for("leg.ended", leg=leg["leg"])
        work.room.leave(caller, rtc.DisconnectReason.ROOM_DELETED)

        assert await reached(trunk, call)
        await talk.ended()
        await work.end(talk)
    _, announcement = talk.speeches[-1]
    assert announcement.interrupted
    assert 0 == await trunk.hang_ups(call)


async def test_a_bot_that_ends_its_own_job_is_done(trunk: Desk) -> None:
    """`ctx.shutdown()` is the bot's word, although LiveKit closes the session."""
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, _ = await conversation(trunk, work, leg)
        await work.shut_down("user requested")
        ended = await trunk.plivo.wait_for("call.ended", call)
        await work.end(talk)
    assert "API Request" == ended["source"]


async def test_a_refused_move_leaves_the_caller_in_the_room(trunk: Desk) -> None:
    """The leg is still up, and the bot goes on."""
    await trunk.plivo.faults({"match": {"kind": "rest", "method": "POST"}, "do": "status:400"})
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, caller = await conversation(trunk, work, leg)
        talk.ears.hear(ASKS)
        await talk.says("I cannot reach anybody.")
        assert not talk.over.is_set()
        work.room.leave(caller)
        await work.end(talk)


async def test_keys_come_from_the_room(trunk: Desk) -> None:
    """LiveKit's SIP service reports them there."""
    call = await call_in(trunk)
    leg = await dialed(trunk, call)
    async with job() as work:
        talk, caller = await conversation(trunk, work, leg)
        work.room.press(caller, "0")
        assert await reached(trunk, call)
        work.room.leave(caller)
        await work.end(talk)


async def test_the_header_is_read_with_and_without_hyphens() -> None:
    """Plivo takes none in a header; somebody else's proxy may put them back."""
    for value in (CALL, CALL.replace("-", ""), f" {CALL.upper()} "):
        async with job() as work:
            work.room.join(Caller(attributes={HEADER: value}))
            assert CALL == await call_uuid(work.ctx)
            await work.end(None)


async def test_another_attribute_may_hold_the_id() -> None:
    """`headers_to_attributes` of the trunk decides what it is called."""
    async with job() as work:
        work.room.join(Caller(attributes={HEADER: "not-an-id", "plivo.call": CALL}))
        assert CALL == await call_uuid(work.ctx, attributes=(HEADER, "plivo.call"))
        await work.end(None)


async def test_who_has_no_header_may_resolve_the_call_otherwise() -> None:
    """By number and time, say: the hook gets the participant."""
    seen: list[str] = []

    async def by_number(caller: Any) -> str | None:
        seen.append(caller.identity)
        return CALL

    async with job() as work:
        work.room.join(Caller())
        assert CALL == await call_uuid(work.ctx, resolve=by_number, timeout_s=0.01)
        await work.end(None)
    assert ["sip_caller"] == seen


async def test_an_unknown_call_is_refused_with_the_fix() -> None:
    """Without the id nobody could be moved."""
    async with job() as work:
        work.room.join(Caller(attributes={HEADER: "0" * 31}))
        with pytest.raises(CallUnknown, match="include_headers"):
            await call_uuid(work.ctx, timeout_s=0.01)
        await work.end(None)
