"""Who is tried first: whose turn it is, and who says that he is there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from escalate import Outcome, Reason, Trigger
from escalate.roster import Available, Roster
from escalate.settings import Destination, Settings
from escalate.store import SqliteStore
from escalate.transfer import Strategy
from escalate.transfer import events as e

from .carried import CALLER, PHONE, SIP, house

PLACES = ("front", "back", "night")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    numbers = (f"+1415555010{n}" for n in range(9))
    return Settings(
        public_url="https://bot.example.com/escalate",
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id="MAXXXXXXXXXXXXXXXXXX",
        plivo_auth_token=SecretStr("token"),
        store=str(tmp_path / "calls.db"),
        destination=tuple(Destination(name=n, phone=next(numbers)) for n in PLACES),
        handoff={"strategy": Strategy.ROUND_ROBIN},
    )


async def first_of(settings: Settings, available: Available | None = None) -> e.Requested:
    """What a process that has just started makes of a request."""
    async with SqliteStore(settings.store) as store:
        roster = Roster(settings, store, clock=lambda: 0.0, available=available, answer_s=0.05)
        legs = roster.plan(Trigger.ASKED)
        asked = e.Requested(
            "esc-1", Trigger.ASKED, "asked", legs, 60.0, settings.handoff.last_resort
        )
        return await roster.refine(asked)


async def test_turns_go_on_in_the_next_process(settings: Settings) -> None:
    """Each is first as often as any other, and everybody is in the plan."""
    requests = [await first_of(settings) for _ in range(6)]
    assert list(PLACES) * 2 == [asked.plan[0].destination for asked in requests]
    assert all(set(PLACES) == {leg.destination for leg in asked.plan} for asked in requests)


async def test_who_is_away_is_left_out_and_who_does_not_say_is_there(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Late or failing counts as there: nobody is kept from a caller by a broken function."""

    async def available(name: str) -> bool:
        if name == "front":
            raise RuntimeError("the number is +14155550100")
        await asyncio.sleep(60 if name == "back" else 0)
        return False

    with caplog.at_level(logging.WARNING, "escalate"):
        asked = await first_of(settings, available)
    assert ["front", "back"] == [leg.destination for leg in asked.plan]
    assert "destination back: nobody said in time" in caplog.text
    assert "destination front: available failed: RuntimeError" in caplog.text
    assert "+1415" not in caplog.text


async def test_a_caller_is_told_when_nobody_is_there_and_stays_with_the_bot(
    tmp_path: Path,
) -> None:
    """No phone rings for him."""

    async def nobody(name: str) -> bool:
        return False

    async with house(
        tmp_path, destination=(Destination(name="duty", phone=PHONE),), available=nobody
    ) as home:
        call_uuid = await home.call()
        ending = await home.board.call(call_uuid).transfer()
        kinds = {event["kind"] for event in await home.plivo.events(call_uuid)}
    assert (Outcome.REFUSED, Reason.AWAY) == (ending.outcome, ending.reason)
    assert not kinds & {"leg.dialed", "stream.closed"}


async def test_each_destination_shows_its_own_caller_id(tmp_path: Path) -> None:
    """The general one stands in where a destination has none."""
    async with house(
        tmp_path,
        caller_id="14155550100",
        destination=(
            Destination(name="queue", sip=SIP, caller_id=CALLER),
            Destination(name="duty", phone=PHONE),
        ),
    ) as home:
        call_uuid = await home.call(sip={"busy": True}, phone={"busy": True})
        await home.board.call(call_uuid).transfer()
        events = await home.plivo.events(call_uuid)
    shown = [event["caller_id"] for event in events if event["kind"] == "leg.dialed"]
    assert [CALLER, "14155550100"] == shown
