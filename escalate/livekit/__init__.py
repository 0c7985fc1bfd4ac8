"""The adapter for LiveKit Agents: a toolset, an audio bridge, and no policy.

desk = EscalationTools(board.call(call_uuid))
session = AgentSession(stt=..., llm=..., tts=..., tools=[desk])
desk.attach(session)
await session.start(agent)
"""

from escalate.livekit.bridge import PlivoBridge
from escalate.livekit.refer import Referred, SipReferTransfer
from escalate.livekit.sip import CallUnknown, call_uuid
from escalate.livekit.tools import EscalationTools
from escalate.livekit.trunk import TrunkSwitchboard

__all__ = [
    "CallUnknown",
    "EscalationTools",
    "PlivoBridge",
    "Referred",
    "SipReferTransfer",
    "TrunkSwitchboard",
    "call_uuid",
]
