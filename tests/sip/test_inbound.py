"""Somebody calls a number of the account from a real telephone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import Application

from .peers import need
from .phones import Baresip, baresip
from .tones import has_heard, seconds_of

NUMBER = "14155550100"
CALLER_HZ, HUMAN_HZ = (1000, 600), (440, 1500)


async def bridged(plivo: LocalPlivo, app: Application, caller: Baresip, human: Baresip) -> str:
    """Let a caller call in and be connected to a human; returns the call's id."""
    path = f"answer-{human.name}"
    dial = f"<Dial timeout='10'><User>{human.uri}</User></Dial>"
    app.answers("answer", dial)
    app.answers(path, dial)
    await caller.call(f"sip:{NUMBER}@{plivo.sip}")
    event = await plivo.wait_for("leg.bridged", to=human.uri)
    return str(event["call"])


async def test_caller_and_human_hear_one_another_and_nobody_else(
    plivo: LocalPlivo, app: Application, tmp_path: Path
) -> None:
    """Two calls at once, each of the four telephones with a tone of its own."""
    need("baresip")
    async with (
        baresip(tmp_path / "c0", "14155550123", tone_hz=CALLER_HZ[0]) as caller0,
        baresip(tmp_path / "c1", "14155550124", tone_hz=CALLER_HZ[1]) as caller1,
        baresip(tmp_path / "h0", "human0", tone_hz=HUMAN_HZ[0]) as human0,
        baresip(tmp_path / "h1", "human1", tone_hz=HUMAN_HZ[1]) as human1,
    ):
        calls = [await bridged(plivo, app, caller0, human0)]
        calls.append(await bridged(plivo, app, caller1, human1))
        await asyncio.gather(*(has_heard(plivo, *one) for one in zip(calls, HUMAN_HZ, strict=True)))
        human0.press("5")
        await plivo.wait_for("leg.digit", calls[0], digit="5")
        await asyncio.gather(caller0.hang_up(), human1.hang_up())
        ends = [await plivo.wait_for("call.ended", call) for call in calls]
        assert ["Caller", "Answer XML"] == [end["source"] for end in ends]
        phones = caller0, caller1, human0, human1
        heard = await asyncio.gather(*(phone.heard() for phone in phones))
    for samples, right in zip(heard, (*HUMAN_HZ, *CALLER_HZ), strict=True):
        lasted = {hz: seconds_of(samples, hz) for hz in (*CALLER_HZ, *HUMAN_HZ)}
        assert {right} == {hz for hz, seconds in lasted.items() if seconds > 0}, lasted
