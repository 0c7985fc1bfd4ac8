"""What a caller gets whom nobody takes, with real processes and without a framework."""

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
