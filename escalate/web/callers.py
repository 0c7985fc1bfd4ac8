"""The routes of the caller's leg: what it asks for next, and what is reported about it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from escalate.errors import ForgedCallback
from escalate.exchange import Exchange
from escalate.plivo.addresses import same_destination
from escalate.plivo.callbacks import (
    parse_conference_event,
    parse_dial_ended,
    parse_dial_event,
    parse_recording,
    parse_stream_event,
)
from escalate.transfer import Attempt, Call, Escalation
from escalate.transfer import events as e
from escalate.transfer.documents import document_for
from escalate.values import Reason
from escalate.web.requests import Callback, Step


class CallerRoutes:
    """One method per route: each turns a callback into an event."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    # --- executed by Plivo ------------------------------------------------------------------

    async def answer(self, _: Request, callback: Callback) -> Step | None:
        """A call came in: the caller meets the bot."""
        return _next(await self._exchange.answered(callback.form["CallUUID"]))

    async def arrive(self, request: Request, callback: Callback) -> Step | None:
        """The caller's leg left its stream."""
        event = self._exchange.arrived(int(callback.form["stream"]))
        return _next(await self._exchange.receive(_call_uuid(request, callback), event))

    async def dial_ended(self, request: Request, callback: Callback) -> Step | None:
        """The Dial is over."""
        if "missing" in request.query_params:
            connected, reason, name, code = False, Reason.INVALID_DESTINATION, None, None
        else:
            told = parse_dial_ended(callback.form)
            connected, reason = told.connected, told.reason
            name, code = told.cause_name, told.cause_code
        escalation, number = request.path_params["escalation"], request.path_params["attempt"]
        certain = True
        if connected:
            number, certain = _talked(await self._held(request, callback), number)
        event = e.DialEnded(
            escalation,
            number,
            connected=connected,
            reason=reason,
            cause_name=name,
            cause_code=code,
            certain=certain,
        )
        return _next(await self._exchange.receive(_call_uuid(request, callback), event))

    async def room_closed(self, request: Request, callback: Callback) -> Step | None:
        """The room is over for the caller."""
        event = e.RoomClosed(request.path_params["escalation"])
        return _next(await self._exchange.receive(_call_uuid(request, callback), event))

    async def message_ended(self, request: Request, callback: Callback) -> Step | None:
        """The caller has left a message, or nothing could be recorded."""
        return _next(await self._exchange.receive(*_message(request, callback)))

    # --- reported by Plivo ------------------------------------------------------------------

    async def progress(self, request: Request, callback: Callback) -> None:
        """The dialled human's leg did something."""
        told = parse_dial_event(callback.form)
        held, number = await self._held(request, callback), request.path_params["attempt"]
        ids = request.path_params["escalation"], self._called(held, number, told.b_leg_to)
        event: e.Event
        match told.action:
            case "answer":
                event = e.HumanAnswered(*ids)
            case "connected":
                event = e.HumanConnected(*ids)
            case "hangup":
                event = e.HumanLegEnded(*ids, told.reason, told.cause_name, told.cause_code)
            case _:
                return
        await self._exchange.receive(_call_uuid(request, callback), event)

    def _called(self, held: Escalation | None, first: int, address: str) -> int:
        """Return which of the attempts dialled together with the `first` has this address."""
        for one in _dialled_with(held, first):
            place = self._exchange.settings.find(one.destination)
            if place is not None and same_destination(place.address, address):
                return one.number
        return first

    async def _held(self, request: Request, callback: Callback) -> Escalation | None:
        call = await self._exchange.store.load(_call_uuid(request, callback))
        return call.find(request.path_params["escalation"]) if call is not None else None

    async def room_progress(self, request: Request, callback: Callback) -> None:
        """The caller went into the room."""
        if parse_conference_event(callback.form).action == "enter":
            event = e.CallerEntered(request.path_params["escalation"])
            await self._exchange.receive(_call_uuid(request, callback), event)

    async def message_kept(self, request: Request, callback: Callback) -> None:
        """A message can be had; of a caller who hung up this may be the only word."""
        await self._exchange.receive(*_message(request, callback))

    async def stream(self, request: Request, callback: Callback) -> None:
        """The media stream started or ended; only the start says something we need."""
        if parse_stream_event(callback.form).started:
            event = e.StreamStarted(request.path_params["stream"])
            await self._exchange.receive(_call_uuid(request, callback), event)

    async def hang_up(self, _: Request, callback: Callback) -> None:
        """The caller's leg ended."""
        await self._exchange.receive(callback.form["CallUUID"], e.CallerHungUp())


def _message(request: Request, callback: Callback) -> tuple[str, e.MessageEnded]:
    told = parse_recording(callback.form)
    escalation = request.path_params["escalation"]
    event = e.MessageEnded(escalation, told.recording, told.url, told.length_s)
    return _call_uuid(request, callback), event


def _dialled_with(held: Escalation | None, first: int) -> tuple[Attempt, ...]:
    """Return the attempts that began with the `first`: those of one Dial, where several ring."""
    if held is None or not held.together:
        return ()
    begun = held.attempt(first)
    return tuple(
        one for one in held.attempts if begun is not None and one.started_at == begun.started_at
    )


# What is known of one who was on, or of whom nothing is known.
_NO_FAILURE: Final = (None, Reason.COMPLETED, Reason.UNKNOWN)


def _talked(held: Escalation | None, first: int) -> tuple[int, bool]:
    """Return which attempt a Dial was about that ended a conversation, and whether we know that."""
    rang = _dialled_with(held, first)
    on = [one.number for one in rang if one.connected_at is not None]
    left = [one for one in rang if one.reason in _NO_FAILURE]
    picked_up = [one.number for one in left if one.answered_at is not None]
    may_be = on or picked_up or [one.number for one in left] or [first]
    return may_be[0], len(may_be) == 1


def _next(call: Call | None) -> Step | None:
    return None if call is None else Step(call, document_for(call), call.language)


def _call_uuid(request: Request, callback: Callback) -> str:
    """Return the call the URL is about.

    Raises:
        ForgedCallback: The signed fields name another call: the URL was taken from elsewhere.
    """
    call_uuid = str(request.path_params["call_uuid"])
    if not callback.names(call_uuid):
        raise ForgedCallback("the request is about another call than its URL")
    return call_uuid
