"""The whole story for real: a caller, a bot, a human, each at the end of a wire of his own.

Caller, contact centre and human cannot tell which framework the bot is made with. Two stories are
played each time, all of them through both frameworks with SIP_STORIES=all (`make sip`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.harness import kinds

from .pbx import REALM
from .peers import need, sipp
from .scenarios import CANCELLED, RINGS, document, gets, refuses
from .stage import CALLER_HZ, DUTY_HZ, SUPPORT_HZ, Stage, stage
from .tones import before, has_heard, seconds_of

INVITE = gets("INVITE")
# None waits for longer than a part of this for any one thing.
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.parametrize(
        "framework", ["pipecat", pytest.param("livekit", marks=pytest.mark.sip_story)]
    ),
]


async def talk(on: Stage, call: str, hz: int = SUPPORT_HZ) -> None:
    """Let caller and human talk until each has heard the other, then let the caller hang up."""
    await has_heard(on.plivo, call, hz)
    await on.caller.hang_up()
    ended = await on.sees("call.ended", call)
    assert ("Caller", 4000) == (ended["source"], ended["code"])


async def test_a_caller_who_asks_is_bridged_with_the_human_behind_a_challenge(
    tmp_path: Path, framework: str
) -> None:
    """He hears the bot, then the human and no longer the bot; nobody hears a third."""
    async with stage(tmp_path, framework=framework) as on:
        call = await on.call()
        await on.sees("heard.started", call, source="bot")
        bridged = await on.sees("leg.bridged", call)
        challenged = await on.sees("leg.challenged", call)
        assert (on.pbx.uri("support"), 407) == (bridged["to"], challenged["scheme"])
        await talk(on, call)
        caller, support = await on.caller.heard(), await on.support.heard()
        spans = (await on.plivo.summary(call))["heard"]
    human = next(span for span in spans if span["source"] == "human")
    assert all(span["from_s"] < human["from_s"] for span in spans if span["source"] == "bot")
    assert seconds_of(caller, SUPPORT_HZ) > 0.3 < seconds_of(support, CALLER_HZ)
    assert 0 == seconds_of(caller, CALLER_HZ) + seconds_of(support, SUPPORT_HZ)
    assert [] == list((tmp_path / "duty").glob("dump-*"))


async def test_a_human_who_presses_1_after_the_briefing_gets_the_caller(
    tmp_path: Path, framework: str
) -> None:
    """Until then he hears the briefing and not the caller, and the caller stays with the bot."""
    async with stage(tmp_path, warm=True, framework=framework) as on:
        call = await on.call()
        asked = await on.sees("heard.started", source="speak")
        assert not (await on.plivo.summary(call))["was_bridged_with"]
        on.support.press("1")
        pressed = await on.sees("leg.digit", asked["call"], digit="1")
        await on.sees("leg.bridged", call)
        heard = await on.sees("heard.started", asked["call"], source="caller")
        await talk(on, call)
        support, caller = await on.support.heard(), await on.caller.heard()
    assert call != asked["call"] and asked["seq"] < pressed["seq"] < heard["seq"]
    assert seconds_of(caller, SUPPORT_HZ) > 0.3 < seconds_of(support, CALLER_HZ)
    assert any(abs(sample) > 500 for sample in before(support, CALLER_HZ))


@pytest.mark.sip_story
async def test_a_wrong_password_leads_to_the_next_human(tmp_path: Path, framework: str) -> None:
    """The endpoint's refusal is 4240, and the caller is not lost by it."""
    async with stage(tmp_path, password="s3cret-of-last-year", framework=framework) as on:
        call = await on.call()
        failed = await on.sees("leg.ended", call)
        assert ("sip_auth_failed", 4240) == (failed["cause"], failed["code"])
        bridged = await on.sees("leg.bridged", call)
        assert on.duty.uri == bridged["to"]
        await talk(on, call, DUTY_HZ)
        assert seconds_of(await on.duty.heard(), CALLER_HZ) > 0.3


@pytest.mark.sip_story
async def test_a_queue_goes_on_from_a_busy_human_to_the_next(
    tmp_path: Path, framework: str
) -> None:
    """The contact centre does it by itself, and the caller talks with whom it has found."""
    need("sipp")
    async with (
        sipp(document(refuses(486)), tmp_path / "busy") as busy,
        stage(
            tmp_path,
            first="queue",
            places={"first": busy.uri, "second": f"sip:support@{REALM}"},
            framework=framework,
        ) as on,
    ):
        call = await on.call()
        bridged = await on.sees("leg.bridged", call)
        assert (on.pbx.uri("queue"), 0) == (bridged["to"], await busy.verdict())
        await talk(on, call)
        caller, support = await on.caller.heard(), await on.support.heard()
        dialed = [event for event in await on.plivo.events(call) if event["kind"] == "leg.dialed"]
    assert seconds_of(caller, SUPPORT_HZ) > 0.3 < seconds_of(support, CALLER_HZ)
    assert 1 == len(dialed)


@pytest.mark.sip_story
async def test_a_queue_without_anybody_leads_to_the_next_human(
    tmp_path: Path, framework: str
) -> None:
    """All that the queue tries are busy or do not answer, and so it says 480 in the end."""
    need("sipp")
    rings = INVITE + RINGS + CANCELLED
    async with (
        sipp(document(refuses(486)), tmp_path / "busy") as busy,
        sipp(document(rings), tmp_path / "silent") as silent,
        stage(
            tmp_path,
            first="queue",
            places={"first": busy.uri, "second": silent.uri},
            framework=framework,
        ) as on,
    ):
        call = await on.call()
        failed = await on.sees("leg.ended", call)
        assert ("no-answer", 3000) == (failed["dial_status"], failed["code"])
        assert [0, 0] == [await busy.verdict(), await silent.verdict()]
        bridged = await on.sees("leg.bridged", call)
        assert on.duty.uri == bridged["to"]
        await talk(on, call, DUTY_HZ)


@pytest.mark.sip_story
async def test_a_caller_who_leaves_during_the_briefing_takes_nobody_with_him(
    tmp_path: Path, framework: str
) -> None:
    """The human is told and hung up, having heard no caller."""
    async with stage(tmp_path, warm=True, framework=framework) as on:
        call = await on.call()
        asked = await on.sees("heard.started", source="speak")
        await on.caller.hang_up()
        await on.sees("call.ended", call)
        told = await on.sees("call.ended", asked["call"])
        assert "Caller" != told["source"]
        assert 0 == seconds_of(await on.support.heard(), CALLER_HZ)
        assert not (await on.plivo.summary(call))["was_bridged_with"]


@pytest.mark.sip_story
async def test_a_human_who_hangs_up_first_ends_it_in_order(tmp_path: Path, framework: str) -> None:
    """His telephone says BYE, and the caller's document goes on to an orderly end."""
    async with stage(tmp_path, framework=framework) as on:
        call = await on.call()
        await on.sees("leg.bridged", call)
        await has_heard(on.plivo, call, SUPPORT_HZ)
        await on.support.hang_up()
        ended = await on.sees("call.ended", call)
        assert (4000, "Answer XML") == (ended["code"], ended["source"])
        assert "emulator.error" not in kinds(await on.plivo.events())
