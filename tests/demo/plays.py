"""Plays scenarios for tests: sound, sabotaged, or with something done to the processes."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from operator import mul
from pathlib import Path
from typing import Any

from escalate.demo import launch
from escalate.demo.record import Event
from escalate.demo.scenarios import SCENARIOS, Framework, Scenario
from escalate.demo.stage import Stage
from escalate.store import SqliteStore
from escalate.transfer import Call
from escalate.values import Outcome

TESTS = Path(__file__).parents[1]

Doing = Callable[[Stage, Event], Awaitable[None]]


@dataclass(frozen=True)
class Played:
    """What is left of a call: the result, the log, the sound, and what we wrote down ourselves."""

    result: dict[str, Any]
    unmet: list[str]
    events: list[Event]
    heard: list[dict[str, Any]]
    wav: bytes
    stored: Call | None
    trouble: str | None


async def _nothing(stage: Stage, event: Event) -> None:
    pass


async def play(
    scenario: Scenario,
    *,
    framework: Framework = "pipecat",
    sabotage: str | None = None,
    split: bool = False,
    doing: Doing = _nothing,
) -> Played:
    """Play a call with real processes; `doing` is told every event while the call goes on."""
    stage = Stage(
        scenario,
        framework=framework,
        split=split,
        launcher="sabotage" if sabotage else launch.__name__,
        environment={"PYTHONPATH": str(TESTS), "SABOTAGE": sabotage or ""},
    )
    async with stage:
        async for event in stage.play():
            await doing(stage, event)
        report = stage.report()
        async with SqliteStore(str(stage.directory / "escalate.db")) as store:
            stored = await store.load(stage.call_uuid)
        return Played(
            result=report.as_dict(),
            unmet=scenario.must.unmet(report),
            events=stage.events,
            heard=(await stage.plivo.summary(stage.call_uuid))["heard"],
            wav=await stage.plivo.heard(stage.call_uuid),
            stored=stored,
            trouble=stage.trouble(),
        )


def scenario(name: str, **other: Any) -> Scenario:
    """A scenario by its name, changed in what a test needs otherwise."""
    return replace(SCENARIOS[name], **other)


def must_be_right(played: Played) -> None:
    """It came out as its scenario says, and nothing broke on the way."""
    assert [] == played.unmet
    assert played.trouble is None
    assert not [event for event in played.events if event["kind"] == "emulator.error"]


def ending_of(played: Played) -> Outcome | None:
    """What our own record says about the escalation."""
    assert played.stored is not None
    held = played.stored.escalation
    return held.ending.outcome if held and held.ending else None


def spoken_by_bot(played: Played, nth: int, *, seconds: float) -> list[int]:
    """The samples with which the bot's `nth` stretch of speech begins."""
    spans = [span for span in played.heard if span["source"] == "bot"]
    with wave.open(io.BytesIO(played.wav)) as file:
        file.setpos(round(spans[nth]["from_s"] * file.getframerate()))
        return list(array("h", file.readframes(round(seconds * file.getframerate()))))


def likeness(one: list[int], other: list[int], *, shift: int = 160) -> float:
    """How alike two sounds are, moved against one another by up to `shift` samples: 1.0 is same."""
    middle = one[shift:-shift]
    windows = (other[at : at + len(middle)] for at in range(2 * shift + 1))
    return max(_correlation(middle, window) for window in windows)


def _correlation(one: list[int], other: list[int]) -> float:
    power = sum(map(mul, one, one)) * sum(map(mul, other, other))
    return sum(map(mul, one, other)) / power**0.5 if power else 0.0
