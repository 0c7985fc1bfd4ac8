"""The scenarios of a warm handoff with real processes, each with its twin that goes wrong."""

from __future__ import annotations

from array import array

import pytest

pytest.importorskip("pipecat")
pytest.importorskip("trustme")

from escalate.demo.scenarios import When
from escalate.demo.speech import speak
from escalate.handoff import Line
from escalate.settings import Say
from escalate.values import Outcome, Reason
from tests.demo.plays import (
    Played,
    context_that_arrived,
    ending_of,
    heard_between,
    likeness,
    must_be_right,
    play,
    play_together,
    scenario,
)


def at(played: Played, kind: str, nth: int = 1, **fields: object) -> float:
    """When the `nth` event of a kind with these fields was logged."""
    found = [e for e in played.events if e["kind"] == kind and fields.items() <= e.items()]
    return float(found[nth - 1]["at"])


async def a_human_accepts_before_the_caller_leaves_the_bot(played: Played) -> None:
    """Asked, accepted, waiting, announced to the caller, and only then does the bot let go."""
    steps = [
        at(played, "heard.started", source="speak"),
        at(played, "leg.digit", digit="1"),
        at(played, "room.entered", party="human"),
        at(played, "stream.closed"),
        at(played, "room.entered", party="caller"),
        at(played, "leg.bridged"),
    ]
    assert sorted(steps) == steps
    assert "Request: a human please." == context_that_arrived(played).summary


async def test_a_human_who_gets_the_caller_unasked_is_noticed() -> None:
    """Twin of warm: they are connected, but nobody had accepted."""
    rash = scenario("warm", over=When("leg.bridged"), watch_s=0.7)
    played = await play(rash, sabotage="humans-not-asked")

    assert "connected" == played.result["outcome"]
    assert ["answers is (None,), must be ('1',)"] == played.unmet


async def a_human_who_declines_is_thanked_and_the_next_is_called(played: Played) -> None:
    """The first leg ends with a farewell heard out; the second human says yes in his own words."""
    assert at(played, "leg.says") < at(played, "room.entered", party="human")
    assert "duty-phone" == played.result["destination"]


async def test_a_refusal_taken_for_a_yes_is_noticed() -> None:
    """Twin of warm-declined: he pressed 2 and has the caller all the same."""
    played = await play(scenario("warm-declined"), sabotage="every-answer-is-yes")

    assert ("support", "2") == (
        played.result["destination"],
        played.result["attempts"][0]["answer"],
    )
    assert "destination is support, must be duty-phone" in played.unmet


async def a_human_who_asks_for_time_is_called_again_for_a_caller_who_is_with_the_bot(
    played: Played,
) -> None:
    """He is thanked and called a second time; the caller leaves the bot for him then."""
    asked, called_again = at(played, "leg.says"), at(played, "leg.dialed", 3)
    assert asked < called_again < at(played, "stream.closed")


async def test_a_human_who_is_not_called_again_is_noticed() -> None:
    """Twin of warm-later: who asks for time is taken at his first word."""
    over = When("leg.ended", nth=2)
    played = await play(scenario("warm-later", over=over), sabotage="nobody-gets-time")

    assert "outcome is returned, must be connected" in played.unmet


async def test_caller_and_human_are_told_of_one_another_once_they_are_together() -> None:
    """Both hear the same; the human had accepted before."""
    played = await play(scenario("warm-introduced"))

    must_be_right(played)
    assert at(played, "leg.bridged") < at(played, "room.says")


async def test_two_who_meet_without_a_word_are_noticed() -> None:
    """Twin of warm-introduced: nobody tells them."""
    silent = scenario("warm-introduced", over=When("leg.bridged"))
    played = await play(silent, sabotage="nobody-introduced")

    assert [one for one in played.unmet if one.startswith("the introduction is None")]


async def test_of_two_humans_called_at_once_the_first_who_accepts_gets_the_caller() -> None:
    """Both hear the question; the other is told, and heard out, before his leg ends."""
    played = await play(scenario("warm-parallel"))

    must_be_right(played)
    assert at(played, "leg.answered", 2) < at(played, "leg.digit", digit="1")


async def test_a_human_who_lost_the_caller_and_is_not_told_is_noticed() -> None:
    """Twin of warm-parallel: nobody lets go of those who were slower."""
    played = await play(scenario("warm-parallel"), sabotage="humans-forgotten")

    assert "support was left alone" in played.unmet


async def a_voicemail_gets_neither_the_caller_nor_a_farewell(played: Played) -> None:
    """Its leg ends once the carrier has heard what it is; a human is asked, and accepts."""
    assert at(played, "leg.detected", machine=True) < at(played, "leg.digit", digit="1")
    assert at(played, "leg.digit", digit="1") < at(played, "stream.closed")


async def test_a_caller_given_to_a_voicemail_is_noticed() -> None:
    """Twin of warm-machine: nobody listens to what the carrier has heard."""
    deaf = scenario("warm-machine", over=When("leg.bridged"), watch_s=0.1)
    played = await play(deaf, sabotage="machines-are-human")

    assert "destination is support, must be duty-phone" in played.unmet


async def when_no_human_takes_the_call_the_caller_never_leaves_the_bot(played: Played) -> None:
    """One stream from beginning to end; he is told that nobody is free, and is answered."""
    refused = at(played, "leg.ended", code=3010)
    went_on = at(played, "caller.says", 2)
    nobody_is_free = Say().text(Line.RETURNING, reason=Reason.BUSY)
    # Half a second: a machine that lags tears gaps into more.
    begins = array("h", (await speak(nobody_is_free, 8000))[:8_000])
    assert likeness(begins, heard_between(played, refused, went_on)) > 0.6
    assert went_on < max(e["at"] for e in played.events if e["kind"] == "heard.started")
    assert Outcome.RETURNED == ending_of(played)


async def test_a_caller_moved_before_anybody_accepted_is_noticed() -> None:
    """Twin of warm-nobody: he gets a human who would have declined."""
    hasty = scenario("warm-nobody", over=When("leg.bridged"), watch_s=0.1)
    played = await play(hasty, sabotage="caller-first")

    assert "outcome is connected, must be returned" in played.unmet
    assert "the bot let go of the caller" in played.unmet


async def a_human_is_released_when_the_caller_leaves_during_the_question(played: Played) -> None:
    """He is told that the caller has left, heard to its end; no leg stays."""
    assert at(played, "call.ended") < at(played, "heard.ended", 2, source="speak")
    assert 2 == len([event for event in played.events if event["kind"] == "call.ended"])
    assert Outcome.CALLER_LEFT == ending_of(played)


async def test_a_human_who_is_forgotten_is_noticed() -> None:
    """Twin of warm-caller-hangs-up: his leg stays, and nobody tells him."""
    forgotten = scenario("warm-caller-hangs-up", limit_s=7.0)
    played = await play(forgotten, sabotage="humans-forgotten")

    assert "support was left alone" in played.unmet


PROOFS = {
    "warm": a_human_accepts_before_the_caller_leaves_the_bot,
    "warm-declined": a_human_who_declines_is_thanked_and_the_next_is_called,
    "warm-later": a_human_who_asks_for_time_is_called_again_for_a_caller_who_is_with_the_bot,
    "warm-machine": a_voicemail_gets_neither_the_caller_nor_a_farewell,
    "warm-nobody": when_no_human_takes_the_call_the_caller_never_leaves_the_bot,
    "warm-caller-hangs-up": a_human_is_released_when_the_caller_leaves_during_the_question,
}


@pytest.mark.parametrize("names", [list(PROOFS)[:3], list(PROOFS)[3:]], ids=["some", "others"])
async def test_every_warm_scenario_comes_out_as_it_must(names: list[str]) -> None:
    """Several callers at one bot, and a human's own calls for each."""
    played = await play_together(*map(scenario, names))

    for name in names:
        must_be_right(played[name])
        await PROOFS[name](played[name])
