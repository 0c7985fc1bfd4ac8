"""A caller who came over a SIP trunk without Plivo's XML (Zentrunk) is moved by REFER.

There is no document he could go on in and no id for Plivo's API: LiveKit's SIP service asks the
carrier to move the leg, and the caller stays with the bot until a human has answered. So there
are no SIP credentials, no headers, no hold music and no conference on this way.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import aiohttp
from livekit import api
from livekit.agents import JobContext

from escalate.errors import CallGone, CarrierUnreachable
from escalate.plivo.causes import reason_for
from escalate.values import Reason

log = logging.getLogger("escalate")

# Where the SIP response says nothing more exact (livekit_sip.proto, SIPTransferReason).
_BY_TRANSFER_REASON: Final = {
    "STR_CALL_ENDED": Reason.CALLER_LEFT,
    "STR_REJECTED": Reason.DECLINED,
    "STR_RINGING_TIMEOUT": Reason.NO_ANSWER,
    "STR_CANCELED": Reason.CANCELLED,
}
# Where there was no transfer at all (the Twirp specification's error codes).
_BY_CODE: Final = {
    api.ServerErrorCode.NOT_FOUND: Reason.CALLER_LEFT,
    api.ServerErrorCode.PERMISSION_DENIED: Reason.NOT_PERMITTED,
    api.ServerErrorCode.UNAUTHENTICATED: Reason.NOT_PERMITTED,
    api.ServerErrorCode.INVALID_ARGUMENT: Reason.REQUEST_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Referred:
    """What became of a REFER.

    Attributes:
        reason: COMPLETED when the caller talks to the human; UNKNOWN when no clear answer came, so
            that he may be on his way all the same.
        sip_code: The final SIP response of the human's side, where there was one.
        transfer_id: LiveKit's id of the transfer, for its logs.
    """

    reason: Reason
    sip_code: int | None = None
    transfer_id: str = ""

    @property
    def connected(self) -> bool:
        """Whether the caller talks to the human."""
        return self.reason is Reason.COMPLETED


class SipReferTransfer:
    """Moves the caller in a job's room to a telephone number.

    `domain` is the trunk's own (`<trunk>.zt.plivo.com`): Plivo refuses a REFER to any other host.
    """

    def __init__(self, ctx: JobContext, *, domain: str, identity: str) -> None:
        self._ctx = ctx
        self._domain = domain
        self._identity = identity

    @property
    def caller_is_there(self) -> bool:
        """Whether the caller's leg is still in the room."""
        return self._identity in self._ctx.room.remote_participants

    async def hang_up(self) -> None:
        """End the caller's leg.

        Raises:
            CallGone: It had ended already.
            CarrierUnreachable: No clear answer came.
        """
        who = api.RoomParticipantIdentity(room=self._ctx.room.name, identity=self._identity)
        try:
            await self._ctx.api.room.remove_participant(who)
        except api.ServerError as error:
            if error.code == api.ServerErrorCode.NOT_FOUND:
                raise CallGone("the caller is not in the room any more") from None
            raise CarrierUnreachable("LiveKit did not remove the caller from the room") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CarrierUnreachable("LiveKit gave no clear answer") from error

    async def refer(self, phone: str, *, ring_s: float) -> Referred:
        """Ask for the move and wait for its end, `ring_s` seconds and a little more at most.

        `phone` is a number in E.164 form. A failure is a result; the caller is still in the room.
        """
        request = api.TransferSIPParticipantRequest(
            participant_identity=self._identity,
            room_name=self._ctx.room.name,
            transfer_to=f"sip:+{phone.lstrip('+')}@{self._domain}",
            play_dialtone=True,
        )
        request.ringing_timeout.FromTimedelta(timedelta(seconds=ring_s))
        try:
            answer = await self._ctx.api.sip.transfer_sip_participant(request)
        except api.ServerError as error:
            return _failed(error)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the REFER was not answered: %s", type(error).__name__)
            return Referred(Reason.UNKNOWN)
        return _ended(answer)


def _failed(error: api.ServerError) -> Referred:
    """Read what LiveKit's server says about a transfer that did not come about."""
    told = error.metadata
    code = told.get("sip_status_code", "")
    reason = reason_for(sip_code=code)
    if reason is Reason.UNKNOWN:
        reason = _BY_TRANSFER_REASON.get(told.get("sip_transfer_reason", ""), Reason.UNKNOWN)
    if reason is Reason.UNKNOWN:
        reason = _BY_CODE.get(error.code, Reason.UNKNOWN)
    number = int(code) if code.isascii() and code.isdigit() else None
    return Referred(reason, number, told.get("sip_transfer_id", ""))


def _ended(answer: object) -> Referred:
    """Read the answer of a request that was carried out; older servers say nothing more."""
    transfer_id = str(getattr(answer, "transfer_id", ""))
    status = getattr(answer, "status", None)
    if not transfer_id or status == api.SIPTransferStatus.STS_TRANSFER_SUCCESSFUL:
        return Referred(Reason.COMPLETED, transfer_id=transfer_id)
    why = api.SIPTransferReason.Name(getattr(answer, "reason", 0))
    code = int(getattr(getattr(answer, "sip_status", None), "code", 0)) or None
    reason = reason_for(sip_code=code)
    if reason is Reason.UNKNOWN:
        reason = _BY_TRANSFER_REASON.get(why, Reason.UNKNOWN)
    return Referred(reason, code, transfer_id)
