"""The whole story for real: a caller, a bot, a human, each at the end of a wire of his own.

Two stories are played each time, all of them with SIP_STORIES=all (`make sip`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.harness import kinds

from .peers import need, sipp
from .scenarios import CANCELLED, RINGS, document, gets, refuses
from .stage import CALLER_HZ, DUTY_HZ, SUPPORT_HZ, Stage, stage
from .tones import has_heard, seconds_of

INVITE = gets("INVITE")


async def talk(on: Stage, call: str, hz: int = SUPPORT_HZ) -> None:
    """Let caller and human talk until each has heard the other, then let the caller hang up."""
    await has_heard(on.plivo, call, hz)
    await on.caller.hang_up()
    ended = await on.plivo.wait_for("call.ended", call)
    assert ("Caller", 4000) == (ended["source"], ended["code"])


async def test_a_caller_who_asks_is_bridged_with_the_human_behind_a_challenge(
    tmp_path: Path,
) -> None:
    """He hears the bot, then the human and no longer the bot; nobody hears a third."""
    need("kamailio", "baresip", bot="pipecat")
    async with stage(tmp_path) as on:
        call = await on.call()
        await on.plivo.wait_for("heard.started", call, source="bot")
        bridged = await on.plivo.wait_for("leg.bridged", call, timeout_s=20)
        challenged = await on.plivo.wait_for("leg.challenged", call)
        assert (on.pbx.uri("support"), 407) == (bridged["to"], challenged["scheme"])
        await talk(on, call)
        caller, support = await on.caller.heard(), await on.support.heard()
        spans = (await on.plivo.summary(call))["heard"]
    human = next(span for span in spans if span["source"] == "human")
    assert all(span["from_s"] < human["from_s"] for span in spans if span["source"] == "bot")
    assert seconds_of(caller, SUPPORT_HZ) > 0.3 < seconds_of(support, CALLER_HZ)
    assert 0 == seconds_of(caller, CALLER_HZ) + seconds_of(support, SUPPORT_HZ)
    assert [] == list((tmp_path / "duty").glob("dump-*"))


async def test_a_human_who_presses_1_after_the_briefing_gets_the_caller(tmp_path: Path) -> None:
    """Until then he hears the briefing and not the caller, and the caller stays with the bot."""
    need("kamailio", "baresip", bot="pipecat")
    async with stage(tmp_path, warm=True) as on:
        call = await on.call()
        asked = await on.plivo.wait_for("heard.started", source="speak", timeout_s=20)
        assert not (await on.plivo.summary(call))["was_bridged_with"]
        on.support.press("1")
        await on.plivo.wait_for("leg.bridged", call, timeout_s=20)
        await talk(on, call)
        support, caller = await on.support.heard(), await on.caller.heard()
    assert asked["call"] != call
    assert seconds_of(caller, SUPPORT_HZ) > 0.3 < seconds_of(support, CALLER_HZ)
    first_second = support[:8000]
    assert any(abs(sample) > 500 for sample in first_second)
    assert 0 == seconds_of(first_second, CALLER_HZ)


@pytest.mark.sip_story
async def test_a_wrong_password_leads_to_the_next_human(tmp_path: Path) -> None:
    """The endpoint's refusal is 4240, and the caller is not lost by it."""
    need("kamailio", "baresip", bot="pipecat")
    async with stage(tmp_path, password="s3cret-of-last-year") as on:
        call = await on.call()
        failed = await on.plivo.wait_for("leg.ended", call, timeout_s=20)
        assert ("sip_auth_failed", 4240) == (failed["cause"], failed["code"])
        bridged = await on.plivo.wait_for("leg.bridged", call, timeout_s=20)
        assert on.duty.uri == bridged["to"]
        await talk(on, call, DUTY_HZ)
        assert seconds_of(await on.duty.heard(), CALLER_HZ) > 0.3


@pytest.mark.sip_story
async def test_a_busy_queue_leads_to_the_next_human(tmp_path: Path) -> None:
    """All that the queue tries are busy or do not answer, and so it says 480 in the end."""
    need("kamailio", "baresip", "sipp", bot="pipecat")
    rings = INVITE + RINGS + CANCELLED
    async with (
        sipp(document(refuses(486)), tmp_path / "busy") as busy,
        sipp(document(rings), tmp_path / "silent") as silent,
        stage(tmp_path, first="queue", places={"first": busy.uri, "second": silent.uri}) as on,
    ):
        call = await on.call()
        failed = await on.plivo.wait_for("leg.ended", call, timeout_s=20)
        assert ("no-answer", 3000) == (failed["dial_status"], failed["code"])
        assert [0, 0] == [await busy.verdict(), await silent.verdict()]
        bridged = await on.plivo.wait_for("leg.bridged", call, timeout_s=20)
        assert on.duty.uri == bridged["to"]
        await talk(on, call, DUTY_HZ)


@pytest.mark.sip_story
async def test_a_caller_who_leaves_during_the_briefing_takes_nobody_with_him(
    tmp_path: Path,
) -> None:
    """The human is told and hung up, having heard no caller."""
    need("kamailio", "baresip", bot="pipecat")
    async with stage(tmp_path, warm=True) as on:
        call = await on.call()
        asked = await on.plivo.wait_for("heard.started", source="speak", timeout_s=20)
        await on.caller.hang_up()
        await on.plivo.wait_for("call.ended", call)
        told = await on.plivo.wait_for("call.ended", asked["call"], timeout_s=20)
        assert "Caller" != told["source"]
        assert 0 == seconds_of(await on.support.heard(), CALLER_HZ)
        assert not (await on.plivo.summary(call))["was_bridged_with"]


@pytest.mark.sip_story
async def test_a_human_who_hangs_up_first_ends_it_in_order(tmp_path: Path) -> None:
    """His telephone says BYE, and the caller's document goes on to an orderly end."""
    need("kamailio", "baresip", bot="pipecat")
    async with stage(tmp_path) as on:
        call = await on.call()
        await on.plivo.wait_for("leg.bridged", call, timeout_s=20)
        await has_heard(on.plivo, call, SUPPORT_HZ)
        await on.support.hang_up()
        ended = await on.plivo.wait_for("call.ended", call, timeout_s=20)
        assert (4000, "Answer XML") == (ended["code"], ended["source"])
        assert "emulator.error" not in kinds(await on.plivo.events())


@pytest.mark.sip_story
async def test_a_livekit_bot_is_left_for_a_human_in_the_same_way(tmp_path: Path) -> None:
    """Caller, contact centre and human cannot tell which framework the bot is made with."""
    need("kamailio", "baresip", bot="livekit.agents")
    async with stage(tmp_path, framework="livekit") as on:
        call = await on.call()
        await on.plivo.wait_for("leg.bridged", call, timeout_s=20)
        await talk(on, call)
        assert seconds_of(await on.support.heard(), CALLER_HZ) > 0.3
