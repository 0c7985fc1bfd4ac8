"""All phones of a tier ring at once; the next tier rings when nobody of it is left."""

from __future__ import annotations

from dataclasses import replace

from escalate.transfer import Leg, Mode
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer import events as e
from escalate.transfer.routing import Route, plan
from escalate.values import Outcome, Reason
from tests.transfer.test_machine import ANNOUNCED, Story, arrived, failed, requested

A, B, C = Leg("a", 20.0), Leg("b", 20.0), Leg("c", 30.0, tier=2)


def asked(*legs: Leg, mode: Mode = Mode.COLD) -> Story:
    request = replace(requested(*legs), mode=mode, together=True)
    return Story().tell(e.StreamStarted(1), request)


def dialled(story: Story) -> list[str]:
    document = story.document()
    assert isinstance(document, d.DialHuman)
    return [one.destination for one in (document.attempt, *document.others)]


def test_a_dial_rings_one_tier_and_the_next_dial_the_next() -> None:
    """In whatever order the file has them."""
    story = asked(C, A, B).tell(ANNOUNCED, arrived())
    assert ["a", "b"] == dialled(story)
    assert ["c"] == dialled(story.tell(failed(1, Reason.BUSY)))
    story.tell(e.HumanAnswered("esc-1", 3), e.HumanConnected("esc-1", 3))
    story.tell(e.DialEnded("esc-1", 3, connected=True, reason=Reason.COMPLETED), after_s=60)
    assert story.call.escalation is not None
    assert story.call.escalation.ending is not None
    assert (Outcome.CONNECTED, "c") == (
        story.call.escalation.ending.outcome,
        story.call.escalation.ending.destination,
    )


def test_humans_of_a_later_tier_are_called_when_the_last_before_them_has_failed() -> None:
    """One who fails alone calls nobody, while the caller stays with the bot."""
    story = asked(A, B, C, mode=Mode.WARM)
    assert [c.CallHuman(1), c.CallHuman(2)] == story.commands
    assert [] == story.tell(e.HumanLegEnded("esc-1", 1, Reason.BUSY)).commands
    assert [c.CallHuman(3)] == story.tell(e.HumanDeclined("esc-1", 2)).commands


def test_a_second_try_belongs_to_its_tier() -> None:
    """It is made before anybody of a later one is called."""
    story = asked(A, A, C, mode=Mode.WARM).tell(e.HumanLegEnded("esc-1", 1, Reason.BUSY))
    assert story.call.escalation is not None
    assert ["a", "a"] == [one.destination for one in story.call.escalation.attempts]
    assert [c.CallHuman(3)] == story.tell(e.HumanLegEnded("esc-1", 2, Reason.BUSY)).commands


def test_a_human_who_asked_for_time_is_called_again_beside_a_later_tier() -> None:
    """He keeps his place; nobody waits for him meanwhile."""
    story = asked(A, C, mode=Mode.WARM).tell(e.HumanAnswered("esc-1", 1, "leg-1"))
    story.tell(e.HumanDeclined("esc-1", 1, Reason.DEFERRED, 5.0))
    assert [c.CallHuman(2)] == story.commands
    assert [c.CallHuman(3)] == story.deadline().commands
    assert story.call.escalation is not None
    assert [1, 2, 1] == [one.tier for one in story.call.escalation.attempts]


def test_who_lost_the_caller_to_one_who_is_gone_is_called_again_in_his_tier() -> None:
    """Before those who were not called yet."""
    story = asked(A, B, C, mode=Mode.WARM).tell(e.HumanAnswered("esc-1", 1, "leg-1"))
    story.tell(e.HumanAccepted("esc-1", 1), e.HumanLegEnded("esc-1", 1, Reason.UNKNOWN))
    assert [c.CallHuman(3)] == story.commands
    assert story.call.escalation is not None
    assert "b" == story.call.escalation.attempts[2].destination


def test_a_destination_has_its_tier_in_the_plan() -> None:
    """Among those who ring one after the other it changes nothing."""
    routes = (Route("late", tier=2), Route("first"))
    assert [("late", 2), ("first", 1)] == [(leg.destination, leg.tier) for leg in plan(routes)]


def test_whom_a_caller_asks_for_is_called_with_the_first() -> None:
    """By name, from the tool or the application."""
    routes = (Route("first"), Route("late", tier=2), Route("last", tier=2))
    wanted = plan(routes, wanted="late")
    assert [("late", 1), ("first", 1), ("last", 2)] == [(x.destination, x.tier) for x in wanted]
