"""A caller in a room to which no human comes any more is brought out of it."""

from __future__ import annotations

import pytest

from escalate.transfer import State, receive
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer import events as e
from escalate.values import Outcome, Reason
from tests.transfer.test_machine import ANNOUNCED, Story, arrived
from tests.transfer.test_warm import ACCEPTED, ENTERED, asked, dialled_after_the_room

ALONE = e.CallerAlone("esc-1", 1)


def in_the_room() -> Story:
    """The caller is sent there at last, and nobody has told that the human is."""
    return asked().tell(ACCEPTED).deadline().tell(arrived())


def test_soon_after_the_caller_went_into_the_room_somebody_looks_who_is_there() -> None:
    """And again for as long as they talk; both lines are asked about."""
    story = in_the_room()
    sent_at = story.now
    assert [c.LookForHuman(1), c.CheckCaller()] == story.deadline().commands
    assert story.now - sent_at < 10
    assert [c.LookForHuman(1), c.CheckCaller()] == story.deadline().commands


@pytest.mark.parametrize("reported", [False, True])
def test_a_caller_who_is_alone_there_goes_on_to_the_next_human(reported: bool) -> None:
    """His leg is moved by request; that the human's end was told makes no difference."""
    story = in_the_room()
    if reported:
        story.tell(e.HumanLegEnded("esc-1", 1, Reason.UNKNOWN))
    story.deadline()
    assert [c.MoveCaller()] == story.tell(ALONE).commands
    story.tell(arrived(2))
    gone = c.RaiseAlarm(c.Alarm.HUMAN_LEFT_AT_ONCE, Reason.UNKNOWN, "support")
    assert [gone] == story.commands
    assert "duty" == story.dialled().destination


def test_with_nobody_left_he_goes_back_to_the_bot() -> None:
    """No escalation ends as a conversation that nobody has had."""
    story = in_the_room().tell(ALONE, arrived(2))
    story.tell(e.HumanLegEnded("esc-1", 2, Reason.BUSY), failed_to_answer(2))
    story.tell(e.StreamStarted())
    assert (Outcome.RETURNED, Reason.BUSY) == story.ending


def failed_to_answer(attempt: int) -> e.DialEnded:
    return e.DialEnded("esc-1", attempt, connected=False, reason=Reason.BUSY)


def test_a_move_that_is_lost_or_refused_is_asked_for_again() -> None:
    """He is still alone at the next look."""
    story = in_the_room().tell(ALONE, e.MoveRefused("esc-1"))
    assert State.CONNECTED is story.state()
    assert d.JoinRoom("esc-1") == story.document()
    assert c.LookForHuman(1) in story.deadline().commands
    assert [c.MoveCaller()] == story.tell(ALONE).commands


def test_a_room_that_lets_go_of_him_by_itself_counts_for_as_little() -> None:
    """However long he has waited in it."""
    story = in_the_room().tell(ALONE).tell(e.RoomClosed("esc-1"), after_s=70.0)
    assert "duty" == story.dialled().destination


def test_what_was_seen_of_a_room_that_was_left_does_not_part_two_who_talk() -> None:
    """The caller has been dialled for meanwhile; the answer was slow."""
    story = dialled_after_the_room()
    assert not receive(story.call, ALONE, story.now).changed


def test_of_a_human_who_was_dialled_only_the_caller_is_asked_for() -> None:
    """There is no room: the two hang together by the carrier's own Dial."""
    assert [c.CheckCaller()] == dialled_after_the_room().deadline().commands


def test_who_is_told_to_be_in_the_room_is_looked_for_as_well() -> None:
    """He may have left it before the caller came."""
    story = asked().tell(ACCEPTED, ENTERED, ANNOUNCED, arrived()).deadline()
    assert c.LookForHuman(1) in story.commands
