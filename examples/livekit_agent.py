"""A LiveKit agent on Plivo that hands the caller over to a human when he needs one.

    PUBLIC_URL=https://bot.example.com python examples/livekit_agent.py --port 7860

Point the answer URL of a Plivo application at PUBLIC_URL/escalate/answer. The session runs straight
on Plivo's media WebSocket: there is no LiveKit server, no room and no SIP trunk.
"""

from __future__ import annotations

import argparse

import uvicorn
from fastapi import FastAPI, WebSocket
from livekit.agents import Agent, AgentSession, RunContext, function_tool
from livekit_services import PERSONA, services

from escalate import Switchboard
from escalate.livekit import EscalationTools, PlivoBridge

app = FastAPI()
board = Switchboard.from_settings()
app.mount("/escalate", board.app)


class Clerk(Agent):
    """Answers the orders line."""

    def __init__(self) -> None:
        super().__init__(instructions=PERSONA)

    async def on_enter(self) -> None:
        self.session.generate_reply(instructions="Greet the caller in one sentence.")

    @function_tool
    async def end_call(self, context: RunContext[None]) -> None:
        """End the phone call. Say goodbye first."""
        await context.wait_for_playout()
        context.session.shutdown()


@app.websocket("/ws")
async def media(websocket: WebSocket) -> None:
    """Carry one call from the first message on its media socket to the last."""
    async with PlivoBridge(websocket) as bridge:
        stt, llm, tts = services()
        desk = EscalationTools(board.call(bridge.call_uuid), bridge=bridge)
        session: AgentSession[None] = AgentSession(
            stt=stt,
            llm=llm,
            tts=tts,
            vad=None,
            turn_handling={"turn_detection": "stt"},
            tools=[desk],
            aec_warmup_duration=None,
            session_close_transcript_timeout=0.0,
        )
        desk.attach(session)
        await session.start(Clerk())
        await bridge.closed()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port)
