"""Plays scenarios for tests: sound, sabotaged, or with something done to the processes."""

from __future__ import annotations

import asyncio
import io
import wave
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from escalate.demo import launch
from escalate.demo.record import Event
from escalate.demo.scenarios import SCENARIOS, Scenario
from escalate.demo.stage import Performance, Stage
from escalate.handoff import Context, read_headers
from escalate.store import SqliteStore
from escalate.transfer import Call
from escalate.values import Outcome
from tests import nursery, voices
from tests.demo import ears

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


def context_that_arrived(played: Played) -> Context:
    """What the human's side was told in the headers of the first call to it, none of them lost."""
    dialed = next(event for event in played.events if event["kind"] == "leg.dialed")
    assert "dropped_headers" not in dialed
    received = read_headers(dialed["headers"])
    assert received.intact
    return received.context


async def _nothing(stage: Stage, event: Event) -> None:
    pass


async def play(
    scenario: Scenario,
    *,
    bot: Path | None = None,
    sabotage: str | None = None,
    split: bool = False,
    doing: Doing = _nothing,
) -> Played:
    """Play a call with real processes; `doing` is told every event while the call goes on."""
    stage = Stage(
        scenario,
        bot=bot,
        split=split,
        launcher="sabotage" if sabotage else launch.__name__,
        environment={"PYTHONPATH": str(TESTS), "SABOTAGE": sabotage or "", **voices.LAG},
    )
    with nursery.in_use():
        async with stage:
            async for event in stage.play():
                await doing(stage, event)
            return await _played(stage, stage.performance)


async def play_together(*scenarios: Scenario) -> dict[str, Played]:
    """Play scenarios of one mode at once, with one bot and one local Plivo; returned by name."""
    stage = Stage(
        scenarios[0],
        launcher=ears.__name__,
        environment={"PYTHONPATH": str(TESTS.parent), **voices.LAG},
    )
    with nursery.in_use():
        async with stage:
            performances = [stage.perform(one, from_=ears.number_of(one.name)) for one in scenarios]
            await asyncio.gather(*map(_to_its_end, performances))
            played = [await _played(stage, one) for one in performances]
    return {one.scenario.name: told for one, told in zip(performances, played, strict=True)}


async def _to_its_end(performance: Performance) -> None:
    async for _ in performance.play():
        pass


async def _played(stage: Stage, performance: Performance) -> Played:
    report = performance.report()
    async with SqliteStore(str(stage.directory / "escalate.db")) as store:
        stored = await store.load(performance.call_uuid)
    return Played(
        result=report.as_dict(),
        unmet=performance.scenario.must.unmet(report),
        events=performance.events,
        heard=(await stage.plivo.summary(performance.call_uuid))["heard"],
        wav=await stage.plivo.heard(performance.call_uuid),
        stored=stored,
        trouble=stage.trouble(),
    )


def scenario(name: str, **other: Any) -> Scenario:
    """A scenario by its name, changed in what a test needs otherwise."""
    return replace(SCENARIOS[name], **other)


def must_be_right(played: Played) -> None:
    """It came out as its scenario says, and nothing broke on the way."""
    assert [] == played.unmet, f"{played.unmet}, {played.result}"
    assert played.trouble is None
    assert not [event for event in played.events if event["kind"] == "emulator.error"]


def ending_of(played: Played) -> Outcome | None:
    """What our own record says about the escalation."""
    assert played.stored is not None
    held = played.stored.escalation
    return held.ending.outcome if held and held.ending else None


def spoken_by_bot(played: Played, nth: int, *, seconds: float) -> array[int]:
    """The samples with which the bot's `nth` stretch of speech begins."""
    spans = [span for span in played.heard if span["source"] == "bot"]
    return _sound(played, spans[nth]["from_s"], seconds)


def heard_between(played: Played, begin: float, end: float) -> array[int]:
    """The samples that the caller heard between two moments of the log."""
    answered = next(event["at"] for event in played.events if event["kind"] == "call.answered")
    return _sound(played, begin - answered, end - begin)


def _sound(played: Played, from_s: float, seconds: float) -> array[int]:
    with wave.open(io.BytesIO(played.wav)) as file:
        file.setpos(round(from_s * file.getframerate()))
        return array("h", file.readframes(round(seconds * file.getframerate())))


def amount(sound: array[int]) -> int:
    """How much there is to hear: silence adds nothing, so it is the same where a machine lags."""
    return sum(map(abs, sound))


def likeness(heard: array[int], sound: array[int]) -> float:
    """How much `heard` is like the best fitting stretch of `sound`: 1.0 is the same."""
    piece, whole = (np.asarray(one, dtype=np.float64) for one in (heard, sound))
    products = np.correlate(whole, piece, mode="valid")
    energy = np.convolve(whole**2, np.ones(len(piece)), mode="valid")
    power = np.sqrt(np.maximum(energy, 1.0) * max(float(piece @ piece), 1.0))
    return float(np.max(products / power))
