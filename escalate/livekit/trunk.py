"""A switchboard for callers who come over a SIP trunk alone: no XML, no API of Plivo's, but REFER.

The rules are those of every other call; only how they are carried out differs. The caller stays
with the bot, who is silent, until a human has answered; so nobody has to be brought back.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Self

from livekit import rtc
from livekit.agents import JobContext

from escalate.errand import Errands, OnAlarm
from escalate.errors import RequestRefused
from escalate.exchange import Exchange
from escalate.live_call import LiveCall
from escalate.livekit.refer import SipReferTransfer
from escalate.plivo.client import PlivoClient
from escalate.settings import Settings
from escalate.transfer import Attempt, Call, DocumentOwner, State
from escalate.transfer import events as e
from escalate.values import Reason

CALL_ID: Final = "sip.callID"
"""The attribute that holds LiveKit's own id of the caller's leg."""


class TrunkSwitchboard(Exchange):
    """Connects one caller in a LiveKit room with a human by REFER.

        board = await TrunkSwitchboard.in_room(ctx, load_settings())
        desk = EscalationTools(board.caller())

    It lives as long as its job, and the job as long as a REFER that is under way.
    """

    def __init__(
        self,
        settings: Settings,
        transfer: SipReferTransfer,
        call_id: str,
        *,
        on_alarm: OnAlarm | None = None,
        **more: Any,
    ) -> None:
        """Serve the caller whose leg LiveKit calls `call_id`; `more` as for every exchange."""
        super().__init__(settings, plivo=_Room(transfer), on_alarm=on_alarm, **more)
        self._errands = _Referrals(self, transfer, on_alarm)
        self._call_id = call_id

    @classmethod
    async def in_room(cls, ctx: JobContext, settings: Settings, **more: Any) -> Self:
        """Wait for the caller to join the job's room, and serve him.

        Raises:
            ValueError: The settings name no `refer_domain`.
        """
        if settings.refer_domain is None:
            raise ValueError("set refer_domain to the domain of the trunk, <trunk>.zt.plivo.com")
        kinds: Any = [rtc.ParticipantKind.PARTICIPANT_KIND_SIP]
        caller = await ctx.wait_for_participant(kind=kinds)
        transfer = SipReferTransfer(ctx, domain=settings.refer_domain, identity=caller.identity)
        board = cls(settings, transfer, caller.attributes[CALL_ID], **more)
        ctx.add_shutdown_callback(board.close)
        return board

    def caller(self) -> LiveCall:
        """Return the handle on the caller's conversation."""
        return self.call(self._call_id)

    async def close(self) -> None:
        """Wait for a REFER under way, whose end also ends the leg; then let go of the store."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.settings.handoff.budget_s)
        await self.__aexit__(None, None, None)

    async def adopt(self, call_uuid: str) -> Call:
        """Return the call; the caller in the room is known by being there."""
        await self.ready()
        known = await self.store.load(call_uuid)
        return known or await self._begin(call_uuid, DocumentOwner.THEIRS)


class _Referrals(Errands):
    """Carries out the rules' commands with REFER in place of Plivo's API."""

    def __init__(
        self, exchange: Exchange, transfer: SipReferTransfer, on_alarm: OnAlarm | None
    ) -> None:
        super().__init__(exchange, on_alarm, None)
        self._transfer = transfer

    async def _move(self, call: Call) -> None:
        """Try one human after the other while the caller stays where he is."""
        now: Call | None = await self._exchange.receive(
            call.call_uuid, self._exchange.arrived(call.stream)
        )
        while now is not None and (attempt := _ringing(now)) is not None:
            now = await self._ring(now, attempt)
        held = now.open_escalation if now is not None else None
        if held is not None and held.state is State.RETURNING:
            await self._exchange.receive(call.call_uuid, e.StreamStarted())

    async def _ring(self, call: Call, attempt: Attempt) -> Call | None:
        """Refer the caller to one human, and report what became of it."""
        held = call.open_escalation
        destination = self._exchange.settings.find(attempt.destination)
        assert held is not None
        if destination is None or destination.phone is None:
            reason = Reason.INVALID_DESTINATION
        else:
            told = await self._transfer.refer(destination.phone, ring_s=attempt.ring_s)
            reason = told.reason
        event: e.Event = e.DialEnded(
            held.id, attempt.number, connected=reason is Reason.COMPLETED, reason=reason
        )
        if reason is Reason.CALLER_LEFT or not self._may_go_on(reason):
            event = e.CallerHungUp()
        return await self._exchange.receive(call.call_uuid, event)

    def _may_go_on(self, reason: Reason) -> bool:
        """Whether the caller is still there to be given to somebody else."""
        return reason is Reason.COMPLETED or self._transfer.caller_is_there


def _ringing(call: Call) -> Attempt | None:
    held = call.open_escalation
    return held.current if held is not None and held.state is State.RINGING else None


class _Room(PlivoClient):
    """Stands where Plivo's API does: what the rules ask of it is done in the room."""

    def __init__(self, transfer: SipReferTransfer) -> None:
        self._transfer = transfer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def transfer(self, call_uuid: str, aleg_url: str) -> None:
        raise RequestRefused("a trunk knows no documents", status=501)

    async def hang_up(self, call_uuid: str) -> None:
        await self._transfer.hang_up()

    async def stop_stream(self, call_uuid: str) -> None:
        """There is none."""

    async def is_live(self, call_uuid: str) -> bool:
        return self._transfer.caller_is_there
