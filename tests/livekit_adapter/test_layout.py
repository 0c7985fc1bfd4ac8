"""A session in which callers could be lost does not start, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from livekit.agents import Agent, AgentSession

from escalate import LayoutError, Switchboard
from escalate.emulator.client import LocalPlivo
from escalate.livekit import EscalationTools
from escalate.livekit.audio import CallerAudio, PlayedAudio
from tests.desk import settings_for
from tests.ports import free_port

from .bench import Clerk, Ears, Voice
from .speech_model import SpeechModel

CALL = "0f6e7bd2-5a3c-4b1e-9a55-000000000002"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(plivo: LocalPlivo, tmp_path: Path) -> AsyncIterator[EscalationTools]:
    """A toolset for a call that nobody makes."""
    async with Switchboard(settings_for(plivo.base_url, free_port(), tmp_path)) as board:
        yield EscalationTools(board.call(CALL))


def session_of(tools: list[Any], **models: Any) -> AgentSession[None]:
    """A session that talks over audio, with these models."""
    session: AgentSession[None] = AgentSession(
        vad=None,
        turn_handling={"turn_detection": "manual"},
        session_close_transcript_timeout=0.0,
        tools=tools,
        **models,
    )
    session.input.audio = CallerAudio()
    session.output.audio = PlayedAudio(play=_ignore, mark=_ignore, clear=lambda: None)
    return session


def _ignore(_: object) -> None:
    pass


asked_late = pytest.mark.skipif(
    find_spec("livekit.agents.testing") is None,
    reason="livekit-agents 1.5 opens the model's session before it asks for tools",
)


@asked_late
async def test_a_model_of_speech_alone_cannot_announce(desk: EscalationTools) -> None:
    """It says what it likes, and not a given sentence."""
    model = SpeechModel()
    session = session_of([desk], llm=model)
    desk.attach(session)
    with pytest.raises(LayoutError, match="give AgentSession a tts"):
        await session.start(Clerk())
    assert [] == model.sessions


@asked_late
async def test_a_model_of_speech_without_transcripts_is_deaf_to_us(desk: EscalationTools) -> None:
    """With its own ears alone nobody would know what the caller asked for."""
    session = session_of([desk], llm=SpeechModel(transcripts=False), tts=Voice())
    desk.attach(session)
    with pytest.raises(LayoutError, match="that gives transcripts"):
        await session.start(Clerk())


async def test_a_toolset_that_was_never_attached_stops_the_session(desk: EscalationTools) -> None:
    """It would hear nothing; the start fails instead."""
    session = session_of([desk], stt=Ears(), tts=Voice())
    with pytest.raises(LayoutError, match=r"call desk\.attach\(session\)"):
        await session.start(Clerk())


async def test_a_toolset_of_no_session_cannot_be_attached(desk: EscalationTools) -> None:
    """Nor one that belongs to a single agent and would go with it."""
    session = session_of([], stt=Ears(), tts=Voice())
    with pytest.raises(LayoutError, match=r"tools=\[desk\]"):
        desk.attach(session)


async def test_a_session_without_a_voice_does_not_start(desk: EscalationTools) -> None:
    """Nothing could be announced."""
    session = session_of([desk], stt=Ears())
    desk.attach(session)
    with pytest.raises(LayoutError, match="give AgentSession a tts"):
        await session.start(Clerk())


async def test_a_session_without_ears_does_not_start(desk: EscalationTools) -> None:
    """Nothing could be heard."""
    session = session_of([desk], tts=Voice())
    desk.attach(session)
    with pytest.raises(LayoutError, match="give AgentSession an stt"):
        await session.start(Clerk())


async def test_models_of_the_agent_count(desk: EscalationTools) -> None:
    """An agent may bring its own voice and ears."""
    session = session_of([desk])
    desk.attach(session)
    agent = Agent(instructions="", stt=Ears(), tts=Voice())
    async with asyncio.timeout(10):
        await session.start(agent)
        assert "listening" == session.agent_state
        await session.aclose()
        await desk.settled()
