"""The example behind a trunk is a real program; `make demo` plays the one on the stream."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest
from livekit.agents import AgentServer, AgentSession, utils

from escalate import LiveCall
from escalate.demo.stage import examples

from .room import Caller, job

CALL = "0f6e7bd2-5a3c-4b1e-9a55-000000000004"
CONFIG = """
public_url = "https://bot.example.com/escalate"
{where}
[[destination]]
name = "support"
phone = "+14155550199"
"""


async def test_real_models_take_the_places_of_the_stand_ins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keys are all it takes. Nothing is asked of anybody before a call."""
    for vendor in ("deepgram", "openai", "cartesia"):
        pytest.importorskip(f"livekit.plugins.{vendor}")
        monkeypatch.setenv(f"{vendor.upper()}_API_KEY", "a key")
    program = runpy.run_path(os.fspath(examples() / "livekit_services.py"))
    async with utils.http_context.open():
        stt, llm, tts = program["services"]()
        AgentSession(stt=stt, llm=llm, tts=tts, vad=None, turn_handling={"turn_detection": "stt"})

    vendors = [type(one).__module__.split(".")[2] for one in (stt, llm, tts)]
    assert ["deepgram", "openai", "cartesia"] == vendors


@pytest.mark.parametrize(
    "where, call_uuid",
    [
        ('bot_sip = "sip:bot@trunk.example.com"', CALL),
        ('refer_domain = "21784177241578.zt.plivo.com"', "SCL_1"),
    ],
)
async def test_the_agent_behind_a_trunk_finds_its_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, call_uuid: str
) -> None:
    """Whichever way the caller came."""
    (tmp_path / "escalate.toml").write_text(CONFIG.format(where=where))
    monkeypatch.setenv("ESCALATE_CONFIG", str(tmp_path / "escalate.toml"))
    monkeypatch.setenv("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "a token")
    monkeypatch.setattr(sys, "path", [os.fspath(examples()), *sys.path])
    program = runpy.run_path(os.fspath(examples() / "livekit_sip_agent.py"))
    assert isinstance(program["server"], AgentServer)

    async with job() as work:
        attributes = {"sip.callID": "SCL_1", "sip.h.x-ph-calluuid": CALL.replace("-", "")}
        work.room.join(Caller(attributes=attributes))
        call = await program["find_call"](work.ctx)
        await work.end(None)

    assert isinstance(call, LiveCall)
    assert call_uuid == call.call_uuid
