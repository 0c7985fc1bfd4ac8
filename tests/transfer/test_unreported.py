"""All phones ring at once, and what the carrier reported of the one that was answered is lost."""

from __future__ import annotations

from dataclasses import replace

from escalate.transfer import LastResort, State
from escalate.transfer import documents as d
from escalate.transfer import events as e
from escalate.values import Outcome, Reason
from tests.transfer.test_machine import ANNOUNCED, DUTY, SUPPORT, Story, arrived, requested

OVER = e.DialEnded("esc-1", 2, connected=True, reason=Reason.COMPLETED)


def given_up(last_resort: LastResort = LastResort.BOT) -> Story:
    """One of two phones has failed, the other was due long ago, and the caller is there."""
    asked = replace(requested(SUPPORT, DUTY, last_resort=last_resort), together=True)
    story = Story().tell(e.StreamStarted(1), asked, ANNOUNCED, arrived())
    story.tell(e.HumanLegEnded("esc-1", 1, Reason.BUSY)).deadline().deadline()
    return story.tell(e.CallerChecked("esc-1", alive=True))


def test_a_caller_who_has_talked_all_the_time_is_hung_up_after_it() -> None:
    """His Dial says so in the end, whatever was made of its silence."""
    for last_resort in (LastResort.BOT, LastResort.GOODBYE):
        story = given_up(last_resort)
        assert story.state() in (State.RETURNING, State.LEAVING)
        story.tell(OVER, after_s=600.0)
        assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
        assert d.HangUp() == story.document()


def test_a_caller_who_may_be_talking_is_not_said_to_be_back_with_the_bot() -> None:
    """Not for the minutes that a conversation takes; then somebody may ask for a human again."""
    story = given_up()
    for _ in range(5):
        story.deadline().tell(e.CallerChecked("esc-1", alive=True))
        assert State.RETURNING is story.state()
    for _ in range(10):
        if story.call.open_escalation is not None:
            story.deadline().tell(e.CallerChecked("esc-1", alive=True))
    assert Outcome.RETURNED is story.ending[0]


def test_of_several_who_rang_nobody_is_named_without_a_word_of_it() -> None:
    """They have talked; who it was is not known, and no one is said to have failed."""
    asked = replace(requested(SUPPORT, DUTY), together=True)
    story = Story().tell(e.StreamStarted(1), asked, ANNOUNCED, arrived())
    story.tell(replace(OVER, attempt=1, certain=False))
    assert (Outcome.CONNECTED, Reason.COMPLETED) == story.ending
    held = story.call.escalation
    assert held is not None
    assert held.ending is not None
    assert held.ending.destination is None
    assert [Reason.UNKNOWN, Reason.UNKNOWN] == [one.reason for one in held.attempts]
