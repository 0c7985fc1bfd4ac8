"""A caller who came over a trunk alone: moved by REFER, by the same rules as every other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit import api
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from escalate import Outcome, Reason
from escalate.livekit import TrunkSwitchboard
from tests.desk import ANNOUNCEMENT, ASKS, RETURNING, settings_for

from .bench import YES, Talk
from .room import Caller, Job, job
from .twirp import PROTOBUF, LiveKit

DOMAIN = "21784177241578.zt.plivo.com"
SECOND = "+14155550198"
BUSY = {"sip_status_code": "486", "sip_transfer_reason": "STR_REJECTED"}


def connected() -> Response:
    done = api.SIPTransferStatus.STS_TRANSFER_SUCCESSFUL
    answer = api.TransferSIPParticipantResponse(transfer_id="SCT_1", status=done)
    return Response(answer.SerializeToString(), media_type=PROTOBUF)


def busy() -> Response:
    error = {"code": "unavailable", "msg": "it failed", "meta": BUSY}
    return JSONResponse(error, status_code=503)


def settings(directory: Path, **more: Any) -> Any:
    numbers = ("+14155550199", SECOND)
    people = [{"name": f"human-{n}", "phone": phone} for n, phone in enumerate(numbers, 1)]
    trunk = {"stream_url": None, "refer_domain": DOMAIN, "destination": people}
    return settings_for("http://127.0.0.1:9", 9, directory, **{**trunk, **more})


@contextlib.asynccontextmanager
async def talking(
    livekit: LiveKit, directory: Path
) -> AsyncIterator[tuple[Talk, Job, Caller, TrunkSwitchboard]]:
    """A caller in a room, talking to the bot."""
    async with job() as work, api.LiveKitAPI(livekit.url, "devkey", "secret" * 6) as client:
        work.ctx.api = client
        caller = Caller()
        work.room.join(caller)
        board = await TrunkSwitchboard.in_room(work.ctx, settings(directory))
        talk = await work.start(board.caller())
        try:
            yield talk, work, caller, board
        finally:
            await work.end(talk)
            await board.close()


async def test_the_caller_is_referred_and_the_session_closes_by_itself(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """He hears the announcement, the first human answers, and his leg leaves the room."""
    livekit.answer = connected()
    async with talking(livekit, tmp_path) as (talk, work, caller, board):
        livekit.happens = lambda: work.room.leave(caller)
        talk.ears.hear(ASKS)
        await talk.ended()
        call = await board.store.load("SCL_1")

        assert call is not None
        assert call.escalation is not None
        assert [ANNOUNCEMENT] == talk.said("assistant")
    (asked,) = livekit.asked
    assert f"sip:+14155550199@{DOMAIN}" == asked.transfer_to
    assert [] == livekit.removed


async def test_the_next_human_is_tried_while_the_caller_stays(
    livekit: LiveKit, tmp_path: Path
) -> None:
    """Busy is no end; the ending names who answered."""
    livekit.answers, livekit.answer = [busy()], connected()
    async with talking(livekit, tmp_path) as (talk, *_):
        ending = await talk.call.transfer()

    assert (Outcome.CONNECTED, "human-2") == (ending.outcome, ending.destination)
    assert [DOMAIN] * 2 == [one.transfer_to.partition("@")[2] for one in livekit.asked]
    assert f"sip:{SECOND}@{DOMAIN}" == livekit.asked[1].transfer_to


async def test_nobody_answers_and_the_bot_goes_on(livekit: LiveKit, tmp_path: Path) -> None:
    """The caller never left, so he is told and answered in the same session."""
    livekit.answer = busy()
    async with talking(livekit, tmp_path) as (talk, *_):
        ending = await talk.call.transfer()
        await talk.says(RETURNING)
        await talk.until(lambda: RETURNING in talk.said("assistant"))
        talk.ears.hear("where is my parcel")
        await talk.says(YES)

    assert (Outcome.RETURNED, Reason.BUSY) == (ending.outcome, ending.reason)
    assert 2 == len(livekit.asked)


async def test_the_caller_hangs_up_while_it_rings(livekit: LiveKit, tmp_path: Path) -> None:
    """Nobody else is called for him."""
    livekit.answer = busy()
    async with talking(livekit, tmp_path) as (talk, work, caller, _):
        livekit.happens = lambda: work.room.leave(caller)
        ending = await talk.call.transfer()

    assert Outcome.CALLER_LEFT == ending.outcome
    assert 1 == len(livekit.asked)


async def test_a_bot_that_is_done_ends_the_callers_leg(livekit: LiveKit, tmp_path: Path) -> None:
    """Else he would stay in an empty room."""
    async with talking(livekit, tmp_path) as (talk, *_):
        talk.session.shutdown()
        await talk.ended()
        await talk.desk.settled()

    assert ["sip_caller"] == livekit.removed


@pytest.mark.parametrize(
    "wrong, why",
    [
        ({"destination": [{"name": "x", "sip": "sip:a@b.example.com"}]}, "give it a phone"),
        (
            {"destination": [{"name": "x", "phone": "+14155550100", "context": "headers"}]},
            "digits and context",
        ),
        (
            {"destination": [{"name": "x", "phone": "+14155550199", "headers": {"A": "b"}}]},
            "without credentials, headers, digits and context",
        ),
        ({"destination": [{"name": "x", "phone": "+14155550199", "digits": "1"}]}, "digits"),
        ({"handoff": {"last_resort": "goodbye"}}, "remove last_resort"),
        ({"handoff": {"music": "https://bot.example.com/music"}}, "remove music"),
        ({"handoff": {"mode": "warm"}, "caller_id": "14155550100"}, "mode = 'cold'"),
        ({"bot_sip": "sip:bot@trunk.example.com"}, "in one way"),
    ],
)
def test_what_a_trunk_cannot_carry_is_refused_at_load(
    tmp_path: Path, wrong: dict[str, Any], why: str
) -> None:
    """Before any call, with the fix."""
    with pytest.raises(ValidationError, match=why):
        settings(tmp_path, **wrong)
