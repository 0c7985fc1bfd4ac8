"""REFER through LiveKit's own API client, against a server that answers as LiveKit's does."""

from __future__ import annotations

import pytest
from livekit import api
from starlette.responses import Response

from escalate import Reason
from escalate.livekit.refer import Referred, SipReferTransfer
from tests.ports import free_port

from .room import job
from .twirp import LiveKit

DOMAIN = "21784177241578.zt.plivo.com"
PHONE = "+14155550199"


async def refer(livekit: LiveKit, *, ring_s: float = 20.0) -> Referred:
    """Move the caller of a job."""
    async with job() as work, api.LiveKitAPI(livekit.url, "devkey", "secret" * 6) as client:
        work.ctx.api = client
        transfer = SipReferTransfer(work.ctx, domain=DOMAIN, identity="sip_caller")
        try:
            return await transfer.refer(PHONE, ring_s=ring_s)
        finally:
            await work.end(None)


async def test_the_caller_is_referred_to_the_trunks_own_domain(livekit: LiveKit) -> None:
    """Plivo refuses every other host; LiveKit is told how long the phone may ring."""
    livekit.succeeds(status=api.SIPTransferStatus.STS_TRANSFER_SUCCESSFUL)

    assert Referred(Reason.COMPLETED, transfer_id="SCT_1") == await refer(livekit)
    (asked,) = livekit.asked
    assert f"sip:+14155550199@{DOMAIN}" == asked.transfer_to
    assert ("call-room", "sip_caller") == (asked.room_name, asked.participant_identity)
    assert 20 == asked.ringing_timeout.seconds
    assert asked.play_dialtone


@pytest.mark.parametrize(
    "code, meta, expected",
    [
        (
            "unavailable",
            {"sip_status_code": "486", "sip_transfer_reason": "STR_REJECTED"},
            Referred(Reason.BUSY, 486),
        ),
        (
            "permission_denied",
            {"sip_status_code": "603", "sip_transfer_reason": "STR_REJECTED"},
            Referred(Reason.DECLINED, 603),
        ),
        (
            "deadline_exceeded",
            {"sip_transfer_reason": "STR_RINGING_TIMEOUT", "sip_transfer_id": "SCT_2"},
            Referred(Reason.NO_ANSWER, transfer_id="SCT_2"),
        ),
        (
            "canceled",
            {"sip_transfer_reason": "STR_CALL_ENDED"},
            Referred(Reason.CALLER_LEFT),
        ),
        ("internal", {"sip_transfer_reason": "STR_NEWER"}, Referred(Reason.UNKNOWN)),
        ("not_found", {}, Referred(Reason.CALLER_LEFT)),
        ("unauthenticated", {}, Referred(Reason.NOT_PERMITTED)),
        ("invalid_argument", {}, Referred(Reason.REQUEST_REFUSED)),
        ("something_new", {"sip_status_code": "odd"}, Referred(Reason.UNKNOWN)),
    ],
)
async def test_every_failure_has_a_reason(
    livekit: LiveKit, code: str, meta: dict[str, str], expected: Referred
) -> None:
    """The SIP response says most, then LiveKit's own reason, then the error's code."""
    livekit.fails(code, **meta)

    result = await refer(livekit)
    assert expected == result
    assert not result.connected


async def test_an_answer_may_be_a_failure_too(livekit: LiveKit) -> None:
    """Newer servers answer with a status in place of an error."""
    livekit.succeeds(
        status=api.SIPTransferStatus.STS_TRANSFER_FAILED,
        reason=api.SIPTransferReason.STR_REJECTED,
        sip_status=api.SIPStatus(code=api.SIPStatusCode.SIP_STATUS_BUSY_HERE),
    )

    assert Referred(Reason.BUSY, 486, "SCT_1") == await refer(livekit)


async def test_an_older_server_answers_with_nothing(livekit: LiveKit) -> None:
    """An empty answer is success: a failure would have been an error."""
    livekit.answer = Response(b"", media_type="application/protobuf")

    assert (await refer(livekit)).connected


async def test_a_server_that_is_not_there_leaves_it_open(livekit: LiveKit) -> None:
    """The request may have been carried out, so nobody may claim that it was not."""
    livekit.url = f"http://127.0.0.1:{free_port()}"

    assert Referred(Reason.UNKNOWN) == await refer(livekit)
