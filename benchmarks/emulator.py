"""How fast the local Plivo is, and whether it keeps up.

    python benchmarks/emulator.py

Telephones in this process call the local Plivo, which is a process of its own, and are called by it
through a digest challenge, all on loopback. What sipp takes for such a call to itself is the
measure of what this machine can do. Wants two idle cores.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import which
from typing import Final

import httpx

from tests.ports import free_port

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.emulator import virtual
from escalate.emulator.client import Event, LocalPlivo
from escalate.emulator.phones import Challenge, Phone
from escalate.emulator.sip.digest import Credentials
from tests.emulator.harness import Application, running
from tests.sip.peers import run, start, stop, until, until_bound
from tests.sip.scenarios import PASSWORD, USERNAME, challenges, document, gets, says, verified
from tests.sip.softphone import Softphones, Voice

DESK: Final = Credentials(USERNAME, PASSWORD)
SET_UPS: Final = 300
BRIDGES: Final = 50
TALK_S: Final = 15.0
TRANSFERS: Final = 40
VIRTUAL_CALLS: Final = 2000
# Others who use the machine make a round slower, and none faster.
VIRTUAL_ROUNDS: Final = 8
NUMBER: Final = "14155550100"


@dataclass
class House:
    """A local Plivo, an application that owns its numbers, and telephones."""

    plivo: LocalPlivo
    app: Application
    phones: Softphones

    @property
    def number(self) -> str:
        """What a caller dials."""
        return f"sip:{NUMBER}@{self.plivo.sip}"

    def user(self) -> str:
        """Whom a Dial calls: somebody behind a challenge, who picks up at once."""
        credentials = f"sipAuthUsername='{USERNAME}' sipAuthPassword='{PASSWORD}'"
        return f"<User {credentials}>{self.phones.uri}</User>"


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        plivo = await stack.enter_async_context(LocalPlivo(config={"sip": {}}))
        app = await stack.enter_async_context(running(Application))
        phones = await stack.enter_async_context(Softphones(DESK).open())
        app.says("hangup", "")
        await plivo.application(app.url("answer"), hangup_url=app.url("hangup"))
        yield House(plivo, app, phones)


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def set_up() -> None:
    """From the decision to call to the answer: INVITE, 401, INVITE with the digest, 200."""
    took = []
    async with house() as at:
        at.app.answers("answer", f"<Dial>{at.user()}</Dial>")
        for _ in range(SET_UPS):
            call = await at.plivo.call()
            await at.plivo.wait_for("leg.answered", call)
            await at.plivo.hang_up(call)
            took.append(between(await at.plivo.events(call), "leg.dialed", "leg.answered"))
            await at.plivo.wait_for("call.ended", call)
            await at.plivo.forget()
            await at.plivo.application(at.app.url("answer"))
    print(f"set-up of an authenticated leg, {SET_UPS} calls one after the other:")
    show("  dialled to answered", took, limit_ms=20)
    if which("sipp") is None:
        print("  sipp is not installed, so there is nothing to compare it with")
        return
    theirs = await sipps_own_s()
    ratio = statistics.median(took) / theirs
    print(f"  sipp to sipp: {1000 * theirs:.1f} ms a whole call; ratio {ratio:.1f}")


def between(events: list[Event], first: str, last: str) -> float:
    at = {event["kind"]: event["at"] for event in reversed(events)}
    return float(at[last] - at[first])


def show(what: str, seconds: Sequence[float], *, limit_ms: float) -> None:
    p50, p95 = (1000 * quantile(seconds, share) for share in (0.5, 0.95))
    verdict = "ok" if p95 < limit_ms else "TOO SLOW"
    print(f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms (must be under {limit_ms:.0f}) {verdict}")


async def bridges() -> None:
    """Frames that went missing between callers and humans, in both directions."""
    async with house() as at:
        at.app.answers("answer", f"<Dial>{at.user()}</Dial>")
        callers = [await at.phones.call(at.number, f"1415555{one:04}") for one in range(BRIDGES)]
        await until(lambda: len(at.phones.picked_up) == BRIDGES)
        before = cpu_s(at.plivo.pid)
        await asyncio.sleep(TALK_S)
        busy = (cpu_s(at.plivo.pid) - before) / TALK_S
        voices = [*callers, *at.phones.picked_up]
        frames = sum(len(voice.heard) // 160 for voice in voices)
        lost = sum(voice.lost() for voice in voices)
    verdict = "ok" if lost == 0 else "LOST"
    print(f"{BRIDGES} bridged calls for {TALK_S:.0f} s: {lost} of {frames} frames lost {verdict}")
    print(f"  the local Plivo kept {busy:.0%} of a core busy")


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def transfers() -> None:
    """From the 202 of a transfer to the first sound of the human in the caller's telephone."""
    took = []
    async with house() as at:
        at.app.answers("answer", "<Wait length='60'/>")
        dial = at.app.answers("dial", f"<Dial>{at.user()}</Dial>")
        api = f"{at.plivo.base_url}/v1/Account/{at.plivo.auth_id}"
        auth = (at.plivo.auth_id, at.plivo.auth_token)
        async with httpx.AsyncClient(auth=auth, trust_env=False) as client:
            for one in range(TRANSFERS):
                after = (await at.plivo.events())[-1]["seq"]
                caller = await at.phones.call(at.number, f"1415556{one:04}")
                started = await at.plivo.wait_for("call.started", after=after)
                url = f"{api}/Call/{started['call']}/"
                reply = await client.post(url, json={"legs": "aleg", "aleg_url": dial})
                assert reply.status_code == 202, reply.text
                accepted_at = at.phones.clock.now()
                took.append(await until(partial(heard_at, caller)) - accepted_at)
                await at.plivo.hang_up(started["call"])
    print(f"accepted transfer to bridged sound, {TRANSFERS} calls one after the other:")
    show("  202 to the human heard", took, limit_ms=150)


def heard_at(voice: Voice) -> float | None:
    return voice.heard_at


_CALLER: Final = """<?xml version="1.0"?>
<scenario name="uac">
{first}<recv response="401" auth="true"/>{ack}{second}<recv response="200"/>{ack}{bye}
<recv response="200"/>
</scenario>
"""
_REQUEST: Final = """<send retrans="500"><![CDATA[
{method} sip:agent@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]>;tag=[call_number]
To: <sip:agent@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
{more}Content-Length: [len]

{body}]]></send>
"""
_OFFER: Final = """v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
"""


def request(method: str, number: int, *, offer: bool = False, signed: bool = False) -> str:
    more = f"[authentication username={USERNAME} password={PASSWORD}]\n" if signed else ""
    more += "Content-Type: application/sdp\n" if offer else ""
    text = _REQUEST.format(method=method, number=number, more=more, body=_OFFER if offer else "")
    return text if method != "ACK" else text.replace(' retrans="500"', "")


async def sipps_own_s() -> float:
    """Seconds that one authenticated call takes from sipp to sipp, its end included."""
    talk = says(200, sdp=_OFFER, again=True) + gets("ACK") + gets("BYE") + says(200, again=False)
    answering = document(gets("INVITE") + challenges(401) + verified(talk))
    ack, bye = request("ACK", 1), request("BYE", 3)
    calling = _CALLER.format(
        first=request("INVITE", 1, offer=True),
        second=request("INVITE", 2, offer=True, signed=True),
        ack=ack,
        bye=bye,
    )
    with tempfile.TemporaryDirectory() as directory:
        at = Path(directory)
        (at / "uas.xml").write_text(answering)
        (at / "uac.xml").write_text(calling)
        port, own = free_port(), free_port()
        common = ("-i", "127.0.0.1", "-nostdin", "-m", str(SET_UPS))
        uas = await start("sipp", "-sf", "uas.xml", *common, "-p", str(port), cwd=at)
        try:
            await until_bound(port, uas)
            began = time.monotonic()
            await run(
                *("sipp", f"127.0.0.1:{port}", "-sf", "uac.xml", *common, "-p", str(own)),
                *("-r", "10000", "-l", "1", "-mp", str(free_port(2))),
                cwd=at,
            )
            return (time.monotonic() - began) / SET_UPS
        finally:
            await stop(uas)


_DOCUMENTS: Final = {
    "answer": "<Stream keepCallAlive='true' contentType='audio/x-mulaw;rate=8000' "
    "statusCallbackUrl='http://app.test/stream'>wss://app.test/ws</Stream>"
    "<Redirect>http://app.test/next</Redirect>",
    "next": "<Dial action='http://app.test/done' callbackUrl='http://app.test/progress'>"
    f"<User sipAuthUsername='{USERNAME}' sipAuthPassword='{PASSWORD}'>sip:desk@cc.test</User>"
    "</Dial>",
    "done": "<Hangup/>",
}


def play_in_virtual_time(calls: int) -> float:
    """Play whole calls (bot, challenge, talk, nine callbacks each); return the seconds."""

    async def application(asked: virtual.Asked) -> virtual.Answered:
        elements = _DOCUMENTS.get(asked.url.rpartition("/")[2], "")
        return virtual.Answered(f"<Response>{elements}</Response>".encode())

    async def bot(_: object) -> None:
        await asyncio.sleep(12)

    challenge = Challenge(username=USERNAME, password=PASSWORD)
    phones = {"*": Phone(answers_after_s=3, talks_s=180, challenge=challenge)}

    async def play(plivo: virtual.VirtualPlivo) -> None:
        async def one(number: int) -> None:
            await asyncio.sleep(number / 2)
            ended = await plivo.call(
                answer_url="http://app.test/answer",
                hangup_url="http://app.test/hangup",
                phones=phones,
            )
            assert ended["was_bridged_with"] == ["sip:desk@cc.test"], ended

        await asyncio.gather(*map(one, range(calls)))

    began = time.perf_counter()
    virtual.run(play, application, bot=bot)
    return time.perf_counter() - began


def virtual_calls() -> None:
    """Whole calls a second in virtual time, two processes side by side: the best of rounds."""
    with ProcessPoolExecutor(2) as pool:
        rates = sorted(
            VIRTUAL_CALLS / max(pool.map(play_in_virtual_time, [VIRTUAL_CALLS // 2] * 2))
            for _ in range(VIRTUAL_ROUNDS)
        )
    verdict = "ok" if rates[-1] >= 1000 else "TOO SLOW"
    print(
        f"calls in virtual time, two processes: {rates[-1]:.0f} a second (must be 1000) {verdict}; "
        f"the slowest of {VIRTUAL_ROUNDS} rounds {rates[0]:.0f}"
    )


async def main() -> None:
    for measure in (set_up, transfers, bridges):
        await measure()


if __name__ == "__main__":
    print("Figures are this machine's; ratios are not.")
    virtual_calls()
    asyncio.run(main())
