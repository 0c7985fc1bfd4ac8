"""What the rows of the table are made of: guards, effects and orders, each a small function.

A guard looks, an effect returns the changed escalation, an order names what somebody has to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from escalate.transfer import events as e
from escalate.transfer.commands import (
    Alarm,
    CallHuman,
    CheckCaller,
    Command,
    DeliverMessage,
    Introduce,
    LetHumanGo,
    LookForHuman,
    PromiseCallback,
    RaiseAlarm,
)
from escalate.transfer.model import (
    Call,
    DocumentOwner,
    Ending,
    Escalation,
    LastResort,
    Limits,
    Mode,
)
from escalate.transfer.moment import Moment, human_is_known, leg_of, reason_of
from escalate.transfer.outcomes import MEANINGS
from escalate.transfer.trying import (
    begin,
    close,
    ending,
    is_promising,
    look_at,
    to_be_called,
    without_the_ended,
    without_who_left,
    won_by,
)
from escalate.values import Outcome, Reason

# So often a caller is looked for who may be in a conversation of which no report has come.
_MAY_TALK_TIMES: Final = 10

Guard = Callable[[Moment], bool]
Effect = Callable[[Moment], Escalation]
Orders = Callable[[Moment], tuple[Command, ...]]


# --- guards -------------------------------------------------------------------------------------


def always(_: Moment) -> bool:
    """No condition."""
    return True


def document_is_ours(m: Moment) -> bool:
    """Leaving the stream is enough: a Redirect to us follows it."""
    return m.call.document is DocumentOwner.OURS


def somebody_left_to_call(m: Moment) -> bool:
    """A destination is left, and so is some of the caller's patience."""
    return bool(to_be_called(without_the_ended(m), m.now))


def somebody_may_accept(m: Moment) -> bool:
    """Somebody else is called, can be called, or has asked to be called again."""
    return is_promising(without_the_ended(m), m.now)


def bot_takes_over(m: Moment) -> bool:
    """The caller may go back to the bot, and the bot is not lost."""
    return m.escalation.last_resort is LastResort.BOT and not bot_is_lost(m.call, m.limits)


def bot_lets_him_go(m: Moment) -> bool:
    """He is with the bot, and what was promised him in the settings is elsewhere."""
    return m.escalation.last_resort in (LastResort.VOICEMAIL, LastResort.CALLBACK)


def message_was_left(m: Moment) -> bool:
    """The carrier has kept what the caller said."""
    return isinstance(m.event, e.MessageEnded) and m.event.recording is not None


def message_was_asked_for(m: Moment) -> bool:
    """He is to leave a message."""
    return m.escalation.last_resort is LastResort.VOICEMAIL


def message_may_follow(m: Moment) -> bool:
    """A caller who was asked for a message has gone; whether he left one is told in a moment."""
    return m.call.ended and message_was_asked_for(m)


def call_has_ended(m: Moment) -> bool:
    """The caller has gone."""
    return m.call.ended


def human_waits(m: Moment) -> bool:
    """A human has accepted, and nobody else may have the caller."""
    return m.escalation.claimed_by is not None


def introduction_is_due(m: Moment) -> bool:
    """Both are to hear of one another, and this is the first word that one of them is there."""
    caller = isinstance(m.event, e.CallerEntered)
    known = m.attempt.joined_at if caller else m.attempt.entered_at
    return m.escalation.introduce and m.attempt.accepted_at is not None and known is None


def human_was_called_first(m: Moment) -> bool:
    """Caller and human meet in a room."""
    return m.attempt.accepted_at is not None


def human_left_at_once(m: Moment) -> bool:
    """They were together for no longer than a line takes to fail."""
    met_at, left_at = m.attempt.connected_at, m.attempt.ended_at or m.now
    return met_at is None or left_at - met_at < m.limits.at_once_s


def never_talked(m: Moment) -> bool:
    """Caller and human were on their way into a room, in which nobody could say a word."""
    return human_was_called_first(m) and human_left_at_once(m)


def human_left_at_once_but_more(m: Moment) -> bool:
    """As before, and somebody is left to call."""
    return human_left_at_once(m) and somebody_left_to_call(m)


def human_left_at_once_but_bot(m: Moment) -> bool:
    """As before, and the bot can take over."""
    return human_left_at_once(m) and bot_takes_over(m)


def late_once_unmoved(m: Moment) -> bool:
    """Late for the first time, and the carrier never confirmed the move it has to make."""
    return late_once(m) and not document_is_ours(m) and not m.escalation.move_accepted


def late_once(m: Moment) -> bool:
    """Late for the first time."""
    return m.escalation.nudges == 0


def late_twice(m: Moment) -> bool:
    """Late although it was helped along once."""
    return m.escalation.nudges == 1


def late_thrice(m: Moment) -> bool:
    """Late for the third time, and the caller is still there."""
    return m.escalation.nudges == 2


def caller_is_gone(m: Moment) -> bool:
    """The carrier knows no such leg any more."""
    return isinstance(m.event, e.CallerChecked) and not m.event.alive


def caller_is_there(m: Moment) -> bool:
    """The carrier still knows the leg."""
    return isinstance(m.event, e.CallerChecked) and m.event.alive


def return_went_unreported(m: Moment) -> bool:
    """The caller is there long after he was sent back: the reports of his stream were lost."""
    return caller_is_there(m) and m.escalation.nudges > 0


def dial_vanished(m: Moment) -> bool:
    """The caller is there and the human's phone rings no more, but the Dial never said so.

    A request that reached the carrier late can take the caller out of his Dial. A human who was on
    the line is another matter: the caller may have talked with him, and only the Dial knows.
    """
    live = m.escalation.live
    failed = [one for one in live if one.reason not in (None, Reason.COMPLETED)]
    # Of phones that ring together one may fail by itself; the others stop in their time.
    all_silent = len(failed) == len(live) or all(one.due_at <= m.now for one in live)
    picked_up = any(one.answered_at is not None for one in live)
    return bool(failed) and all_silent and not picked_up and caller_is_there(m)


def dial_vanished_and_somebody_is_left(m: Moment) -> bool:
    """Out of his Dial, the caller can be sent to the next human."""
    return dial_vanished(m) and somebody_left_to_call(m)


def dial_vanished_and_bot_takes_over(m: Moment) -> bool:
    """Out of his Dial, the caller can only go back."""
    return dial_vanished(m) and bot_takes_over(m)


def bot_is_lost(call: Call, limits: Limits) -> bool:
    """The stream broke more often than it is worth opening again."""
    return call.streams_lost > limits.streams


# --- effects ------------------------------------------------------------------------------------


def unchanged(m: Moment) -> Escalation:
    """Nothing but the state."""
    return m.escalation


def wait_for_the_move(m: Moment) -> Escalation:
    """Look after the caller when he does not arrive."""
    return replace(m.escalation, nudges=0, deadline=m.now + m.limits.move_s)


def nudge(m: Moment) -> Escalation:
    """Remember that the step was helped along."""
    return replace(m.escalation, nudges=m.escalation.nudges + 1, deadline=m.now + m.limits.move_s)


def look_again_later(m: Moment) -> Escalation:
    """Ask the carrier again in a while, should nothing be heard."""
    return replace(m.escalation, deadline=m.now + m.limits.look_again_s)


def look_for_him_once(m: Moment) -> Escalation:
    """Ask the carrier, and remember that this was late."""
    return replace(look_again_later(m), nudges=m.escalation.nudges + 1)


def move_is_accepted(m: Moment) -> Escalation:
    """Remember that the carrier will move the leg when the stream ends."""
    return replace(m.escalation, move_accepted=True)


def ring_the_next(m: Moment) -> Escalation:
    """Begin the next leg of the plan, or all together, in a document of the caller's."""
    held = begin(without_who_left(m), m.now)
    return replace(held, nudges=0, deadline=max(one.due_at for one in held.live))


def consult_further(m: Moment) -> Escalation:
    """Go on without the humans who will not come, and call those who may."""
    held = begin(without_the_ended(m), m.now)
    return replace(held, nudges=0, deadline=look_at(held, m.now))


def human_picked_up(m: Moment) -> Escalation:
    """Note the time; the credentials of this attempt have done their work."""
    answered_at = m.attempt.answered_at or m.now
    told = replace(m.attempt, touched=True, answered_at=answered_at, leg=leg_of(m))
    return m.escalation.with_attempt(told)


def human_is_asked(m: Moment) -> Escalation:
    """Give the human time to hear the briefing and to answer, once."""
    held = human_picked_up(m)
    told = held.attempts[m.attempt.number - 1]
    if m.attempt.answered_at is not None:
        return held
    held = held.with_attempt(replace(told, due_at=m.now + m.limits.brief_s))
    return replace(held, deadline=look_at(held, m.now))


def remember_request(m: Moment) -> Escalation:
    """Keep the carrier's name for the call, by which it can be taken back."""
    placed = m.event
    if not isinstance(placed, e.CallPlaced):
        raise ValueError(f"{type(placed).__name__} places no call")
    return m.escalation.with_attempt(replace(m.attempt, request_uuid=placed.request_uuid))


def give_to_the_acceptor(m: Moment) -> Escalation:
    """The human who accepts first has the caller; he is brought once the human is in the room."""
    return replace(won_by(m), deadline=m.now + m.limits.join_s)


def human_is_in(m: Moment) -> Escalation:
    """Now the caller may be told and moved."""
    if m.attempt.entered_at is not None:
        return m.escalation
    told = replace(m.attempt, entered_at=m.now)
    return replace(m.escalation.with_attempt(told), deadline=m.now + m.limits.announce_s)


def one_more_is_in(m: Moment) -> Escalation:
    """Note who of the two is in the room."""
    if isinstance(m.event, e.CallerEntered):
        return m.escalation.with_attempt(replace(m.attempt, joined_at=m.now))
    return m.escalation.with_attempt(replace(m.attempt, entered_at=m.now))


def meet(m: Moment) -> Escalation:
    """Both are on their way into the same room."""
    held = m.escalation.with_attempt(replace(m.attempt, connected_at=m.now))
    return replace(held, nudges=0, deadline=m.now + m.limits.meet_s)


def never_met(m: Moment) -> Escalation:
    """Nobody is with the caller, nor was: he has to be brought out of the room."""
    gone = replace(m.attempt, connected_at=None, ended_at=m.attempt.ended_at or m.now)
    reason = gone.reason or reason_of(m)
    held = m.escalation.with_attempt(replace(gone, reason=reason))
    return replace(held, deadline=m.now + m.limits.move_s)


def let_go_of_the_human(m: Moment) -> Escalation:
    """The human who had accepted is gone; the caller is nobody's again."""
    return without_the_ended(m)


def human_leg_ended(m: Moment) -> Escalation:
    """Note why; the Dial itself reports a moment later, or somebody looks after the caller."""
    event = m.event
    if not isinstance(event, e.HumanLegEnded):
        raise ValueError(f"{type(event).__name__} does not end a leg")
    held = m.escalation
    told = {one.number for one in held.live if one.reason is not None}
    if event.attempt not in told and {event.attempt, *told} >= {one.number for one in held.live}:
        held = replace(held, deadline=m.now + m.limits.ring_slack_s)
    return held.with_attempt(
        replace(
            m.attempt,
            touched=True,
            reason=event.reason,
            cause_name=event.cause_name,
            cause_code=event.cause_code,
        )
    )


def human_left(m: Moment) -> Escalation:
    """Note why; of a human who was in a room also when, for the room itself may close later."""
    held = human_leg_ended(m)
    if m.attempt.accepted_at is None:
        return held
    left = held.attempts[m.attempt.number - 1]
    # Who has left before the caller came has closed no room, so that somebody has to look.
    soon = min(held.deadline or m.now, m.now + m.limits.meet_s)
    held = replace(held, deadline=soon)
    return held.with_attempt(replace(left, ended_at=left.ended_at or m.now))


def claim_the_caller(m: Moment) -> Escalation:
    """Give the caller to this attempt; nobody else may be bridged to him."""
    won = replace(m.attempt, touched=True, connected_at=m.now)
    held = close(m, ending(m)).with_attempt(won)
    deadline = m.now + m.limits.look_again_s
    return replace(held, claimed_by=won.number, nudges=0, deadline=deadline)


def send_back(m: Moment) -> Escalation:
    """Wait for the caller's stream to reach the bot."""
    return replace(without_who_left(m), nudges=0, deadline=m.now + m.limits.return_s)


def expect_back(m: Moment) -> Escalation:
    """Wait for him longer: his leg has not asked for anything, so that he may be talking yet."""
    return replace(send_back(m), nudges=-_MAY_TALK_TIMES)


def say_goodbye(m: Moment) -> Escalation:
    """Wait for the goodbye to be spoken."""
    return replace(without_who_left(m), nudges=0, deadline=m.now + m.limits.goodbye_s)


def wait_for_the_message(m: Moment) -> Escalation:
    """What a caller said who hangs up while he is recorded reaches us after him."""
    return replace(m.escalation, deadline=m.now + m.limits.message_s)


def goodbye_instead(m: Moment) -> Escalation:
    """Nothing was kept of what he said, so all that is left is a goodbye."""
    return replace(say_goodbye(m), last_resort=LastResort.GOODBYE)


def tell_him_so(m: Moment) -> Escalation:
    """Let the bot tell the caller that nobody can be reached, before it lets him go."""
    return replace(without_the_ended(m), nudges=0, deadline=m.now + m.limits.announce_s)


def settle(outcome: Outcome, reason: Reason | None = None) -> Effect:
    """End the escalation: the only place where an ending is written."""

    def effect(m: Moment) -> Escalation:
        held = without_the_ended(m)
        last = max(held.attempts, key=lambda one: (one.ended_at or 0.0, one.number), default=None)
        why = reason or (last.reason if last and last.reason else Reason.UNKNOWN)
        known = outcome is Outcome.CONNECTED and human_is_known(m)
        where = m.attempt.destination if known else None
        return replace(held, ending=Ending(outcome, why, m.now, where), deadline=None)

    effect.__doc__ = f"End as {outcome}."
    return effect


def settle_as_promised(m: Moment) -> Escalation:
    """End as what the caller was told last."""
    promised = m.escalation.last_resort is LastResort.CALLBACK
    return settle(Outcome.CALLBACK if promised else Outcome.GOODBYE)(m)


# --- orders -------------------------------------------------------------------------------------


def nothing(_: Moment) -> tuple[Command, ...]:
    """Nobody has to do anything."""
    return ()


def order(*commands: Command) -> Orders:
    """The same commands whatever the moment."""
    return lambda _: commands


def alarm_if_broken(m: Moment) -> tuple[Command, ...]:
    """An attempt that no caller can get through needs an operator."""
    closed = close(m, ending(m)).attempts
    ended = [(closed[told.number - 1].reason, told.destination) for told in ending(m)]
    return tuple(
        RaiseAlarm(Alarm.DESTINATION_MISCONFIGURED, reason, destination)
        for reason, destination in ended
        if reason is not None and MEANINGS[reason].alarm
    )


def promise(m: Moment) -> tuple[Command, ...]:
    """Whoever is promised a call has to get one."""
    return (PromiseCallback(),) if m.escalation.last_resort is LastResort.CALLBACK else ()


def promise_and_alarm(m: Moment) -> tuple[Command, ...]:
    """As before, where an attempt has just failed."""
    return (*alarm_if_broken(m), *promise(m))


def deliver_the_message(m: Moment) -> tuple[Command, ...]:
    """The application gets what the caller said."""
    told = m.event
    if not isinstance(told, e.MessageEnded) or told.recording is None:
        raise ValueError(f"{type(told).__name__} holds no message")
    return (DeliverMessage(told.recording, told.url, told.length_s),)


def call_more(m: Moment) -> tuple[Command, ...]:
    """Call the humans of the attempts that begin."""
    first = len(m.escalation.attempts) + 1
    count = len(to_be_called(without_the_ended(m), m.now))
    return (*alarm_if_broken(m), *(CallHuman(first + i) for i in range(count)))


def call_more_instead(m: Moment) -> tuple[Command, ...]:
    """The same, and stop calling those whose time is over."""
    return (*(LetHumanGo(told.number) for told in ending(m)), *call_more(m))


def look_for_both(m: Moment) -> tuple[Command, ...]:
    """Ask whether the caller is there, and whether anybody is there for him."""
    return (LookForHuman(m.attempt.number), CheckCaller())


def let_the_others_go(m: Moment) -> tuple[Command, ...]:
    """Stop calling those who lost the caller to the human who accepts."""
    return tuple(c for c in part(m) if c != LetHumanGo(m.attempt.number))


def part(m: Moment) -> tuple[Command, ...]:
    """Let go of the humans whom we have called and who are not wanted any more."""
    if m.escalation.mode is not Mode.WARM:
        return ()
    return tuple(LetHumanGo(told.number) for told in m.escalation.live)


def part_and(*commands: Command) -> Orders:
    """The same commands whatever the moment, and no human left behind."""
    return lambda m: (*commands, *part(m))


def introduce(m: Moment) -> tuple[Command, ...]:
    """Tell them of one another once the second of them is in, if nobody has left."""
    now = one_more_is_in(m).attempts[m.attempt.number - 1]
    both = now.joined_at is not None and now.entered_at is not None
    return (Introduce(),) if both and now.ended_at is None else ()


def alarm_of_the_gone(m: Moment) -> tuple[Command, ...]:
    """A human who accepts and is gone at once has a line or a telephone that is broken."""
    where = m.attempt.destination
    return (RaiseAlarm(Alarm.HUMAN_LEFT_AT_ONCE, reason_of(m), where), *part(m))


def alarm_of_the_gone_and_promise(m: Moment) -> tuple[Command, ...]:
    """As before, where a call back is all that is left for the caller."""
    return (*alarm_of_the_gone(m), *promise(m))
