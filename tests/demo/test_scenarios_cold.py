"""Who may take a caller, and what he gets whom nobody takes: real processes, no framework."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("trustme")

from escalate.demo.scenarios import When
from escalate.values import Outcome
from tests.demo.plays import ending_of, must_be_right, play, scenario

PLAIN_BOT = Path(__file__).parents[1] / "parity" / "plain_bot.py"


async def test_a_caller_whom_nobody_takes_leaves_a_message_and_hangs_up() -> None:
    """The carrier has recorded him, and we have written down that he left a message."""
    played = await play(scenario("voicemail"), bot=PLAIN_BOT)

    must_be_right(played)
    assert Outcome.VOICEMAIL == ending_of(played)


async def test_a_message_that_nobody_records_is_noticed() -> None:
    """Twin of voicemail: he is asked to speak and gets a goodbye for it."""
    unheard = scenario("voicemail", over=When("xml.step", nth=4, since="leg.ended"), watch_s=0.1)
    played = await play(unheard, bot=PLAIN_BOT, sabotage="message-not-recorded")

    assert "voicemail" != played.result["outcome"]
    assert "Record" not in [e["element"] for e in played.events if e["kind"] == "xml.step"]


async def test_a_caller_whom_nobody_takes_is_promised_a_call_back() -> None:
    """He hears so, and it is what we have written down."""
    played = await play(scenario("callback"), bot=PLAIN_BOT)

    must_be_right(played)
    assert Outcome.CALLBACK == ending_of(played)


async def test_a_promise_that_is_not_made_is_noticed() -> None:
    """Twin of callback: he hears a goodbye, and waits for nobody."""
    played = await play(scenario("callback"), bot=PLAIN_BOT, sabotage="callback-not-promised")

    assert [one for one in played.unmet if one.startswith("the last words are")]
    assert Outcome.GOODBYE == ending_of(played)


async def test_only_a_human_who_presses_the_key_gets_the_caller() -> None:
    """A voicemail picks up first and does not; 9110 leads to the next."""
    played = await play(scenario("confirm"), bot=PLAIN_BOT)

    must_be_right(played)
    whispers = [e["text"] for e in played.events if e["kind"] == "leg.hears" and e["text"]]
    assert "A caller needs your help." == whispers[0]
    assert [] == [span for span in played.heard if span["source"] == "speak"]


async def test_a_caller_given_to_whoever_picks_up_is_noticed() -> None:
    """Twin of confirm: he talks to a voicemail."""
    rash = scenario("confirm", over=When("leg.bridged"), watch_s=0.1)
    played = await play(rash, bot=PLAIN_BOT, sabotage="nobody-confirms")

    assert "destination is support, must be duty-phone" in played.unmet
