"""The toolset a session gets: it hears, lends the bot to the call, and is the LLM's way to ask."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Final

from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    ErrorEvent,
    RunContext,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    get_job_context,
    llm,
)

from escalate.errors import EscalateError, LayoutError
from escalate.live_call import LiveCall, Resumption
from escalate.livekit.bridge import PlivoBridge
from escalate.livekit.job import JobEnd
from escalate.livekit.layout import check_session, check_voice
from escalate.livekit.speech import Speech
from escalate.values import Trigger

log = logging.getLogger("escalate")

# A recorded finish is one local write; a store that is down must not hold the session's end.
_RECORD_S: Final = 1.5
# A request to move the caller takes this long at most, or nobody knows whether it was carried out.
_MOVE_S: Final = 6.0
_CLOSE_S: Final = 8.0

# Ends of a session that the bot itself decided on. After every other the caller wants to go on.
_MEANT: Final = (CloseReason.USER_INITIATED, CloseReason.TASK_COMPLETED)

_DESCRIPTION: Final = (
    "Hand the caller over to a human colleague, by telephone. Call this when the caller asks for a "
    "person, or when you cannot help him any further. Do not call it because he mentions a person, "
    "and do not announce it: the caller is told."
)

Handler = Callable[[Any, Any], None]


def _guarded(handler: Handler) -> Handler:
    """Keep a mistake of ours out of the framework.

    LiveKit's emitter logs what a handler raises, except a TypeError, which would end whatever
    called it: the recogniser's loop, or a reply.
    """

    @wraps(handler)
    def guarded(self: Any, event: Any) -> None:
        try:
            handler(self, event)
        # The framework goes on whatever happens here, and so does the caller's conversation.
        except Exception:
            log.exception("%s failed", handler.__name__)

    return guarded


class EscalationTools(llm.Toolset):
    """Hands the caller over to a human when he needs one. No subclass of Agent is needed.

        desk = EscalationTools(board.call(call_uuid))
        session = AgentSession(stt=..., llm=..., tts=..., tools=[desk])
        desk.attach(session)
        await session.start(agent)

    Transcripts are watched on the session, so handing over between agents changes nothing. While
    a human is being fetched every reply of the LLM is cancelled at its creation. With a
    `PlivoBridge` the session's audio goes over it, and it is closed when the caller is moved;
    behind a Dial (a SIP trunk to LiveKit) nothing is closed, because the leg drops by itself.

    A speech-to-speech model has to give the caller's transcripts, and needs a voice (tts) beside it
    unless it can say a given sentence itself. One that takes turns on its own server may begin to
    answer before it is stopped.

    A bot ends a call with `session.shutdown()`. Behind a trunk, deleting the room alone looks like
    a line that broke, and the caller is connected again.
    """

    _made = False

    def __init__(self, call: LiveCall, *, bridge: PlivoBridge | None = None) -> None:
        """Watch `call`, whose audio `bridge` carries, if it is not LiveKit itself that does."""
        self._call = call
        self._bridge = bridge
        self._session: AgentSession[Any] | None = None
        self._speech = Speech(call.call_uuid)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._released = False
        self._gone = asyncio.Event()
        self._job_end: JobEnd | None = None
        self._begun = False
        self._back: Resumption | None = None
        super().__init__(id="escalation", tools=[self._tool()])
        # The base class has looked at every attribute, `tools` among them; from here on whoever
        # asks for them is a session that starts.
        self._made = True
        call.attach(self)

    # --- joining a session ------------------------------------------------------------------

    def attach(self, session: AgentSession[Any]) -> None:
        """Watch `session`, before it is started.

        Raises:
            LayoutError: The toolset would hear nothing there, or would be lost on the way.
        """
        check_session(self, session)
        self._session = session
        self._speech.join(session)
        if self._bridge is not None:
            self._bridge.attach(session)
            self._bridge.on_digit(self._call.press)
        session.on("user_input_transcribed", self._transcribed)
        session.on("conversation_item_added", self._item_added)
        session.on("speech_created", self._speech_created)
        session.on("agent_state_changed", self._state_changed)
        session.on("error", self._failed)
        session.on("close", self._closed)
        job = get_job_context(required=False)
        if job is not None and self._bridge is None:
            self._job_end = JobEnd()
            job.room.on("sip_dtmf_received", self._pressed)
            job.add_shutdown_callback(self._see_it_through)

    @property
    def tools(self) -> Sequence[llm.Tool | llm.Toolset]:
        """What the LLM may call; a session asks for it when it starts.

        Raises:
            LayoutError: The toolset was never attached, or nothing could be announced.
        """
        if self._made and self._session is None:
            raise LayoutError(
                "EscalationTools hears nothing yet: call desk.attach(session) before session.start"
            )
        if self._session is not None and not self._begun:
            check_voice(self._session)
        return super().tools

    async def setup(self) -> EscalationTools:
        """Find out whether the caller was here before, before the agent greets him."""
        await super().setup()
        if not self._begun:
            self._begun = True
            await self._begin()
        return self

    async def _begin(self) -> None:
        try:
            self._back = await self._call.begin()
        except EscalateError as error:
            log.error("call %s: cannot be handed over: %s", self._call.call_uuid, error)
        if self._back is not None:
            await self._speech.go_on_from(self._back.history)

    def _tool(self) -> llm.RawFunctionTool[..., Any]:
        """Return the function the LLM may call: it chooses among names, never among numbers."""
        reason = {"type": "string", "description": "What the caller needs, in one short sentence."}
        destination = {
            "type": "string",
            "enum": list(self._call.destinations),
            "description": "Whom to try first, if it matters.",
        }
        return llm.function_tool(
            self._transfer_to_human,
            raw_schema={
                "name": "transfer_to_human",
                "description": _DESCRIPTION,
                "parameters": {
                    "type": "object",
                    "properties": {"reason": reason, "destination": destination},
                    "required": ["reason"],
                },
            },
        )

    async def _transfer_to_human(
        self, raw_arguments: dict[str, object], ctx: RunContext[Any]
    ) -> None:
        wanted = raw_arguments.get("destination")
        self._call.request(Trigger.TOOL, "transfer_to_human", to=str(wanted) if wanted else None)
        # The announcement is ours to make, so the model is not run on this result.
        raise llm.StopResponse

    # --- what the session tells -------------------------------------------------------------

    @_guarded
    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        self._speech.heard(event.transcript, final=event.is_final)
        language = str(event.language) if event.language else None
        self._call.hear(event.transcript, final=event.is_final, language=language)

    @_guarded
    def _item_added(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, llm.ChatMessage) or not item.text_content:
            return
        if item.role == "assistant":
            self._call.bot_said(item.text_content)
        elif item.role == "user":
            # Text chat and session.run() bring no transcript, only the message itself.
            if self._speech.added(item.text_content):
                self._keep(self._speech.remind())
            else:
                self._call.hear(item.text_content)

    @_guarded
    def _speech_created(self, event: SpeechCreatedEvent) -> None:
        self._speech.created(event)

    @_guarded
    def _state_changed(self, event: AgentStateChangedEvent) -> None:
        if event.old_state == "initializing" and self._back is not None:
            back, self._back = self._back, None
            self._speech.say(back.text)

    @_guarded
    def _failed(self, event: ErrorEvent) -> None:
        # A recoverable one is being tried again by the framework.
        if not getattr(event.error, "recoverable", False):
            self._call.bot_failed(type(event.source).__name__)

    @_guarded
    def _pressed(self, event: Any) -> None:
        self._call.press(str(event.digit))

    @_guarded
    def _closed(self, event: CloseEvent) -> None:
        ended_by_stream = self._bridge is not None and self._bridge.has_ended
        task = self._keep(self._leave(event.reason, alone=ended_by_stream or self._released))
        if self._bridge is not None:
            self._bridge.first(task)

    async def _leave(self, reason: CloseReason, *, alone: bool) -> None:
        """Say what has to be known before the media is put down; then let go of the call.

        `alone`: the media is gone already, or on purpose, so there is nothing to say.
        """
        if not alone:
            await self._in_time(self._call.part(), _MOVE_S, "not moved before the bot ended")
            if await self._was_meant(reason) and not self._call.is_escalating:
                await self._in_time(self._call.finish(), _RECORD_S, "its end is not recorded")
            elif reason is not CloseReason.PARTICIPANT_DISCONNECTED:
                # His leg is still in the room, where nobody talks to him any more.
                await self._in_time(self._call.reconnect(), _MOVE_S, "not given another bot")
        await self._in_time(self._call.close(), _CLOSE_S, "left in a hurry")
        self._gone.set()

    async def _was_meant(self, reason: CloseReason) -> bool:
        """Whether the bot wanted this end, and the caller with it."""
        if reason not in _MEANT:
            return False
        return self._job_end is None or await self._job_end.is_the_bots()

    async def _see_it_through(self, reason: str) -> None:
        """Keep the job's process until a request in flight is answered, for a bounded time."""
        if self._job_end is not None:
            self._job_end.tell(reason)
        if self._begun:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), _MOVE_S + _RECORD_S + _CLOSE_S)

    async def _in_time(self, work: Coroutine[Any, Any, None], bound_s: float, failure: str) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(self._keep(work)), bound_s)
        except (TimeoutError, EscalateError) as error:
            log.error("call %s: %s: %s", self._call.call_uuid, failure, type(error).__name__)

    async def settled(self) -> None:
        """Wait until nothing is under way that the session's end must not cut short."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in a task that the session's close does not cancel."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what the call borrows --------------------------------------------------------------

    def hold(self) -> None:
        """Stop the bot in the middle of its sentence, and let it begin no other."""
        self._speech.hold()

    async def announce(self, text: str) -> None:
        """Speak to the end, whatever the caller says meanwhile."""
        handle = self._speech.say(text, over_the_caller=True)
        if handle is None:
            return
        await handle.wait_for_playout()
        if self._bridge is None:
            # Sent is not heard: what carries the room's audio to the caller still holds some.
            await asyncio.sleep(self._call.drain_s)

    async def release(self) -> None:
        """End the stream, and with it the session. Behind a Dial the leg drops by itself."""
        self._released = True
        if self._bridge is not None:
            await self._bridge.close()

    async def resume(self, text: str | None) -> None:
        """Let the bot speak again, and know what it has missed."""
        await self._speech.let_go(text)
