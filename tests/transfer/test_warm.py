"""The warm handoff, told row by row: the human is called first, the caller stays with the bot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalate.transfer import DocumentOwner, Mode, State, receive
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer import events as e
from escalate.values import Outcome, Reason
from tests.transfer.test_machine import ANNOUNCED, DUTY, SUPPORT, Story, arrived, requested

ACCEPTED = e.HumanAccepted("esc-1", 1)
ENTERED = e.HumanEntered("esc-1", 1)


def consulting(document: DocumentOwner = DocumentOwner.OURS) -> Story:
    warm = replace(requested(SUPPORT, DUTY), mode=Mode.WARM)
    return Story(document).tell(e.StreamStarted(1), warm)


def asked() -> Story:
    return consulting().tell(
        e.CallPlaced("esc-1", 1, "request-1"), e.HumanAnswered("esc-1", 1, "leg-1")
    )


def met() -> Story:
    return asked().tell(ACCEPTED, ENTERED, ANNOUNCED, arrived(), e.CallerEntered("esc-1"))


def human(story: Story, attempt: int = 1) -> d.Document:
    return d.human_document_for(story.call, "esc-1", attempt)


def test_the_human_is_called_while_the_caller_stays_with_the_bot() -> None:
    """At once, and without a word to the caller's leg."""
    story = consulting()
    assert [c.CallHuman(1)] == story.commands
    assert d.ConnectBot(1) == story.document()


def test_a_human_who_accepts_waits_in_the_room_and_the_caller_is_told_then_moved() -> None:
    """The whole warm handoff, as the carrier reports it."""
    story = asked()
    assert d.AskHuman("esc-1", 1) == human(story)
    story.tell(ACCEPTED)
    assert d.MeetCaller("esc-1", 1) == human(story)
    assert [] == story.commands
    story.tell(ENTERED, ANNOUNCED)
    assert [c.ReleaseStream()] == story.commands
    story.tell(arrived())
    assert d.JoinRoom("esc-1") == story.document()
    story.tell(e.CallerEntered("esc-1"), after_s=1.0)
    story.tell(e.RoomClosed("esc-1"), after_s=60.0)
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
    assert d.HangUp() == story.document()


def test_in_a_foreign_document_the_leg_is_moved_by_request_and_then_released() -> None:
    """As in a cold handoff."""
    story = consulting(DocumentOwner.THEIRS).tell(ACCEPTED, ENTERED, ANNOUNCED)
    assert [c.MoveCaller()] == story.commands
    assert [c.ReleaseStream()] == story.tell(e.MoveAccepted("esc-1")).commands


@pytest.mark.parametrize(
    "failure",
    [
        e.HumanDeclined("esc-1", 1),
        e.HumanDeclined("esc-1", 1, Reason.NOT_CONFIRMED),
        e.HumanLegEnded("esc-1", 1, Reason.BUSY),
        e.CallRefused("esc-1", 1, Reason.NOT_PERMITTED),
    ],
    ids=str,
)
def test_a_human_who_does_not_take_the_caller_is_followed_by_the_next(failure: e.Event) -> None:
    """And after the last the caller is where he was: with the bot."""
    story = asked().tell(failure)
    assert c.CallHuman(2) in story.commands
    assert d.ConnectBot(1) == story.document()
    story.tell(e.HumanLegEnded("esc-1", 2, Reason.NO_ANSWER))
    assert (Outcome.RETURNED, Reason.NO_ANSWER) == story.ending
    assert d.ConnectBot(1) == story.document()


def test_a_machine_is_hung_up_and_the_next_human_is_called() -> None:
    """Whether its leg was known before or not; it hears no farewell."""
    for story in (asked(), consulting()):
        story.tell(e.MachineAnswered("esc-1", 1, "leg-1"))
        assert [c.LetHumanGo(1), c.CallHuman(2)] == story.commands
        assert d.HangUp() == human(story)
        held = story.call.open_escalation
        assert held is not None
        assert ("leg-1", Reason.MACHINE) == (held.attempts[0].leg, held.attempts[0].reason)


def test_who_has_said_yes_is_no_machine() -> None:
    """The carrier guesses by sound; the human was asked."""
    story = asked().tell(ACCEPTED)
    assert not receive(story.call, e.MachineAnswered("esc-1", 1, "leg-1"), story.now).changed


def test_a_telephone_that_rings_too_long_is_stopped_before_the_next_one_rings() -> None:
    """The first human's phone does not go on ringing."""
    story = consulting().tell(e.CallPlaced("esc-1", 1, "request-1")).deadline()
    assert [c.LetHumanGo(1), c.CallHuman(2)] == story.commands


def test_a_caller_who_hangs_up_takes_every_human_with_him() -> None:
    """While it rings, while it is asked, and while it waits."""
    for story in (consulting(), asked(), asked().tell(ACCEPTED), asked().tell(ACCEPTED, ENTERED)):
        assert [c.LetHumanGo(1)] == story.tell(e.CallerHungUp()).commands
        assert (Outcome.CALLER_LEFT, Reason.CALLER_LEFT) == story.ending
        assert d.LetGo(d.Farewell.GONE) == human(story)


def test_a_caller_who_changes_his_mind_keeps_the_bot() -> None:
    """Until he moves, even when a human has accepted."""
    for story in (consulting(), asked().tell(ACCEPTED)):
        assert [c.LetHumanGo(1)] == story.tell(e.Retracted("esc-1")).commands
        assert (Outcome.CANCELLED, Reason.RETRACTED) == story.ending


def test_a_second_acceptor_hears_that_the_call_is_taken() -> None:
    """He was given up, and then said yes; somebody else has the caller."""
    story = asked().deadline().tell(e.HumanAnswered("esc-1", 2, "leg-2"))
    story.tell(e.HumanAccepted("esc-1", 2), ACCEPTED)
    assert d.MeetCaller("esc-1", 2) == human(story, 2)
    assert d.LetGo(d.Farewell.TAKEN) == human(story, 1)


def not_yet(after_s: float | None = None, attempt: int = 1) -> e.HumanDeclined:
    return e.HumanDeclined("esc-1", attempt, Reason.DEFERRED, after_s)


def test_a_human_who_asks_for_time_is_called_again_when_it_has_passed() -> None:
    """The next one is called at once; when he fails, the caller waits with the bot."""
    story = asked().tell(not_yet(30.0))
    assert d.LetGo(d.Farewell.LATER) == human(story)
    assert [c.CallHuman(2)] == story.commands
    story.tell(e.HumanLegEnded("esc-1", 2, Reason.BUSY))
    assert (State.CONSULTING, []) == (story.state(), story.commands)
    story.deadline()
    assert [c.CallHuman(3)] == story.commands
    story.tell(e.HumanAnswered("esc-1", 3, "leg-3"), e.HumanAccepted("esc-1", 3))
    assert d.MeetCaller("esc-1", 3) == human(story, 3)


def test_a_human_who_asks_for_more_time_than_the_caller_has_has_declined() -> None:
    """With a reason of its own; and so has one who asks a second time."""
    story = asked().tell(not_yet(600.0), e.HumanLegEnded("esc-1", 2, Reason.BUSY))
    assert (Outcome.RETURNED, Reason.BUSY) == story.ending
    again = asked().tell(not_yet(), e.HumanLegEnded("esc-1", 2, Reason.BUSY)).deadline()
    assert (Outcome.RETURNED, Reason.DEFERRED) == again.tell(not_yet(attempt=3)).ending


def test_a_human_who_asked_for_time_is_not_called_for_a_caller_who_is_taken() -> None:
    """Somebody else accepted meanwhile, and they talk."""
    story = asked().tell(not_yet(30.0))
    story.tell(e.HumanAccepted("esc-1", 2), e.HumanEntered("esc-1", 2), ANNOUNCED, arrived())
    story.tell(e.RoomClosed("esc-1"), after_s=60.0)
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending


def all_at_once() -> Story:
    warm = replace(requested(SUPPORT, DUTY), mode=Mode.WARM, together=True)
    return Story(DocumentOwner.OURS).tell(e.StreamStarted(1), warm)


def test_all_humans_are_called_at_once_and_the_first_who_accepts_has_the_caller() -> None:
    """Whoever rings stops, whoever hears the question is told, and a late yes is too late."""
    story = all_at_once()
    assert [c.CallHuman(1), c.CallHuman(2)] == story.commands
    story.tell(e.HumanAnswered("esc-1", 2, "leg-2"), e.HumanAnswered("esc-1", 1, "leg-1"))
    story.tell(e.HumanAccepted("esc-1", 2))
    assert [c.LetHumanGo(1)] == story.commands
    story.tell(ACCEPTED)
    assert d.MeetCaller("esc-1", 2) == human(story, 2)
    assert d.LetGo(d.Farewell.TAKEN) == human(story, 1)


def test_of_humans_called_at_once_one_fails_alone() -> None:
    """The rest go on; it has ended when the last has."""
    story = all_at_once().tell(e.CallRefused("esc-1", 1, Reason.NOT_PERMITTED))
    broken = c.RaiseAlarm(c.Alarm.DESTINATION_MISCONFIGURED, Reason.NOT_PERMITTED, "support")
    assert [broken] == story.commands
    assert State.CONSULTING is story.state()
    story.tell(e.HumanLegEnded("esc-1", 2, Reason.BUSY))
    assert (Outcome.RETURNED, Reason.BUSY) == story.ending


def test_a_caller_who_hangs_up_lets_each_human_go_by_his_own_leg() -> None:
    """All of them hear that he has gone."""
    story = all_at_once().tell(e.HumanAnswered("esc-1", 1, "leg-1"))
    story.tell(e.HumanAnswered("esc-1", 2, "leg-2"), e.CallerHungUp())
    assert [c.LetHumanGo(1), c.LetHumanGo(2)] == story.commands
    assert story.call.escalation is not None
    assert ["leg-1", "leg-2"] == [one.leg for one in story.call.escalation.attempts]


def test_of_humans_called_at_once_each_has_his_own_time() -> None:
    """One who heard the question late is not given up with one whose phone rang too long."""
    story = all_at_once().tell(e.HumanAnswered("esc-1", 2, "leg-2"), after_s=15.0)
    story.deadline()
    assert [c.LetHumanGo(1)] == story.commands
    assert d.AskHuman("esc-1", 2) == human(story, 2)


def test_an_acceptor_who_is_gone_is_followed_by_those_who_had_lost() -> None:
    """They are called again, since nobody has the caller."""
    story = all_at_once().tell(ACCEPTED, e.HumanLegEnded("esc-1", 1, Reason.UNKNOWN))
    assert [c.CallHuman(3)] == story.commands


def test_nobody_is_bridged_without_acceptance() -> None:
    """Whatever is reported before it, the caller's document stays the bot's."""
    story = asked().tell(ENTERED, ANNOUNCED, e.HumanConnected("esc-1", 1), e.CallerEntered("esc-1"))
    assert State.CONSULTING is story.state()
    assert d.ConnectBot(1) == story.document()


def test_a_human_who_leaves_before_the_caller_comes_is_replaced() -> None:
    """While the caller is still with the bot, the next is called; once he moves, dialled."""
    waiting = asked().tell(ACCEPTED, ENTERED, e.HumanLegEnded("esc-1", 1, Reason.UNKNOWN))
    assert c.CallHuman(2) in waiting.commands
    moving = asked().tell(ACCEPTED, ENTERED, ANNOUNCED)
    moving.tell(e.HumanLegEnded("esc-1", 1, Reason.UNKNOWN), arrived())
    assert ("duty", 2) == (moving.dialled().destination, moving.dialled().number)


def test_a_room_that_closes_at_once_raises_an_alarm_and_the_next_is_dialled() -> None:
    """In one public report every metric was green while callers were cut off."""
    story = met().tell(e.RoomClosed("esc-1"), after_s=1.0)
    assert c.RaiseAlarm(c.Alarm.HUMAN_LEFT_AT_ONCE, Reason.UNKNOWN, "support") in story.commands
    assert "duty" == story.dialled().destination


def test_a_lost_bot_during_the_consultation_keeps_the_caller_in_reach() -> None:
    """He is given a new stream, and goes into the room from wherever he is."""
    story = asked().tell(arrived(1))
    assert d.ConnectBot(2) == story.document()
    assert State.CONSULTING is story.state()
    story.tell(ACCEPTED, arrived(2))
    assert d.JoinRoom("esc-1") == story.document()


def test_a_bot_that_does_not_announce_or_let_go_is_parted_from_the_caller() -> None:
    """The human who accepted does not wait for a bot that hangs."""
    story = asked().tell(ACCEPTED)
    assert [c.StopStream()] == story.deadline().commands
    assert [c.StopStream()] == story.deadline().commands


@pytest.mark.parametrize(
    "late",
    [
        ACCEPTED,
        e.HumanDeclined("esc-1", 1),
        e.CallPlaced("esc-1", 1, "request-9"),
        e.HumanEntered("esc-1", 2),
        e.HumanLegEnded("esc-0", 1, Reason.BUSY),
        arrived(1),
    ],
    ids=lambda event: type(event).__name__,
)
def test_once_they_talk_nothing_late_changes_that(late: e.Event) -> None:
    """Duplicates and strays are history."""
    story = met()
    assert not receive(story.call, late, story.now).changed


@pytest.mark.parametrize(
    ("before", "again"),
    [
        (consulting(), e.HumanAnswered("esc-1", 1, "leg-1")),
        (asked().tell(ACCEPTED), ENTERED),
        (asked().tell(ACCEPTED, ENTERED, ANNOUNCED, arrived()), e.CallerEntered("esc-1")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_callback_that_comes_again_later_gives_nobody_more_time(
    before: Story, again: e.Event
) -> None:
    """A human who is slow is not asked for longer, and a conversation does not begin anew."""
    story = before.tell(again)
    assert not receive(story.call, again, story.now + 30.0).changed


def dialled_after_the_room() -> Story:
    """The first human was gone at once, and the second has been dialled and talks."""
    story = met().tell(e.RoomClosed("esc-1"), after_s=0.5)
    return story.tell(e.HumanAnswered("esc-1", 2), e.HumanConnected("esc-1", 2))


@pytest.mark.parametrize("after_s", [1.0, 60.0])
def test_the_end_of_a_room_that_was_left_does_not_end_the_dial_after_it(after_s: float) -> None:
    """Told twice, the second time while the caller talks with somebody else."""
    story = dialled_after_the_room()
    assert not receive(story.call, e.RoomClosed("esc-1"), story.now + after_s).changed


def test_a_caller_who_was_dialled_for_is_not_sent_into_the_room_he_has_left() -> None:
    """The line is held until the Dial tells its end."""
    assert d.KeepCaller() == dialled_after_the_room().document()


@pytest.mark.parametrize("closed_after_s", [0.5, 12.0])
def test_a_caller_who_finds_the_human_gone_is_not_hung_up(closed_after_s: float) -> None:
    """The human left while the caller was on his way; the empty room may hold him for a while."""
    story = asked().tell(ACCEPTED, ENTERED, ANNOUNCED, arrived())
    story.tell(e.HumanLegEnded("esc-1", 1, Reason.COMPLETED))
    story.tell(e.RoomClosed("esc-1"), after_s=closed_after_s)
    assert "duty" == story.dialled().destination
    assert [c.RaiseAlarm(c.Alarm.HUMAN_LEFT_AT_ONCE, Reason.COMPLETED, "support")] == story.commands


def test_a_conversation_is_as_long_as_the_human_stayed() -> None:
    """His leg's end may be told before the room's, or twice; neither makes it shorter."""
    left = e.HumanLegEnded("esc-1", 1, Reason.COMPLETED)
    story = met().tell(left, after_s=60.0).tell(left, e.RoomClosed("esc-1"))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending


@pytest.mark.parametrize(
    ("after_s", "outcome"), [(0.0, Outcome.CALLER_LEFT), (60.0, Outcome.CONNECTED)]
)
def test_a_caller_who_hangs_up_on_his_way_into_the_room_was_not_connected(
    after_s: float, outcome: Outcome
) -> None:
    """Nobody has said a word to him; the human is let go either way."""
    story = asked().tell(ACCEPTED, ENTERED, ANNOUNCED, arrived())
    story.tell(e.CallerHungUp(), after_s=after_s)
    assert [c.LetHumanGo(1)] == story.commands
    assert story.ending is not None
    assert outcome is story.ending[0]


def test_caller_and_human_are_introduced_once_both_are_in_the_room() -> None:
    """Whoever comes in last, and however often that is told."""
    story = Story().tell(e.StreamStarted(1), replace(requested(), mode=Mode.WARM, introduce=True))
    story.tell(e.HumanAnswered("esc-1", 1, "leg-1"), ACCEPTED, ENTERED, ANNOUNCED, arrived())
    assert [c.Introduce()] == story.tell(e.CallerEntered("esc-1")).commands
    assert [] == story.tell(e.CallerEntered("esc-1"), ENTERED).commands


def test_nobody_is_introduced_unasked() -> None:
    """What a business has not asked for is not said in anybody's conversation."""
    assert [] == met().commands
