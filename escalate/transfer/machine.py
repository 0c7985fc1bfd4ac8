"""The one function that walks the table.

`receive(call, event, now)` takes a stored call, something that happened and the time, and gives
back the changed call with the commands to carry out. It performs nothing itself, so a store can
apply it atomically and a test can explore it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from escalate.transfer import events as e
from escalate.transfer.commands import Alarm, CallHuman, Command, RaiseAlarm
from escalate.transfer.model import Attempt, Call, Ending, Escalation, LastResort, Mode, State
from escalate.transfer.moment import Moment
from escalate.transfer.rules import bot_is_lost, consult_further
from escalate.transfer.table import TABLE, Row
from escalate.values import Outcome, Reason


class Received(NamedTuple):
    """The call after an event, what to do now, and whether the event changed anything."""

    call: Call
    commands: tuple[Command, ...]
    changed: bool


def receive(call: Call, event: e.Event, now: float) -> Received:
    """Apply `event`, which happened at `now` (seconds), to `call`.

    Whatever is unknown, late or repeated leaves the call as it is; `changed` tells the two apart.
    """
    if _is_too_late(call, event) or _is_stale(call, event):
        return Received(call, (), changed=False)
    if isinstance(event, e.Requested):
        return _request(call, event, now)
    noted = _note(call, event, now)
    alarms: tuple[Command, ...] = ()
    if isinstance(event, e.CallerArrived) and _needs_rescue(noted, event):
        noted = _open(noted, event.rescue, now, waits=True)
        alarms = (RaiseAlarm(Alarm.BOT_LOST, Reason.STREAM_LOST),)
    after, commands = _walk(noted, event, now)
    return _result(call, after, (*alarms, *commands))


def _request(call: Call, event: e.Requested, now: float) -> Received:
    """Open an escalation; in a warm handoff somebody is called at once."""
    opened = _open(call, event, now)
    held = opened.open_escalation
    if opened == call or held is None or held.mode is not Mode.WARM or not held.plan:
        return _result(call, opened, ())
    asking = consult_further(Moment(opened, replace(held, state=State.CONSULTING), event, now))
    calls = tuple(CallHuman(attempt.number) for attempt in asking.attempts)
    return _result(call, replace(opened, escalation=asking), calls)


def _result(before: Call, after: Call, commands: tuple[Command, ...]) -> Received:
    if after == before:
        return Received(before, commands, changed=False)
    return Received(replace(after, revision=before.revision + 1), commands, changed=True)


def _is_too_late(call: Call, event: e.Event) -> bool:
    """Whether the call has ended and there is nothing more to learn about it."""
    may_bring_a_message = isinstance(event, e.MessageEnded | e.DeadlinePassed)
    return call.ended and not (may_bring_a_message and call.open_escalation is not None)


def _is_stale(call: Call, event: e.Event) -> bool:
    """Whether an event is about another escalation, attempt, deadline or stream than today's."""
    held = call.open_escalation
    match event:
        case e.DeadlinePassed(escalation, deadline):
            return held is None or (escalation, deadline) != (held.id, held.deadline)
        case e.DialEnded(escalation, attempt, connected=True):
            # Two people have talked: that is never too late to be known.
            made = held.attempts if held is not None and held.id == escalation else ()
            return all(attempt != one.number or _did_not_confirm(one) for one in made)
        case e.CallerAlone(escalation, attempt):
            # His line's end may have been told before.
            return held is None or (escalation, attempt) != (held.id, held.claimed_by)
        case e.AttemptEvent(escalation, attempt):
            live = held.live if held is not None and held.id == escalation else ()
            return all(attempt != one.number for one in live)
        case e.RoomClosed(escalation):
            # A caller for whom somebody is dialled has left the room for good.
            current = held.current if held is not None and held.id == escalation else None
            return current is None or current.accepted_at is None
        case e.EscalationEvent(escalation):
            return held is None or escalation != held.id
        case e.CallerArrived(stream) | e.StreamStarted(int(stream)) | e.BotFinished(int(stream)):
            return stream != call.stream
        case _:
            return False


def _did_not_confirm(told: Attempt) -> bool:
    return told.ended_at is not None and told.reason is Reason.NOT_CONFIRMED


def _open(call: Call, event: e.Requested, now: float, *, waits: bool = False) -> Call:
    """Open an escalation, or join the one that is open.

    With nobody to call it ends at once and the caller stays with the bot, unless he `waits` at our
    door already, or may leave a message or be called back.
    """
    known = (call.escalation, *call.past)
    again = any(held is not None and held.id == event.escalation for held in known)
    if call.open_escalation is not None or call.over or again:
        return call
    opened = Escalation(
        id=event.escalation,
        trigger=event.trigger,
        rule=event.rule,
        opened_at=now,
        state=State.ANNOUNCING,
        plan=event.plan,
        give_up_at=now + event.budget_s,
        last_resort=event.last_resort,
        mode=event.mode,
        together=event.together,
        introduce=event.introduce,
        limits=event.limits,
        refusal=Reason.UNKNOWN if event.plan else event.refusal,
        deadline=now + event.limits.announce_s,
    )
    stays = event.last_resort in (LastResort.BOT, LastResort.GOODBYE)
    if not event.plan and not waits and stays:
        refused = Ending(Outcome.REFUSED, event.refusal, now)
        opened = replace(opened, state=State.ENDED, ending=refused, deadline=None)
    past = call.past if call.escalation is None else (*call.past, call.escalation)
    return replace(call, escalation=opened, past=past, language=event.language or call.language)


def _note(call: Call, event: e.Event, now: float) -> Call:
    """Keep what an event says about the call itself, whatever the escalation makes of it."""
    match event:
        case e.StreamStarted():
            return replace(call, stream_since=call.stream_since or now)
        case e.LanguageHeard(language):
            return replace(call, language=language)
        case e.BotFinished() if call.open_escalation is None:
            return replace(call, over=True)
        case e.CallerHungUp() | e.CallerChecked(alive=False):
            return replace(call, ended=True, ended_at=now)
        case e.CallerArrived(stream, rescue):
            lost = _streams_lost(call, now, steady_s=rescue.limits.steady_s)
            return replace(call, stream=stream + 1, stream_since=None, streams_lost=lost)
        case _:
            return call


def _streams_lost(call: Call, now: float, *, steady_s: float) -> int:
    """How often the bot has lost the caller, now that he left the stream."""
    held = call.open_escalation
    with_bot = held is None or held.state in (State.RETURNING, State.CONSULTING)
    sent_away = call.over or not with_bot
    if sent_away:
        return call.streams_lost
    steady = call.stream_since is not None and now - call.stream_since >= steady_s
    return 1 if steady else call.streams_lost + 1


def _needs_rescue(call: Call, event: e.CallerArrived) -> bool:
    """Whether no stream is worth opening any more, and nobody looks after the caller yet."""
    unattended = call.open_escalation is None and not call.over
    return unattended and bot_is_lost(call, event.rescue.limits)


def _walk(call: Call, event: e.Event, now: float) -> tuple[Call, tuple[Command, ...]]:
    """Take the first row that fits."""
    held = call.open_escalation
    if held is None:
        return call, ()
    moment = Moment(call, held, event, now)
    row = _row(moment)
    if row is None:
        return call, ()
    after = replace(row.effect(moment), state=row.to)
    # The human hung up first, or the message is left: it is over, and the leg asks what is next.
    asks_next = isinstance(event, e.DialEnded | e.RoomClosed | e.MessageEnded)
    over = call.over or (row.to is State.ENDED and asks_next)
    return replace(call, escalation=after, over=over), row.orders(moment)


def _row(moment: Moment) -> Row | None:
    fits = (
        row
        for row in TABLE
        if row.state is moment.escalation.state
        and isinstance(moment.event, row.on)
        and row.when(moment)
    )
    return next(fits, None)
