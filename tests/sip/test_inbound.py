"""Somebody calls a number of the account from a real telephone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from escalate.emulator.client import LocalPlivo
from tests.emulator.harness import AUTH_ID, AUTH_TOKEN, Application, running

from .peers import LOOPBACK, need, sipp
from .phones import Baresip, baresip
from .scenarios import TALKS, carries, document
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
    """Two calls at once, a tone of its own for each of four telephones, one of them in A-law."""
    need("baresip")
    async with (
        baresip(tmp_path / "c0", "14155550123", tone_hz=CALLER_HZ[0]) as caller0,
        baresip(tmp_path / "c1", "14155550124", tone_hz=CALLER_HZ[1]) as caller1,
        baresip(tmp_path / "h0", "human0", tone_hz=HUMAN_HZ[0]) as human0,
        baresip(tmp_path / "h1", "human1", tone_hz=HUMAN_HZ[1], codec="PCMA") as human1,
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


async def test_telephones_that_register_are_called_and_call_with_credentials(
    tmp_path: Path,
) -> None:
    """As the account's endpoints: what they send and get is in raw mode, as Plivo has it."""
    need("baresip", "sipp")
    users = {"desk": "s3cret-of-the-desk"}
    seen = document(carries("X-Customer") + TALKS)
    async with (
        LocalPlivo(
            auth_id=AUTH_ID, auth_token=AUTH_TOKEN, config={"sip": {"users": users}}
        ) as plivo,
        running(Application) as app,
        sipp(seen, tmp_path / "endpoint") as endpoint,
    ):
        assert plivo.sip is not None
        await plivo.application(app.url("answer"))
        port = int(plivo.sip.rpartition(":")[2])
        desk, nobody = f"sip:desk@{plivo.sip}", f"sip:nobody@{plivo.sip}"
        headers = "sipHeaders='Customer=42'"
        app.answers("answer", f"<Dial {headers} timeLimit='1'><User>{endpoint.uri}</User></Dial>")
        async with baresip(tmp_path / "desk", "desk", proxy=port, password=users["desk"]) as phone:
            await phone.call(f"sip:{NUMBER}@{plivo.sip}")
            params = (await app.request("answer")).params
            assert ("desk", LOOPBACK) == (params["SIPAuthUser"], params["SIPSourceIP"])
            await plivo.wait_for("call.ended")
            assert 0 == await endpoint.verdict()
            codes = {}
            for name, uri in {"registered": desk, "not": nobody}.items():
                app.answers("dial", f"<Dial timeLimit='1'><User>{uri}</User></Dial><Hangup/>")
                call = await plivo.call(answer_url=app.url("dial"))
                codes[name] = (await plivo.wait_for("leg.ended", call))["code"]
            assert {"registered": 6000, "not": 2020} == codes
