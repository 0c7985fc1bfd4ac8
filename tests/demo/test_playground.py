"""What the playground does when something on its stage breaks."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
from typing import Any

import pytest

from escalate.demo.playground import Playground
from tests import nursery

needs_pipecat = pytest.mark.skipif(
    importlib.util.find_spec("pipecat") is None, reason="the bot needs the extra [pipecat]"
)
PATIENCE_S = 45.0
CALL = "your-own-call"


async def told(playground: Playground, after: int, **fields: Any) -> tuple[int, dict[str, Any]]:
    """Wait for a message with these fields that is numbered above `after`."""
    async with asyncio.timeout(PATIENCE_S):
        async for message in playground.feed.follow(after, beat_s=PATIENCE_S):
            assert message is not None
            if fields.items() <= message[1].items():
                return message[0], dict(message[1])
    raise AssertionError("the feed has no end")


@needs_pipecat
@pytest.mark.timeout(150)
async def test_a_bot_that_is_killed_is_told_and_the_next_call_has_a_new_one() -> None:
    """As when memory runs out: what is left of the stage is ended, and another one set up."""
    with nursery.in_use():
        async with Playground(first=CALL) as playground:
            begun, _ = await told(playground, 0, kind="stream.opened")
            stage = playground._stage
            assert stage is not None and stage.bot._process is not None
            os.kill(stage.bot._process.pid, signal.SIGKILL)
            broken, message = await told(playground, begun, type="trouble")
            assert "the bot has died" in message["text"]
            await playground.play(CALL)
            await told(playground, broken, kind="stream.opened")
            assert not stage.directory.exists()
