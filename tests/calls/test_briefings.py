"""What the human hears about the caller: once made, the same from everywhere, and never late."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from escalate import Said, Switchboard, Trigger
from escalate.briefings import Briefings
from escalate.handoff import Briefing
from escalate.settings import Destination, Settings
from escalate.transfer import Escalation
from escalate.values import Party

UUID = "8503ed6b-e0ad-4945-b04a-87759100f2c9"
LINES = ("my name is Anna Miller, i want to cancel order 4455", "my card is 4111 1111 1111 1111")
SPOKEN = "Name: Anna Miller. Request: i want to cancel order 4455."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        public_url="https://bot.example.com/escalate",
        stream_url="wss://bot.example.com/ws",
        plivo_auth_id="MAXXXXXXXXXXXXXXXXXX",
        plivo_auth_token=SecretStr("token"),
        store=str(tmp_path / "calls.db"),
        destination=(Destination(name="duty", phone="+14155550199"),),
    )


@pytest.fixture
async def board(settings: Settings) -> AsyncIterator[Switchboard]:
    async with Switchboard(settings) as opened:
        yield opened


async def opened(board: Switchboard, *, prepared_by: Briefings | None = None) -> Escalation:
    """Open an escalation after `LINES`, whose briefing somebody may have begun already."""
    await board.answered(UUID)
    said = [Said(Party.CALLER, line, board.clock()) for line in LINES]
    for one in said:
        await board.store.remember(UUID, one)
    request = board.request(Trigger.ASKED, "asked")
    if prepared_by is not None:
        prepared_by.prepare(UUID, request, said)
    call = await board.receive(UUID, request)
    assert call is not None
    assert call.escalation is not None
    return call.escalation


async def read(board: Switchboard, held: Escalation, by: Briefings | None = None) -> Briefing:
    call = await board.store.load(UUID)
    assert call is not None
    return await asyncio.wait_for((by or board.briefings).of(call, held), 10)


def rewriting(board: Switchboard, text: str | None, *, late: bool = False) -> Briefings:
    """Briefings with a summary of the user's own, which fails where it has no text."""

    async def summarize(conversation: Sequence[Said]) -> str:
        assert list(LINES) == [said.text for said in conversation]
        if late:
            await asyncio.Event().wait()
        if text is None:
            raise RuntimeError(conversation[0].text)
        return text

    handoff = board.settings.handoff.model_copy(update={"summary_s": 0.05 if late else 10.0})
    settings = board.settings.model_copy(update={"handoff": handoff})
    return Briefings(settings, board.store, clock=board.clock, summarize=summarize)


async def test_it_is_frozen_by_whoever_makes_it_first(
    board: Switchboard, settings: Settings
) -> None:
    """What is said later does not change it, not even in a process that asks for the first time."""
    held = await opened(board)
    first = await read(board, held)
    assert SPOKEN == first.spoken
    await board.store.remember(UUID, Said(Party.CALLER, "my name is Bert", held.opened_at))
    async with Switchboard(settings) as replica:
        assert first == await read(replica, held)


async def test_words_after_the_request_are_none_of_it(board: Switchboard) -> None:
    """A replica that makes it late makes the same."""
    held = await opened(board)
    await board.store.remember(UUID, Said(Party.CALLER, "my name is Bert", held.opened_at + 1))
    assert SPOKEN == (await read(board, held)).spoken


async def test_however_long_somebody_talks_both_ends_are_looked_at(board: Switchboard) -> None:
    """The name of the beginning and the request of the end, without all that is between."""
    await board.answered(UUID)
    endless = "and another thing " * 2000
    lines = ["my name is Anna Miller", *[endless] * 300, "i want to cancel order 4455"]
    request = board.request(Trigger.ASKED, "asked")
    said = [Said(Party.CALLER, line, float(nth)) for nth, line in enumerate(lines)]
    board.briefings.prepare(UUID, request, said)
    call = await board.receive(UUID, request)
    assert call is not None
    assert call.escalation is not None
    briefing = await read(board, call.escalation)
    assert "Anna Miller" in briefing.spoken
    assert briefing.wants is not None
    assert (len(lines) - 1, "i want to cancel order 4455") == (
        briefing.wants.turn,
        briefing.wants.text,
    )


async def test_a_summary_of_the_users_own_is_waited_for_redacted_and_cut(
    board: Switchboard,
) -> None:
    """Ten seconds at most; and the parts that were found stay beside it."""
    text = "Anna wants to cancel, card 4111 1111 1111 1111. " + "She is very angry about it. " * 30
    own = rewriting(board, text)
    held = await opened(board, prepared_by=own)
    briefing = await read(board, held, own)
    assert briefing.spoken.startswith("Anna wants to cancel, card card number withheld. She is")
    assert briefing.seconds <= 10.0
    assert briefing.who is not None
    assert briefing == await read(board, held)


@pytest.mark.parametrize(
    ("late", "told"), [(True, "no summary in time"), (False, "the summary failed: RuntimeError")]
)
async def test_a_summary_that_is_late_or_broken_costs_the_human_nothing(
    board: Switchboard, caplog: pytest.LogCaptureFixture, late: bool, told: str
) -> None:
    """He hears the caller's own words instead, and the log holds none of them."""
    own = rewriting(board, None, late=late)
    held = await opened(board, prepared_by=own)
    with caplog.at_level(logging.WARNING, "escalate"):
        assert SPOKEN == (await read(board, held, own)).spoken
    assert [f"call {UUID}: {told}"] == caplog.messages
