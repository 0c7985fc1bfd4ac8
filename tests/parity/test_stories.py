"""The same stories through Pipecat, through LiveKit and without a framework: the same outcomes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("trustme")

from escalate.demo.scenarios import SCENARIOS
from escalate.demo.stage import Stage, examples
from tests import nursery, voices
from tests.parity.playing import play
from tests.parity.stories import STORIES

ROOT = Path(__file__).parents[2]
PLAIN_BOT = Path(__file__).with_name("plain_bot.py")


@pytest.mark.parametrize(
    "needs, bot",
    [
        pytest.param("pipecat", examples() / "pipecat_bot.py", id="pipecat"),
        pytest.param("livekit.agents", examples() / "livekit_agent.py", id="livekit"),
        pytest.param("escalate", PLAIN_BOT, id="plain"),
    ],
)
@pytest.mark.parametrize("half", [0, 1])
async def test_every_story_ends_as_it_must(needs: str, bot: Path, half: int) -> None:
    """Several callers call one bot at once, and the carrier's log says what became of each."""
    # One process with all of them is too slow on a small machine.
    names = list(STORIES)[half::2]
    pytest.importorskip(needs)
    with nursery.in_use():
        async with Stage(
            SCENARIOS["warm"],
            bot=bot,
            launcher="tests.parity.launcher",
            environment={"PYTHONPATH": str(ROOT), **voices.LAG},
        ) as stage:
            unmet = await asyncio.gather(*(play(stage.plivo, name) for name in names))
            assert {name: [] for name in names} == dict(zip(names, unmet, strict=True))
            assert stage.trouble() is None
