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


# One process with all of them is too slow on a small machine.
HALVES = [list(STORIES)[half::2] for half in range(2)]
# The tests of the demonstration play all others with Pipecat's bot.
NOT_IN_DEMO = [name for name in STORIES if name not in SCENARIOS]
LIVEKIT_BOT = examples() / "livekit_agent.py"


@pytest.mark.parametrize(
    "needs, bot, names",
    [
        ("pipecat", examples() / "pipecat_bot.py", NOT_IN_DEMO),
        *(("livekit.agents", LIVEKIT_BOT, names) for names in HALVES),
        *(("escalate", PLAIN_BOT, names) for names in HALVES),
    ],
    ids=["pipecat", "0-livekit", "1-livekit", "0-plain", "1-plain"],
)
async def test_every_story_ends_as_it_must(needs: str, bot: Path, names: list[str]) -> None:
    """Several callers call one bot at once, and the carrier's log says what became of each."""
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
