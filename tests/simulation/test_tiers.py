"""Phones that ring tier by tier, from the settings to the carrier's log."""

from __future__ import annotations

import pytest

from escalate.emulator.phones import Phone
from escalate.settings import Destination
from escalate.values import Outcome, Reason
from tests.stories.house import ACCEPTS, DUTY, PHONE, SIP, SUPPORT, play

DESK = Destination(name="desk", phone="+14155550188", ring_s=20)
LATER = DUTY.model_copy(update={"tier": 2})
BUSY_SOON = Phone(busy=True)


@pytest.mark.parametrize("mode", ["cold", "confirm", "warm"])
def test_two_phones_ring_and_then_the_third(mode: str) -> None:
    """The first tier has failed to its last phone when the second begins."""
    phones = {SIP: BUSY_SOON, "+14155550188": Phone(answers_after_s=None), PHONE: ACCEPTS}
    told = play(
        phones,
        destination=(LATER, SUPPORT, DESK),
        handoff={"mode": mode, "strategy": "parallel"},
    )

    told.nobody_is_worse_off()
    assert (Outcome.CONNECTED, "duty") == told.ending
    assert {("support", Reason.BUSY), ("desk", Reason.NO_ANSWER)} == set(told.reasons[:2])
    first, second, third = (event["at"] for event in told.all("leg.dialed"))
    assert first == second
    assert told.at("leg.ended", 2) <= third < first + 32
