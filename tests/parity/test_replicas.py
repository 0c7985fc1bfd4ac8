"""Several web replicas and bots on Redis, one replica dies: the same outcomes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("livekit.agents")

from tests import nursery
from tests.parity.playing import play
from tests.parity.replicas import Deployment
from tests.store.harness import RedisServer, need_redis

CALLERS = [
    ("bridged", 0),
    ("bridged", 1),
    ("bridged", 2),
    ("sip-auth-failed", 0),
    ("sip-auth-failed", 1),
    ("no-answer", 0),
    ("warm-declined", 0),
    ("warm-nobody", 0),
]


async def test_a_replica_that_dies_of_a_callback_costs_nobody_his_human(tmp_path: Path) -> None:
    """SIGKILL with the carrier's question in hand; any replica answers it when it is repeated."""
    need_redis()
    with nursery.in_use(), RedisServer(tmp_path) as redis:
        async with Deployment(tmp_path, redis.url) as deployment:
            deployment.web.fatal = b"/ended"
            plivo = deployment.plivo
            unmet = await asyncio.gather(*(play(plivo, *caller) for caller in CALLERS))

            assert [(caller, []) for caller in CALLERS] == list(zip(CALLERS, unmet, strict=True))
            assert 1 == len(deployment.web.dead)
            assert 2 == len(deployment.web.given)
            assert 2 == len(deployment.media.given)
            tries = [event["attempt"] for event in await plivo.events() if is_question(event)]
            assert max(tries) > 1
            assert "Traceback" not in deployment.said()


def is_question(event: dict[str, object]) -> bool:
    """Whether the carrier asked what to do after a Dial."""
    return event["kind"] == "fetch" and event["what"] == "action"
