"""A LiveKit agent that callers reach over a SIP trunk, and that hands them over to a human.

    python examples/livekit_sip_agent.py start

Either Plivo dials the trunk with our answer document: set bot_sip in escalate.toml, run `escalate
serve` where Plivo reaches it, and share its store with this process. The caller's leg is then moved
by Plivo's API, to anybody it can dial.

Or the number belongs to the trunk (Zentrunk): set refer_domain. The caller is then moved by REFER,
to telephone numbers only.
"""

from __future__ import annotations

from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    JobContext,
    RunContext,
    cli,
    function_tool,
)
from livekit_services import PERSONA, services

from escalate import LiveCall, Switchboard, load_settings
from escalate.livekit import EscalationTools, TrunkSwitchboard, call_uuid

server = AgentServer()
settings = load_settings()


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


async def find_call(ctx: JobContext) -> LiveCall:
    """Return the call whose leg is in the room, whichever way it came."""
    if settings.refer_domain is not None:
        return (await TrunkSwitchboard.in_room(ctx, settings)).caller()
    return Switchboard(settings).call(await call_uuid(ctx))


@server.rtc_session()
async def answer(ctx: JobContext) -> None:
    """Carry one call."""
    await ctx.connect()
    stt, llm, tts = services()
    desk = EscalationTools(await find_call(ctx))
    session: AgentSession[None] = AgentSession(
        stt=stt,
        llm=llm,
        tts=tts,
        vad=None,
        turn_handling={"turn_detection": "stt"},
        tools=[desk],
    )
    desk.attach(session)
    await session.start(Clerk(), room=ctx.room)


if __name__ == "__main__":
    cli.run_app(server)
