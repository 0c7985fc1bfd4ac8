"""A room without a server: as much of `rtc.Room` as a job and RoomIO look at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, cast

from livekit import rtc
from livekit.agents import JobContext, JobExecutorType, JobProcess
from livekit.agents.job import JobAcceptArguments, RunningJobInfo, _JobContextVar
from livekit.agents.voice.room_io import RoomOptions
from livekit.protocol import agent, models

from escalate import LiveCall
from escalate.livekit.audio import CallerAudio, PlayedAudio

from .bench import Bot, Talk

LEFT = rtc.DisconnectReason.CLIENT_INITIATED


@dataclass
class Caller:
    """A SIP participant."""

    identity: str = "sip_caller"
    kind: Any = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
    attributes: dict[str, str] = field(default_factory=lambda: {"sip.callID": "SCL_1"})
    disconnect_reason: Any = None
    state: Any = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
    name: str = ""
    sid: str = "PA_1"
    metadata: str = ""
    track_publications: dict[str, Any] = field(default_factory=dict)


class Local:
    """The agent's own participant, who speaks to nobody."""

    identity = "agent"
    kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT

    def __getattr__(self, name: str) -> Any:
        """Publish nothing: set_attributes, add_rpc_interceptor and the like."""
        if name.startswith(("set_", "publish_", "send_", "stream_")):
            return self._nothing
        return lambda *args, **kwargs: None

    async def _nothing(self, *args: Any, **kwargs: Any) -> None:
        pass


class Room(rtc.EventEmitter[Any]):
    """Who is in it, and what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "call-room"
        self.metadata = ""
        self.remote_participants: dict[str, Caller] = {}
        self.local_participant = Local()

    def isconnected(self) -> bool:
        """Always."""
        return True

    def join(self, caller: Caller) -> None:
        """Let the caller in."""
        self.remote_participants[caller.identity] = caller
        self.emit("participant_connected", caller)
        self.emit("participant_active", caller)

    def change(self, caller: Caller, **attributes: str) -> None:
        """Give the caller attributes after he joined."""
        caller.attributes.update(attributes)
        self.emit("participant_attributes_changed", list(attributes), caller)

    def leave(self, caller: Caller, reason: Any = LEFT) -> None:
        """The caller's leg is gone."""
        caller.disconnect_reason = reason
        self.remote_participants.pop(caller.identity, None)
        self.emit("participant_disconnected", caller)

    def press(self, caller: Caller, digit: str) -> None:
        """The caller presses a key."""
        self.emit("sip_dtmf_received", rtc.SipDTMF(code=0, digit=digit, participant=caller))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        """Take no text and no data: (un)register_text_stream_handler and the like."""
        if name.startswith(("register_", "unregister_")):
            return lambda *args, **kwargs: None
        raise AttributeError(name)


class Speaker(PlayedAudio):
    """An output whose every segment is heard as soon as it is sent."""

    def __init__(self) -> None:
        super().__init__(play=lambda _: None, mark=self._heard, clear=lambda: None)

    def _heard(self, name: str) -> None:
        asyncio.get_running_loop().call_soon(self.played, name)


class Job:
    """One job: the entrypoint of an agent behind a SIP trunk, in a room of its own."""

    def __init__(self, ctx: JobContext, room: Room, bot: Bot) -> None:
        self.ctx = ctx
        self.room = room
        self.bot = bot
        self.output = Speaker()
        self._pace = asyncio.create_task(self.output.run())
        self._outside = copy_context()

    async def start(self, call: LiveCall, **options: Any) -> Talk:
        """Begin the conversation, as examples/livekit_sip_agent.py does."""
        talk = Talk(call, self.bot)
        talk.session.input.audio = CallerAudio()
        talk.session.output.audio = self.output
        quiet = RoomOptions(text_input=False, text_output=False, **options)
        room: Any = self.room
        await talk.session.start(talk.agent, room=room, room_options=quiet)
        return talk

    async def shut_down(self, reason: str) -> None:
        """Do what the job's process does: close the session, then tell why, outside of the bot."""
        await asyncio.create_task(self._shut_down(reason), context=self._outside.copy())

    async def _shut_down(self, reason: str) -> None:
        session = self.ctx._primary_agent_session
        assert session is not None
        await session.aclose()
        callbacks = self.ctx._shutdown_callbacks
        await asyncio.gather(*(callback(reason) for callback in callbacks))

    async def end(self, talk: Talk | None) -> None:
        """Shut the job down."""
        if talk is not None:
            await talk.session.aclose()
            await talk.desk.settled()
        self._pace.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._pace


@contextlib.contextmanager
def job_context(room: Any) -> Iterator[JobContext]:
    """A job's context without a worker. LiveKit ships such a thing too, but only since 1.6."""
    info = RunningJobInfo(
        accept_arguments=JobAcceptArguments(identity=Local.identity, name="", metadata=""),
        job=agent.Job(id="job-1", room=models.Room(name=room.name, sid="RM_1")),
        url="",
        token="",
        worker_id="worker-1",
        fake_job=True,
    )
    ctx = JobContext(
        proc=JobProcess(executor_type=JobExecutorType.THREAD, user_arguments=None, http_proxy=None),
        info=info,
        room=room,
        on_connect=lambda: None,
        on_shutdown=lambda _: None,
        inference_executor=cast(Any, None),
    )
    # There is no server to connect to.
    ctx._connected = True
    token = _JobContextVar.set(ctx)
    try:
        yield ctx
    finally:
        _JobContextVar.reset(token)


@contextlib.asynccontextmanager
async def job(bot: Bot | None = None) -> AsyncIterator[Job]:
    """A job in a room in which nobody is yet."""
    room: Any = Room()
    with job_context(room) as ctx:
        try:
            yield Job(ctx, room, bot or Bot())
        finally:
            # The worker's process cleans this up after a real job.
            ctx._tempdir.cleanup()
