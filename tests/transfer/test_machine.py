"""What becomes of a call, told row by row: events go in, a document and commands come out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalate.transfer import (
    Attempt,
    Call,
    DocumentOwner,
    LastResort,
    Leg,
    Limits,
    Mode,
    State,
    receive,
)
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer import events as e
from escalate.transfer.documents import document_for
from escalate.values import Outcome, Reason, Trigger

SUPPORT, DUTY = Leg("support", 20.0), Leg("duty", 30.0)


class Story:
    """A call that is told what happens, second by second."""

    def __init__(self, document: DocumentOwner = DocumentOwner.OURS) -> None:
        self.call = Call("call-1", document, opened_at=0.0)
        self.now = 0.0
        self.commands: list[c.Command] = []

    def tell(self, *told: e.Event, after_s: float = 1.0) -> Story:
        for event in told:
            self.now += after_s
            received = receive(self.call, event, self.now)
            self.call, self.commands = received.call, list(received.commands)
        return self

    def state(self) -> State:
        assert self.call.escalation is not None
        return self.call.escalation.state

    @property
    def ending(self) -> tuple[Outcome, Reason]:
        assert self.call.escalation is not None
        assert self.call.escalation.ending is not None
        return self.call.escalation.ending.outcome, self.call.escalation.ending.reason

    def document(self) -> d.Document:
        return document_for(self.call)

    def dialled(self) -> Attempt:
        document = self.document()
        assert isinstance(document, d.DialHuman)
        return document.attempt

    def deadline(self) -> Story:
        held = self.call.open_escalation
        assert held is not None
        assert held.deadline is not None
        self.now = held.deadline
        return self.tell(e.DeadlinePassed(held.id, held.deadline), after_s=0.0)


def requested(
    *plan: Leg,
    last_resort: LastResort = LastResort.BOT,
    budget_s: float = 120.0,
    name: str = "esc-1",
    trigger: Trigger = Trigger.ASKED,
) -> e.Requested:
    return e.Requested(name, trigger, "asked", plan or (SUPPORT, DUTY), budget_s, last_resort)


def arrived(stream: int = 1, *plan: Leg) -> e.CallerArrived:
    rescue = requested(
        *(plan or (SUPPORT,)),
        last_resort=LastResort.GOODBYE,
        name="rescue",
        trigger=Trigger.BOT_LOST,
    )
    return e.CallerArrived(stream, rescue)


def failed(attempt: int, reason: Reason = Reason.NO_ANSWER) -> e.DialEnded:
    return e.DialEnded("esc-1", attempt, connected=False, reason=reason)


ANNOUNCED = e.AnnouncementEnded("esc-1")


def ringing() -> Story:
    return Story().tell(e.StreamStarted(1), requested(), ANNOUNCED, arrived())


def test_a_caller_who_asks_is_announced_released_dialled_and_connected() -> None:
    """The whole cold handoff, as the carrier reports it."""
    story = Story().tell(e.StreamStarted(1), requested())
    assert State.ANNOUNCING is story.state()
    story.tell(ANNOUNCED)
    assert [c.ReleaseStream()] == story.commands
    story.tell(arrived())
    assert "support" == story.dialled().destination
    story.tell(e.HumanAnswered("esc-1", 1), e.HumanConnected("esc-1", 1))
    assert State.CONNECTED is story.state()
    story.tell(e.DialEnded("esc-1", 1, connected=True, reason=Reason.COMPLETED))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
    assert d.HangUp() == story.document()


def test_a_human_who_hangs_up_before_he_has_confirmed_did_not_take_the_caller() -> None:
    """Plivo calls his Dial completed; only who was bridged has talked. A repeat changes nothing."""
    asked = replace(requested(), mode=Mode.CONFIRM)
    completed = e.DialEnded("esc-1", 1, connected=True, reason=Reason.COMPLETED)
    story = Story().tell(e.StreamStarted(1), asked, ANNOUNCED, arrived())
    story.tell(e.HumanAnswered("esc-1", 1), completed)
    assert ("duty", State.RINGING) == (story.dialled().destination, story.state())
    assert story.call.escalation is not None
    assert Reason.NOT_CONFIRMED is story.call.escalation.attempts[0].reason
    before = story.call
    assert before == story.tell(completed).call
    story.tell(e.HumanAnswered("esc-1", 2), e.HumanConnected("esc-1", 2))
    story.tell(e.DialEnded("esc-1", 2, connected=True, reason=Reason.COMPLETED))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending


def test_little_patience_is_shared_between_ringing_and_the_key() -> None:
    """Somebody is dialled however short the budget is."""
    asked = replace(requested(budget_s=20.0), mode=Mode.CONFIRM)
    story = Story().tell(e.StreamStarted(1), asked, ANNOUNCED, arrived())
    assert 8.0 == story.dialled().ring_s


def test_a_lost_word_of_the_bridge_is_made_up_for_by_the_time_it_lasted() -> None:
    """Whoever was on for longer than he had for the key has pressed it."""
    asked = replace(requested(), mode=Mode.CONFIRM)
    story = Story().tell(e.StreamStarted(1), asked, ANNOUNCED, arrived())
    story.tell(e.HumanAnswered("esc-1", 1))
    talked = e.DialEnded("esc-1", 1, connected=True, reason=Reason.COMPLETED)
    assert Outcome.CONNECTED is story.tell(talked, after_s=60.0).ending[0]


def test_a_foreign_document_is_left_by_request_and_only_then_is_the_stream_released() -> None:
    """Letting go of the stream before the carrier accepted the move would end the call."""
    story = Story(DocumentOwner.THEIRS).tell(requested(), ANNOUNCED)
    assert [c.MoveCaller()] == story.commands
    story.tell(e.MoveAccepted("esc-1"))
    assert [c.ReleaseStream()] == story.commands
    assert State.RINGING is story.tell(arrived()).state()


def test_a_refused_move_leaves_the_caller_with_the_bot() -> None:
    """The bot goes on, and somebody is told."""
    story = Story(DocumentOwner.THEIRS).tell(requested(), ANNOUNCED, e.MoveRefused("esc-1"))
    assert (Outcome.REFUSED, Reason.REQUEST_REFUSED) == story.ending
    assert [c.RaiseAlarm(c.Alarm.MOVE_REFUSED, Reason.REQUEST_REFUSED)] == story.commands
    assert d.ConnectBot(1) == story.document()


def test_an_unanswered_move_is_repeated_once_then_the_caller_is_looked_for() -> None:
    """An answer that got lost is not a failure; only time and the carrier decide."""
    story = Story(DocumentOwner.THEIRS).tell(requested(), ANNOUNCED)
    assert [c.MoveCaller()] == story.deadline().commands
    assert [c.CheckCaller()] == story.deadline().commands
    assert (Outcome.CALLER_LEFT, Reason.CALLER_LEFT) == story.tell(
        e.CallerChecked("esc-1", alive=False)
    ).ending


def test_a_bot_that_does_not_let_go_is_parted_from_the_stream() -> None:
    """The carrier is asked to stop the stream when the bot's process hangs."""
    story = Story().tell(e.StreamStarted(1), requested())
    assert [c.StopStream()] == story.deadline().commands
    assert [c.StopStream()] == story.deadline().commands
    story.deadline()
    assert [c.MoveCaller()] == story.deadline().commands
    assert (Outcome.REFUSED, Reason.UNKNOWN) == story.deadline().ending
    assert [c.RaiseAlarm(c.Alarm.MOVE_FAILED)] == story.commands


def test_a_busy_destination_leads_to_the_next() -> None:
    """Failures walk down the plan."""
    story = ringing().tell(failed(1, Reason.BUSY))
    assert ("duty", 2) == (story.dialled().destination, story.dialled().number)


def test_wrong_credentials_raise_an_alarm_and_skip_that_destination_for_good() -> None:
    """Nobody can get through there until somebody mends the settings."""
    story = Story().tell(requested(SUPPORT, SUPPORT, DUTY), ANNOUNCED, arrived())
    story.tell(failed(1, Reason.SIP_AUTH_FAILED))
    alarm = c.RaiseAlarm(c.Alarm.DESTINATION_MISCONFIGURED, Reason.SIP_AUTH_FAILED, "support")
    assert [alarm] == story.commands
    assert "duty" == story.dialled().destination


def test_the_legs_own_cause_counts_more_than_the_dials() -> None:
    """The Dial says no more than failed; the leg says why."""
    story = ringing().tell(
        e.HumanLegEnded("esc-1", 1, Reason.SIP_AUTH_FAILED, "sip_auth_failed", 4240),
        e.DialEnded("esc-1", 1, connected=False, reason=Reason.UNREACHABLE),
    )
    held = story.call.open_escalation
    assert held is not None
    tried = held.attempts[0]
    assert (Reason.SIP_AUTH_FAILED, 4240) == (tried.reason, tried.cause_code)


def test_when_nobody_answers_the_caller_goes_back_to_the_bot_and_then_it_is_over() -> None:
    """The stream that reaches the bot is what ends the escalation."""
    story = ringing().tell(failed(1), failed(2))
    assert d.ConnectBot(2) == story.document()
    story.tell(e.StreamStarted(2))
    assert (Outcome.RETURNED, Reason.NO_ANSWER) == story.ending


def test_without_a_bot_to_return_to_the_caller_hears_a_goodbye() -> None:
    """Nobody is cut off without a word."""
    story = Story().tell(requested(SUPPORT, last_resort=LastResort.GOODBYE), ANNOUNCED, arrived())
    assert d.SayGoodbye() == story.tell(failed(1)).document()
    assert (Outcome.GOODBYE, Reason.NO_ANSWER) == story.tell(e.CallerHungUp()).ending


def test_the_callers_patience_bounds_how_long_a_human_rings_and_how_many_are_tried() -> None:
    """A budget of 30 s leaves 13 s for a second destination, and nothing for a third."""
    story = Story().tell(requested(SUPPORT, DUTY, SUPPORT, budget_s=30.0), ANNOUNCED, arrived())
    story.tell(failed(1), after_s=15.0)
    assert 13.0 == story.dialled().ring_s
    story.tell(failed(2), after_s=14.0)
    assert d.ConnectBot(2) == story.document()


def test_a_second_request_joins_the_first() -> None:
    """Detector and language model may both ask; one escalation is open at a time."""
    story = Story().tell(requested())
    before = story.call
    story.tell(requested(name="esc-2", trigger=Trigger.TOOL))
    assert before == story.call


def test_a_request_with_nobody_to_call_leaves_the_caller_with_the_bot() -> None:
    """The bot is told why, and the caller never left it."""
    nobody = e.Requested(
        "esc-1", Trigger.ASKED, "asked", (), 120.0, LastResort.BOT, refusal=Reason.CLOSED
    )
    story = Story().tell(nobody)
    assert (Outcome.REFUSED, Reason.CLOSED) == story.ending


def test_the_same_request_is_not_opened_twice() -> None:
    """A store that lost its own answer may apply an event again."""
    refused = e.Requested("esc-1", Trigger.ASKED, "asked", (), 120.0, LastResort.BOT)
    story = Story().tell(refused)
    before = story.call
    assert before == story.tell(refused).call


def test_a_retraction_counts_while_the_caller_has_not_moved_and_not_after() -> None:
    """What cannot be undone is not undone."""
    early = Story().tell(requested(), e.Retracted("esc-1"))
    assert (Outcome.CANCELLED, Reason.RETRACTED) == early.ending
    late = Story().tell(requested(), ANNOUNCED)
    assert State.MOVING is late.tell(e.Retracted("esc-1")).state()


def test_a_stream_that_breaks_during_the_announcement_brings_the_caller_to_the_human() -> None:
    """SIGKILL the bot after the decision: the stored decision is carried out."""
    story = Story().tell(e.StreamStarted(1), requested(), arrived())
    assert isinstance(story.document(), d.DialHuman)


def test_a_lost_stream_is_opened_again_a_bounded_number_of_times_then_a_human_is_dialled() -> None:
    """A bot that keeps losing its callers is a reason for a human."""
    story = Story()
    for stream in (1, 2, 3):
        story.tell(e.StreamStarted(stream), arrived(stream))
        assert isinstance(story.document(), d.ConnectBot)
    story.tell(arrived(4))
    assert isinstance(story.document(), d.DialHuman)
    assert c.RaiseAlarm(c.Alarm.BOT_LOST, Reason.STREAM_LOST) in story.commands


def test_a_lost_bot_and_nobody_to_call_end_in_a_goodbye() -> None:
    """The last document still says something."""
    story = Story()
    empty = e.Requested("rescue", Trigger.BOT_LOST, "lost", (), 60.0, LastResort.GOODBYE)
    for stream in (1, 2, 3, 4):
        story.tell(e.CallerArrived(stream, empty))
    assert d.SayGoodbye() == story.document()


def test_a_stream_that_held_for_a_minute_starts_the_count_of_losses_anew() -> None:
    """A long call on a poor network is not a broken bot."""
    story = Story()
    for stream in range(1, 8):
        story.tell(e.StreamStarted(stream))
        story.tell(arrived(stream), after_s=Limits().steady_s)
        assert isinstance(story.document(), d.ConnectBot)


def test_a_bot_that_finished_ends_the_call_and_one_that_only_vanished_does_not() -> None:
    """The recorded word decides, not the closed socket."""
    assert d.HangUp() == Story().tell(e.StreamStarted(1), e.BotFinished(), arrived()).document()
    assert d.ConnectBot(2) == Story().tell(e.StreamStarted(1), arrived()).document()


def test_the_late_word_of_a_bot_that_lost_the_caller_does_not_hang_up_on_the_next() -> None:
    """The caller talks with the bot again; what the one before him says is history."""
    story = Story().tell(e.StreamStarted(1), arrived(1), e.StreamStarted(2), e.BotFinished(1))
    assert d.ConnectBot(3, pause_s=2) == story.tell(arrived(2)).document()
    assert d.HangUp() == story.tell(e.BotFinished(3), arrived(3)).document()


def test_a_bot_that_finishes_during_a_handoff_takes_nothing_from_the_caller() -> None:
    """Nothing of ours ends a call in which the caller waits for a human."""
    story = ringing().tell(e.BotFinished())
    assert isinstance(story.document(), d.DialHuman)


def test_credentials_are_not_served_again_once_the_carrier_has_spoken_of_the_attempt() -> None:
    """A replayed request for the document gets one without a secret."""
    story = ringing()
    first = story.document()
    assert first == story.document()
    story.tell(e.HumanAnswered("esc-1", 1))
    assert d.KeepCaller() == story.document()


@pytest.mark.parametrize(
    "late",
    [
        failed(1),
        e.HumanConnected("esc-1", 1),
        e.HumanConnected("esc-0", 2),
        arrived(1),
        e.StreamStarted(1),
        e.DeadlinePassed("esc-1", 1.0),
        ANNOUNCED,
        e.MoveRefused("esc-1"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_comes_late_or_twice_changes_nothing(late: e.Event) -> None:
    """The second attempt rings; whatever is told about the first is history."""
    story = ringing().tell(failed(1))
    assert not receive(story.call, late, story.now).changed


def test_after_the_caller_has_gone_nothing_happens_any_more() -> None:
    """A call has one end, and an escalation one ending."""
    story = ringing().tell(e.CallerHungUp())
    assert (Outcome.CALLER_LEFT, Reason.CALLER_LEFT) == story.ending
    after = replace(story.call)
    story.tell(failed(1), e.HumanConnected("esc-1", 1), requested(name="esc-2"), arrived(2))
    assert after == story.call


def test_a_deadline_in_a_conversation_asks_the_carrier_and_ends_nothing() -> None:
    """Two people may talk for hours; only a leg that is gone ends it."""
    story = ringing().tell(e.HumanConnected("esc-1", 1))
    assert [c.CheckCaller()] == story.deadline().commands
    story.tell(e.CallerChecked("esc-1", alive=True))
    assert State.CONNECTED is story.state()
    story.deadline().tell(e.CallerChecked("esc-1", alive=False))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending


def test_a_return_that_nobody_reports_ends_as_soon_as_the_caller_is_known_to_be_there() -> None:
    """Both reports of the stream got lost; the caller may ask for a human again."""
    story = ringing().tell(failed(1), failed(2))
    assert [c.CheckCaller()] == story.deadline().commands
    assert (Outcome.RETURNED, Reason.NO_ANSWER) == story.tell(
        e.CallerChecked("esc-1", alive=True)
    ).ending
    assert d.ConnectBot(2) == story.document()


def test_a_caller_taken_out_of_his_dial_is_sent_on_to_the_next_human() -> None:
    """A move that came late broke the Dial off: its leg is reported, its own end never is."""
    story = ringing().tell(e.HumanLegEnded("esc-1", 1, Reason.CANCELLED))
    assert d.KeepCaller() == story.document()
    assert [c.CheckCaller()] == story.deadline().commands
    assert 15.0 == story.now
    story.tell(e.CallerChecked("esc-1", alive=True))
    assert "duty" == story.dialled().destination
    before = story.call
    assert before == story.tell(failed(1)).call


def test_a_caller_taken_out_of_his_last_dial_goes_where_the_policy_says() -> None:
    """To the bot, or to a goodbye; a check that is answered twice does not end his return."""
    gone_wrong = e.HumanLegEnded("esc-1", 1, Reason.CANCELLED)
    there = e.CallerChecked("esc-1", alive=True)
    story = Story().tell(requested(SUPPORT), ANNOUNCED, arrived(), gone_wrong)
    assert State.RETURNING is story.deadline().tell(there, there).state()
    story = Story().tell(requested(SUPPORT, last_resort=LastResort.GOODBYE), ANNOUNCED, arrived())
    assert State.LEAVING is story.tell(gone_wrong).deadline().tell(there).state()


def test_a_caller_who_has_talked_is_not_sent_on_while_the_end_of_his_dial_is_awaited() -> None:
    """That they were bridged may be told late, and the Dial's own report later still."""
    story = ringing().tell(e.HumanLegEnded("esc-1", 1, Reason.COMPLETED))
    story.deadline().tell(e.CallerChecked("esc-1", alive=True))
    story.tell(e.DialEnded("esc-1", 1, connected=True, reason=Reason.COMPLETED))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
    assert d.HangUp() == story.document()


def test_a_conversation_reported_late_counts_even_when_the_next_human_was_to_be_called() -> None:
    """He was dialled twice after a late move, and the word about the first leg misled us."""
    story = ringing().tell(e.HumanLegEnded("esc-1", 1, Reason.CANCELLED))
    story.deadline().tell(e.CallerChecked("esc-1", alive=True))
    assert 2 == story.dialled().number
    story.tell(e.DialEnded("esc-1", 1, connected=True, reason=Reason.COMPLETED))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
    assert story.call.escalation is not None
    assert story.call.escalation.ending is not None
    assert "support" == story.call.escalation.ending.destination
    reasons = [attempt.reason for attempt in story.call.escalation.attempts]
    assert [Reason.COMPLETED, Reason.LOST_RACE] == reasons
    assert d.HangUp() == story.document()


def test_a_caller_whose_phone_still_rings_there_is_left_alone() -> None:
    """That the leg is there says nothing about a Dial whose human may still answer."""
    story = ringing().deadline()
    before = story.call
    assert before == story.tell(e.CallerChecked("esc-1", alive=True)).call


def test_a_caller_whom_the_carrier_does_not_know_any_more_has_left_for_good() -> None:
    """Nothing is begun for a leg that is gone, and what he said can be forgotten."""
    story = ringing().deadline().tell(e.CallerChecked("esc-1", alive=False))
    assert (Outcome.CALLER_LEFT, Reason.CALLER_LEFT) == story.ending
    assert story.now == story.call.ended_at
    after = story.call
    assert after == story.tell(requested(name="esc-2")).call


def test_a_second_escalation_keeps_the_first_in_the_record() -> None:
    """Back with the bot, the caller may ask again."""
    story = ringing().tell(failed(1), failed(2), e.StreamStarted(2), requested(name="esc-2"))
    assert State.ANNOUNCING is story.state()
    assert ["esc-1"] == [past.id for past in story.call.past]


def all_ring() -> Story:
    """Both phones ring in one Dial."""
    asked = replace(requested(), together=True)
    return Story().tell(e.StreamStarted(1), asked, ANNOUNCED, arrived())


def test_phones_that_ring_at_once_stand_in_one_document() -> None:
    """Until the carrier's first word about any of them: then it is not served again."""
    story = all_ring()
    dial = story.document()
    assert isinstance(dial, d.DialHuman)
    assert ["support", "duty"] == [one.destination for one in (dial.attempt, *dial.others)]
    story.tell(e.HumanLegEnded("esc-1", 2, Reason.BUSY))
    assert d.KeepCaller() == story.document()


def test_of_phones_that_ring_at_once_each_fails_by_itself() -> None:
    """With its own reason; the Dial's end is told once, and an operator of what is broken."""
    story = all_ring().tell(e.HumanLegEnded("esc-1", 1, Reason.SIP_AUTH_FAILED), failed(1))
    assert State.RETURNING is story.state()
    alarm = c.RaiseAlarm(c.Alarm.DESTINATION_MISCONFIGURED, Reason.SIP_AUTH_FAILED, "support")
    assert [alarm] == story.commands
    assert story.call.escalation is not None
    reasons = [one.reason for one in story.call.escalation.attempts]
    assert [Reason.SIP_AUTH_FAILED, Reason.NO_ANSWER] == reasons


def test_who_answers_first_has_the_caller_and_the_others_have_lost() -> None:
    """Whatever is told of them afterwards."""
    story = all_ring().tell(e.HumanAnswered("esc-1", 2), e.HumanConnected("esc-1", 2))
    story.tell(e.HumanConnected("esc-1", 1), e.HumanLegEnded("esc-1", 1, Reason.LOST_RACE))
    story.tell(e.DialEnded("esc-1", 2, connected=True, reason=Reason.COMPLETED), after_s=60.0)
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
    held = story.call.escalation
    assert held is not None
    assert held.ending is not None
    assert "duty" == held.ending.destination
    assert [Reason.LOST_RACE, Reason.COMPLETED] == [one.reason for one in held.attempts]
