"""Refuse a session in which the toolset would hear nothing or could not tell the caller."""

from __future__ import annotations

from typing import Any

from livekit.agents import AgentSession, llm, utils

from escalate.errors import LayoutError


def check_session(tools: llm.Toolset, session: AgentSession[Any]) -> None:
    """Check a session that is about to be watched.

    Raises:
        LayoutError: The toolset is not the session's.
    """
    if not any(tool is tools for tool in session.tools):
        raise LayoutError(
            "EscalationTools is not among the session's tools: write "
            "AgentSession(..., tools=[desk]), so that every agent of the session has it"
        )


def check_voice(session: AgentSession[Any]) -> None:
    """Check a session that is being started: now its agent is known.

    Raises:
        LayoutError: The caller could not be heard, or nothing could be announced to him.
    """
    agent = session.current_agent
    spoken = session.output.audio is not None
    realtime = realtime_model(session)
    says_itself = realtime is not None and getattr(realtime.capabilities, "supports_say", False)
    if spoken and not says_itself and _given(agent.tts, session.tts) is None:
        raise LayoutError(
            "nothing can be announced to the caller: give AgentSession a tts; a speech-to-speech "
            "model alone cannot say a given sentence"
        )
    heard_by_model = realtime is not None and realtime.capabilities.user_transcription
    if session.input.audio is not None and not heard_by_model:
        if _given(agent.stt, session.stt) is None:
            raise LayoutError(
                "nothing of what the caller says can be heard: give AgentSession an stt, or a "
                "speech-to-speech model that gives transcripts"
            )


def realtime_model(session: AgentSession[Any]) -> llm.RealtimeModel | None:
    """Return the speech-to-speech model of the session's present agent, if it has one."""
    model = _given(session.current_agent.llm, session.llm)
    return model if isinstance(model, llm.RealtimeModel) else None


def _given(agents: Any, sessions: Any) -> Any:
    """What the agent brings along, or else the session's."""
    return agents if utils.is_given(agents) else sessions
