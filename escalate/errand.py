"""What the machine orders, carried out against the carrier.

Each command is tried once. What the carrier then says goes back into the machine as an event; what
it does not say is found out by a later callback or by the deadline that stands behind every order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypedDict

from escalate.errors import (
    CallGone,
    CarrierError,
    CarrierUnreachable,
    RequestRefused,
    StoreUnavailable,
)
from escalate.follow_up import CallbackPromised, FollowUp, OnFollowUp, VoicemailLeft
from escalate.handoff import Line, introduction
from escalate.handoff.languages import base_of
from escalate.plivo.urls import with_retries
from escalate.settings import Destination
from escalate.transfer import Attempt, Call, Escalation
from escalate.transfer import commands as c
from escalate.transfer import events as e
from escalate.transfer.documents import room_of
from escalate.values import Reason

if TYPE_CHECKING:
    from escalate.exchange import Exchange

log = logging.getLogger("escalate")

OnAlarm = Callable[[str, c.RaiseAlarm], None]


class Errands:
    """Carries out commands for one exchange.

    `on_alarm` is told what an operator should know, `on_follow_up` what a business has to do.
    """

    def __init__(
        self, exchange: Exchange, on_alarm: OnAlarm | None, on_follow_up: OnFollowUp | None
    ) -> None:
        self._exchange = exchange
        self._on_alarm = on_alarm
        self._on_follow_up = on_follow_up

    async def run(self, call: Call, command: c.Command) -> None:
        """Carry out one command for `call`, as it stood when the command was given."""
        match command:
            case c.ReleaseStream():
                await self._release(call)
            case c.MoveCaller():
                await self._move(call)
            case c.StopStream():
                await self._stop_stream(call)
            case c.CallHuman(number):
                await self._call_human(call, number)
            case c.LetHumanGo(number):
                await self._let_human_go(call, number)
            case c.LookForHuman(number):
                await self._look_for_human(call, number)
            case c.Introduce():
                await self._introduce(call)
            case c.CheckCaller():
                await self._check(call)
            case c.RaiseAlarm():
                self._raise_alarm(call, command)
            case c.DeliverMessage():
                await self._deliver(call, command)
            case c.PromiseCallback():
                await self._promise(call)

    async def _release(self, call: Call) -> None:
        """Have the bot put down the media; a bot that is not here is parted from it by request."""
        live = self._exchange.live(call.call_uuid)
        if live is None or not await live.release():
            await self._stop_stream(call)

    async def _stop_stream(self, call: Call) -> None:
        try:
            await self._exchange.plivo.stop_stream(call.call_uuid)
        except CallGone:
            # Either the leg or only its stream is gone; the next deadline finds out which.
            log.debug("call %s: there is no stream to stop", call.call_uuid)

    async def _move(self, call: Call) -> None:
        held = call.open_escalation
        if held is None:
            return
        event: e.Event
        try:
            await self._exchange.plivo.transfer(call.call_uuid, self._exchange.next_url(call))
            event = e.MoveAccepted(held.id)
        except CallGone:
            # Said of a leg that is on a stream it may be wrong.
            alive = await self._exchange.plivo.is_live(call.call_uuid)
            event = e.MoveRefused(held.id) if alive else e.CallerHungUp()
        except RequestRefused as error:
            log.error("call %s: the carrier refused the transfer: %s", call.call_uuid, error)
            event = e.MoveRefused(held.id)
        except CarrierError as error:
            # It may have been carried out. The caller's arrival or the deadline will tell.
            log.warning("call %s: the transfer was not answered: %s", call.call_uuid, error)
            return
        await self._exchange.receive(call.call_uuid, event)

    async def _call_human(self, call: Call, number: int) -> None:
        """Call the human of an attempt, once: even when no answer arrives a phone may ring."""
        held = call.open_escalation
        told = held.attempt(number) if held is not None else None
        if held is None or told not in held.live:
            return
        event = await self._place(call, held, told)
        if event is None:
            return
        after = await self._exchange.receive(call.call_uuid, event)
        if isinstance(event, e.CallPlaced) and after is not None and not _waits_for(after, event):
            await self._let_go(after, held.id, replace(told, request_uuid=event.request_uuid))

    async def _place(self, call: Call, held: Escalation, told: Attempt) -> e.Event | None:
        """Return what became of the request; None: not known, his answer or the deadline tells."""
        settings, escalation, number = self._exchange.settings, held.id, told.number
        destination = settings.find(told.destination)
        if destination is None:
            return e.CallRefused(escalation, number, Reason.INVALID_DESTINATION)
        base = self._exchange.human_url(call.call_uuid, escalation, number)
        asked = destination.outbound_call(
            from_=destination.caller_id or settings.caller_id or "",
            answer_url=with_retries(f"{base}/answer"),
            hangup_url=with_retries(f"{base}/hangup"),
            ring_s=told.ring_s,
            parent_call_uuid=call.call_uuid,
            headers=await self._headers(call, held, destination),
            **_detection(settings.handoff.machine_detection, base),
        )
        try:
            return e.CallPlaced(escalation, number, await self._exchange.plivo.make_call(asked))
        except CallGone:
            return e.CallerHungUp()
        except RequestRefused as error:
            log.error("call %s: the human cannot be called: %s", call.call_uuid, error)
            return e.CallRefused(escalation, number, Reason.NOT_PERMITTED)
        except CarrierUnreachable as error:
            log.warning("call %s: the human may not be called: %s", call.call_uuid, error)
            if error.may_have_happened:
                return None
            return e.CallRefused(escalation, number, Reason.CARRIER_ERROR)

    async def _headers(
        self, call: Call, held: Escalation, destination: Destination
    ) -> Mapping[str, str]:
        """Return the headers of a call to a human; he is called in any case."""
        try:
            briefing = await self._exchange.briefings.of(call, held)
        except StoreUnavailable as error:
            log.warning("call %s: the human is called without context: %s", call.call_uuid, error)
            return destination.headers
        return self._exchange.contexts.headers(destination, call, held, briefing)

    async def _let_human_go(self, call: Call, number: int) -> None:
        held = call.escalation
        told = held.attempt(number) if held is not None else None
        if held is not None and told is not None:
            await self._let_go(call, held.id, told)

    async def _let_go(self, call: Call, escalation: str, told: Attempt) -> None:
        """Stop a phone that rings; tell a human who has answered, and hang up."""
        base = self._exchange.human_url(call.call_uuid, escalation, told.number)
        try:
            if told.leg is not None:
                await self._exchange.plivo.transfer(told.leg, with_retries(f"{base}/answer"))
                if self._exchange.settings.handoff.consult_stream_url is not None:
                    # His stream is played to its end first.
                    await self._exchange.plivo.stop_stream(told.leg)
            elif told.request_uuid is not None:
                await self._exchange.plivo.cancel(told.request_uuid)
        except CallGone:
            log.debug("call %s: the human's leg is gone already", call.call_uuid)

    async def _look_for_human(self, call: Call, number: int) -> None:
        """Find out whether a caller waits in a room for a human who cannot come any more."""
        held, plivo = call.open_escalation, self._exchange.plivo
        told = held.attempt(number) if held is not None else None
        # In this order: had the human been with him, the room would have closed before the look.
        if held is None or told is None or told.leg is None or await plivo.is_live(told.leg):
            return
        if await plivo.members_of(room_of(held.id)) == (call.call_uuid,):
            await self._exchange.receive(call.call_uuid, e.CallerAlone(held.id, number))

    async def _introduce(self, call: Call) -> None:
        """Say in the room who calls and why; without it they talk all the same."""
        held = call.open_escalation
        if held is None:
            return
        say, plivo = self._exchange.settings.say, self._exchange.plivo
        found = await self._exchange.briefings.of(call, held)
        same = base_of(say.language_for(call.language)) == found.language
        wants = introduction(found) if same else ""
        said = say.spoken(Line.INTRODUCTION, language=call.language, slots={"wants": wants})
        room = room_of(held.id)
        if said.recording:
            await plivo.play_in_room(room, said.text)
        else:
            voice = said.voice
            await plivo.speak_in_room(room, said.text, voice=voice.name, language=voice.language)

    async def _check(self, call: Call) -> None:
        held = call.open_escalation
        if held is None:
            return
        alive = await self._exchange.plivo.is_live(call.call_uuid)
        await self._exchange.receive(call.call_uuid, e.CallerChecked(held.id, alive=alive))

    def _raise_alarm(self, call: Call, alarm: c.RaiseAlarm) -> None:
        log.error(
            "call %s: alarm %s reason=%s destination=%s",
            call.call_uuid,
            alarm.alarm,
            alarm.reason,
            alarm.destination,
        )
        if self._on_alarm is not None:
            self._on_alarm(call.call_uuid, alarm)

    async def _deliver(self, call: Call, message: c.DeliverMessage) -> None:
        """Hand over a message; without an address it can be found at the carrier by its id."""
        held = call.escalation
        assert held is not None
        told = message.recording, message.url, message.length_s
        log.info("call %s: voicemail recording=%s", call.call_uuid, message.recording)
        await self._follow_up(call, VoicemailLeft(call.call_uuid, held.id, *told))

    async def _promise(self, call: Call) -> None:
        held = call.escalation
        assert held is not None
        try:
            number = await self._exchange.plivo.caller_of(call.call_uuid)
        except CarrierError as error:
            log.warning("call %s: the caller's number is not known: %s", call.call_uuid, error)
            number = None
        log.info("call %s: callback promised", call.call_uuid)
        await self._follow_up(call, CallbackPromised(call.call_uuid, held.id, number))

    async def _follow_up(self, call: Call, what: FollowUp) -> None:
        webhook = self._exchange.webhook
        if webhook is not None:
            self._exchange.spawn(webhook.follow_up(call, what))
        if self._on_follow_up is None:
            if webhook is None:
                log.error("call %s: nobody follows up: give on_follow_up", what.call_uuid)
            return
        try:
            await self._on_follow_up(what)
        # Somebody else's code. Its message may hold what it was given.
        except Exception as error:
            log.error("call %s: on_follow_up failed: %s", what.call_uuid, type(error).__name__)


class _Detection(TypedDict, total=False):
    """The parameters of Make Call that look for a machine."""

    machine_detection: Literal["true", "hangup"]
    machine_detection_url: str


def _detection(when: Literal["off", "beside", "before"], base: str) -> _Detection:
    """Look for a machine at that time.

    Before the question the carrier hangs up on one by itself. Beside it the carrier only tells us,
    because a human who has said yes meanwhile is a human.
    """
    match when:
        case "before":
            return {"machine_detection": "hangup"}
        case "beside":
            url = with_retries(f"{base}/machine")
            return {"machine_detection": "true", "machine_detection_url": url}
        case "off":
            return {}


def _waits_for(call: Call, placed: e.CallPlaced) -> bool:
    """Whether somebody still waits for the human who has just been called."""
    held = call.open_escalation
    live = held.live if held is not None and held.id == placed.escalation else ()
    return any(one.number == placed.attempt for one in live)
