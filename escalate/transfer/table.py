"""The life of an escalation, as data. If you ask "what happens when...", the answer is a row.

The first row whose state, event and guard fit is taken. An event without a row changes nothing:
that is how the carrier's surprises (twice, late, out of order, unknown) are meant to end.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from escalate.transfer import events as e
from escalate.transfer import rules as r
from escalate.transfer.commands import (
    Alarm,
    CheckCaller,
    MoveCaller,
    RaiseAlarm,
    ReleaseStream,
    StopStream,
)
from escalate.transfer.model import State
from escalate.transfer.moment import human_was_on
from escalate.values import Outcome, Reason


class Row(NamedTuple):
    """In `state`, on `on`, if `when` holds: go `to`, change by `effect`, give `orders`."""

    state: State
    on: type[e.Event]
    to: State
    when: r.Guard = r.always
    effect: r.Effect = r.unchanged
    orders: r.Orders = r.nothing


CONSULTING, JOINING, ANNOUNCING, MOVING, RINGING, CONNECTED, RETURNING, LEAVING, ENDED = State

LEFT = r.settle(Outcome.CALLER_LEFT, Reason.CALLER_LEFT)
TALKED = r.settle(Outcome.CONNECTED, Reason.COMPLETED)
RELEASE = r.order(ReleaseStream())
MOVE = r.order(MoveCaller())
STOP = r.order(StopStream())
CHECK = r.order(CheckCaller())
NOBODY = r.settle(Outcome.RETURNED)
TAKEN_BACK = r.settle(Outcome.CANCELLED, Reason.RETRACTED)

# fmt: off
TABLE: Final[tuple[Row, ...]] = (
    # Warm: a human is called and asked first. The caller stays with the bot until one accepts, so
    # every failure here leaves him where he is.
    Row(CONSULTING, e.CallPlaced, CONSULTING, r.always, r.remember_request),
    Row(CONSULTING, e.HumanAnswered, CONSULTING, r.always, r.human_is_asked),
    Row(CONSULTING, e.HumanAccepted, JOINING, r.always, r.give_to_the_acceptor,
        r.let_the_others_go),
    Row(CONSULTING, e.MachineAnswered, CONSULTING, r.somebody_may_accept, r.consult_further,
        r.call_more_instead),
    Row(CONSULTING, e.MachineAnswered, ANNOUNCING, r.bot_lets_him_go, r.tell_him_so, r.part),
    Row(CONSULTING, e.MachineAnswered, ENDED, r.always, NOBODY, r.part),
    Row(CONSULTING, e.CallRefused, CONSULTING, r.somebody_may_accept, r.consult_further,
        r.call_more),
    Row(CONSULTING, e.CallRefused, ANNOUNCING, r.bot_lets_him_go, r.tell_him_so, r.alarm_if_broken),
    Row(CONSULTING, e.CallRefused, ENDED, r.always, NOBODY, r.alarm_if_broken),
    Row(CONSULTING, e.HumanDeclined, CONSULTING, r.somebody_may_accept, r.consult_further,
        r.call_more),
    Row(CONSULTING, e.HumanDeclined, ANNOUNCING, r.bot_lets_him_go, r.tell_him_so),
    Row(CONSULTING, e.HumanDeclined, ENDED, r.always, NOBODY),
    Row(CONSULTING, e.HumanLegEnded, CONSULTING, r.somebody_may_accept, r.consult_further,
        r.call_more),
    Row(CONSULTING, e.HumanLegEnded, ANNOUNCING, r.bot_lets_him_go, r.tell_him_so,
        r.alarm_if_broken),
    Row(CONSULTING, e.HumanLegEnded, ENDED, r.always, NOBODY, r.alarm_if_broken),
    Row(CONSULTING, e.DeadlinePassed, CONSULTING, r.somebody_may_accept, r.consult_further,
        r.call_more_instead),
    Row(CONSULTING, e.DeadlinePassed, ANNOUNCING, r.bot_lets_him_go, r.tell_him_so, r.part),
    Row(CONSULTING, e.DeadlinePassed, ENDED, r.always, NOBODY, r.part),
    Row(CONSULTING, e.Retracted, ENDED, r.always, TAKEN_BACK, r.part),
    Row(CONSULTING, e.CallerHungUp, ENDED, r.always, LEFT, r.part),

    # A human has accepted and goes into the room; the caller is told and then let go by the bot.
    Row(JOINING, e.HumanEntered, JOINING, r.always, r.human_is_in),
    Row(JOINING, e.AnnouncementEnded, MOVING, r.document_is_ours, r.wait_for_the_move, RELEASE),
    Row(JOINING, e.AnnouncementEnded, MOVING, r.always, r.wait_for_the_move, MOVE),
    Row(JOINING, e.DeadlinePassed, MOVING, r.document_is_ours, r.wait_for_the_move, STOP),
    Row(JOINING, e.DeadlinePassed, MOVING, r.always, r.wait_for_the_move, MOVE),
    Row(JOINING, e.CallerArrived, CONNECTED, r.always, r.meet),
    Row(JOINING, e.HumanLegEnded, CONSULTING, r.somebody_may_accept, r.consult_further,
        r.call_more),
    Row(JOINING, e.HumanLegEnded, ANNOUNCING, r.bot_lets_him_go, r.tell_him_so),
    Row(JOINING, e.HumanLegEnded, ENDED, r.always, NOBODY),
    Row(JOINING, e.Retracted, ENDED, r.always, TAKEN_BACK, r.part),
    Row(JOINING, e.CallerHungUp, ENDED, r.always, LEFT, r.part),

    # The bot tells the caller that a human will take over. Until he moves he may change his mind;
    # a stream that breaks here has brought him to our door already.
    Row(ANNOUNCING, e.AnnouncementEnded, MOVING, r.document_is_ours, r.wait_for_the_move, RELEASE),
    Row(ANNOUNCING, e.AnnouncementEnded, MOVING, r.always, r.wait_for_the_move, MOVE),
    Row(ANNOUNCING, e.DeadlinePassed, MOVING, r.document_is_ours, r.wait_for_the_move, STOP),
    Row(ANNOUNCING, e.DeadlinePassed, MOVING, r.always, r.wait_for_the_move, MOVE),
    Row(ANNOUNCING, e.CallerArrived, RINGING, r.somebody_left_to_call, r.ring_the_next),
    Row(ANNOUNCING, e.CallerArrived, RETURNING, r.bot_takes_over, r.send_back),
    Row(ANNOUNCING, e.CallerArrived, LEAVING, r.always, r.say_goodbye, r.promise),
    Row(ANNOUNCING, e.Retracted, ENDED, r.always, TAKEN_BACK),
    Row(ANNOUNCING, e.CallerHungUp, ENDED, r.always, LEFT),

    # His leg is on its way. Nothing counts as done until the leg itself asks for our document.
    Row(MOVING, e.MoveAccepted, MOVING, r.always, r.move_is_accepted, RELEASE),
    Row(MOVING, e.HumanEntered, MOVING, r.introduction_is_due, r.one_more_is_in),
    Row(MOVING, e.HumanLegEnded, MOVING, r.human_waits, r.let_go_of_the_human),
    Row(MOVING, e.CallerArrived, CONNECTED, r.human_waits, r.meet),
    Row(MOVING, e.CallerArrived, RINGING, r.somebody_left_to_call, r.ring_the_next),
    Row(MOVING, e.CallerArrived, RETURNING, r.bot_takes_over, r.send_back),
    Row(MOVING, e.CallerArrived, LEAVING, r.always, r.say_goodbye, r.promise),
    Row(MOVING, e.DeadlinePassed, MOVING, r.late_once_unmoved, r.nudge, MOVE),
    Row(MOVING, e.DeadlinePassed, MOVING, r.late_once, r.nudge, STOP),
    Row(MOVING, e.DeadlinePassed, MOVING, r.late_twice, r.nudge, CHECK),
    Row(MOVING, e.DeadlinePassed, MOVING, r.late_thrice, r.nudge, MOVE),
    Row(MOVING, e.DeadlinePassed, ENDED, r.always, r.settle(Outcome.REFUSED, Reason.UNKNOWN),
        r.part_and(RaiseAlarm(Alarm.MOVE_FAILED))),
    Row(MOVING, e.MoveRefused, ENDED, r.always, r.settle(Outcome.REFUSED, Reason.REQUEST_REFUSED),
        r.part_and(RaiseAlarm(Alarm.MOVE_REFUSED, Reason.REQUEST_REFUSED))),
    Row(MOVING, e.CallerChecked, ENDED, r.caller_is_gone, LEFT, r.part),
    Row(MOVING, e.CallerHungUp, ENDED, r.always, LEFT, r.part),

    # A human's phone rings. A failure leads to the next destination, and then to the last resort.
    Row(RINGING, e.HumanAnswered, RINGING, r.always, r.human_picked_up),
    Row(RINGING, e.HumanLegEnded, RINGING, r.always, r.human_leg_ended),
    Row(RINGING, e.HumanConnected, CONNECTED, r.always, r.claim_the_caller, r.alarm_if_broken),
    Row(RINGING, e.DialEnded, ENDED, human_was_on, TALKED, r.alarm_if_broken),
    Row(RINGING, e.DialEnded, RINGING, r.somebody_left_to_call, r.ring_the_next, r.alarm_if_broken),
    Row(RINGING, e.DialEnded, RETURNING, r.bot_takes_over, r.send_back, r.alarm_if_broken),
    Row(RINGING, e.DialEnded, LEAVING, r.always, r.say_goodbye, r.promise_and_alarm),
    Row(RINGING, e.DeadlinePassed, RINGING, r.always, r.look_again_later, CHECK),
    Row(RINGING, e.CallerChecked, ENDED, r.caller_is_gone, LEFT),
    Row(RINGING, e.CallerChecked, RINGING, r.dial_vanished_and_somebody_is_left, r.ring_the_next,
        r.alarm_if_broken),
    Row(RINGING, e.CallerChecked, RETURNING, r.dial_vanished_and_bot_takes_over, r.expect_back,
        r.alarm_if_broken),
    Row(RINGING, e.CallerChecked, LEAVING, r.dial_vanished, r.say_goodbye, r.promise_and_alarm),
    Row(RINGING, e.CallerHungUp, ENDED, r.always, LEFT),

    # They talk. Whoever hangs up, the escalation has done what it was for.
    Row(CONNECTED, e.CallerEntered, CONNECTED, r.introduction_is_due, r.one_more_is_in,
        r.introduce),
    Row(CONNECTED, e.HumanEntered, CONNECTED, r.introduction_is_due, r.one_more_is_in, r.introduce),
    Row(CONNECTED, e.HumanLegEnded, CONNECTED, r.always, r.human_left),
    Row(CONNECTED, e.RoomClosed, RINGING, r.human_left_at_once_but_more, r.ring_the_next,
        r.alarm_of_the_gone),
    Row(CONNECTED, e.RoomClosed, RETURNING, r.human_left_at_once_but_bot, r.send_back,
        r.alarm_of_the_gone),
    Row(CONNECTED, e.RoomClosed, LEAVING, r.human_left_at_once, r.say_goodbye,
        r.alarm_of_the_gone_and_promise),
    Row(CONNECTED, e.RoomClosed, ENDED, r.always, TALKED, r.part),
    Row(CONNECTED, e.CallerAlone, CONNECTED, r.always, r.never_met, MOVE),
    Row(CONNECTED, e.CallerArrived, RINGING, r.somebody_left_to_call, r.ring_the_next,
        r.alarm_of_the_gone),
    Row(CONNECTED, e.CallerArrived, RETURNING, r.bot_takes_over, r.send_back, r.alarm_of_the_gone),
    Row(CONNECTED, e.CallerArrived, LEAVING, r.always, r.say_goodbye,
        r.alarm_of_the_gone_and_promise),
    Row(CONNECTED, e.DialEnded, ENDED, r.always, TALKED),
    Row(CONNECTED, e.DeadlinePassed, CONNECTED, r.human_was_called_first, r.look_again_later,
        r.look_for_both),
    Row(CONNECTED, e.DeadlinePassed, CONNECTED, r.always, r.look_again_later, CHECK),
    Row(CONNECTED, e.CallerChecked, ENDED, r.caller_is_gone, TALKED, r.part),
    Row(CONNECTED, e.CallerHungUp, ENDED, r.never_talked, LEFT, r.part),
    Row(CONNECTED, e.CallerHungUp, ENDED, r.always, TALKED, r.part),

    # Nobody could be reached. The bot takes over again, or it comes to the last word; unless his
    # Dial says in the end that somebody was, of whom no report had come.
    Row(RETURNING, e.StreamStarted, ENDED, r.always, r.settle(Outcome.RETURNED)),
    Row(RETURNING, e.DialEnded, ENDED, human_was_on, TALKED),
    Row(RETURNING, e.CallerArrived, RETURNING, r.bot_takes_over, r.send_back),
    Row(RETURNING, e.CallerArrived, LEAVING, r.always, r.say_goodbye),
    Row(RETURNING, e.DeadlinePassed, RETURNING, r.always, r.look_for_him_once, CHECK),
    Row(RETURNING, e.CallerChecked, ENDED, r.return_went_unreported, r.settle(Outcome.RETURNED)),
    Row(RETURNING, e.CallerChecked, ENDED, r.caller_is_gone, LEFT),
    Row(RETURNING, e.CallerHungUp, ENDED, r.always, LEFT),

    # The caller leaves a message, or hears a promise or a goodbye. Most people end a message by
    # hanging up, so it is waited for when they have gone.
    Row(LEAVING, e.DialEnded, ENDED, human_was_on, TALKED),
    Row(LEAVING, e.MessageEnded, ENDED, r.message_was_left, r.settle(Outcome.VOICEMAIL),
        r.deliver_the_message),
    Row(LEAVING, e.MessageEnded, ENDED, r.call_has_ended, LEFT),
    Row(LEAVING, e.MessageEnded, LEAVING, r.message_was_asked_for, r.goodbye_instead),
    Row(LEAVING, e.DeadlinePassed, ENDED, r.call_has_ended, LEFT),
    Row(LEAVING, e.DeadlinePassed, LEAVING, r.always, r.look_again_later, CHECK),
    Row(LEAVING, e.CallerChecked, LEAVING, r.message_may_follow, r.wait_for_the_message),
    Row(LEAVING, e.CallerChecked, ENDED, r.caller_is_gone, r.settle_as_promised),
    Row(LEAVING, e.CallerHungUp, LEAVING, r.message_may_follow, r.wait_for_the_message),
    Row(LEAVING, e.CallerHungUp, ENDED, r.always, r.settle_as_promised),
)
# fmt: on
