"""An AgentSession straight on Plivo's media WebSocket: no LiveKit server, no room, no SIP.

What is on the wire is described in Plivo's "Audio streaming" reference; the stream has to be
mu-law at 8 kHz, as our answer document asks for.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from livekit.agents import AgentSession, utils
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from escalate.errors import LayoutError
from escalate.livekit.audio import CallerAudio, PlayedAudio

log = logging.getLogger("escalate")

_START_S: Final = 10.0
_CLOSE_S: Final = 5.0
_BEFOREHAND_S: Final = 15.0
_FORMAT: Final = {"encoding": "audio/x-mulaw", "sampleRate": 8000}

# Starlette says with a RuntimeError that we have closed the socket ourselves.
_GONE: Final = (WebSocketDisconnect, RuntimeError, OSError)

OnDigit = Callable[[str], object]


class PlivoBridge:
    """Carries one call's audio between Plivo's media WebSocket and an AgentSession.

        async with PlivoBridge(websocket) as bridge:
            session = AgentSession(...)
            bridge.attach(session)
            await session.start(agent)
            await bridge.closed()

    The session ends with the stream, and the stream with the session. Plivo then goes on with the
    document the caller is in: the end of the stream does not end the call.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self.call_uuid = ""
        self.stream_id = ""
        self.input = CallerAudio()
        self.output = PlayedAudio(play=self._play, mark=self._mark, clear=self._clear)
        self._websocket = websocket
        self._session: AgentSession[Any] | None = None
        self._on_digit: list[OnDigit] = []
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._work: list[asyncio.Task[None]] = []
        self._beforehand: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Wait for the stream's first message, which says which call it carries.

        Raises:
            LayoutError: The stream is not in the format the bridge speaks.
            WebSocketDisconnect: The socket closed, or no such message came in time.
        """
        if self._websocket.application_state is WebSocketState.CONNECTING:
            await self._websocket.accept()
        try:
            async with asyncio.timeout(_START_S):
                self._begin(await self._start_message())
        except LayoutError:
            await self.close()
            raise
        except (TimeoutError, KeyError, TypeError, ValueError):
            await self.close()
            raise WebSocketDisconnect(1002, "no start message") from None
        # What LiveKit's plugins speak HTTP with is lent to them by the job, and here there is none.
        await self._stack.enter_async_context(utils.http_context.open())
        self._work = [
            asyncio.create_task(self._listen(), name="escalate-bridge-in"),
            asyncio.create_task(self._write(), name="escalate-bridge-out"),
            asyncio.create_task(self.output.run(), name="escalate-bridge-pace"),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the socket; the session ends if it has not ended yet."""
        await self.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if self._session is not None:
            await self._session.aclose()
        await self._stack.aclose()

    def attach(self, session: AgentSession[Any]) -> None:
        """Let `session` hear and speak over this stream; before it is started."""
        self._session = session
        session.input.audio = self.input
        session.output.audio = self.output
        session.on("close", self._session_closed)

    def on_digit(self, callback: OnDigit) -> None:
        """Have `callback(digit)` called for each key the caller presses."""
        self._on_digit.append(callback)

    @property
    def has_ended(self) -> bool:
        """Whether the stream is over."""
        return self._ended.is_set()

    async def closed(self) -> None:
        """Wait until the stream has ended, by whichever side."""
        await self._ended.wait()

    def first(self, task: asyncio.Task[Any]) -> None:
        """Have the socket stay open until `task` is done, for a bounded time."""
        self._beforehand.add(task)
        task.add_done_callback(self._beforehand.discard)

    async def close(self) -> None:
        """End the stream. Plivo goes on with the caller's document."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="escalate-bridge-close")
        await asyncio.shield(self._closing)

    # --- from Plivo -------------------------------------------------------------------------

    async def _start_message(self) -> dict[str, Any]:
        while True:
            message = _parsed(await self._websocket.receive_text())
            if message.get("event") == "start":
                return message

    def _begin(self, message: dict[str, Any]) -> None:
        start = message["start"]
        self.call_uuid, self.stream_id = str(start["callId"]), str(start["streamId"])
        given = start.get("mediaFormat", _FORMAT)
        if given.get("encoding") != _FORMAT["encoding"] or int(given["sampleRate"]) != 8000:
            raise LayoutError(
                "the stream is not mu-law at 8 kHz: write contentType="
                '"audio/x-mulaw;rate=8000" into the Stream element'
            )

    async def _listen(self) -> None:
        try:
            while True:
                self._take_in(_parsed(await self._websocket.receive_text()))
        except _GONE:
            log.debug("call %s: the media socket is closed", self.call_uuid)
        finally:
            self._end()

    def _take_in(self, message: dict[str, Any]) -> None:
        match message:
            case {"event": "media", "media": {"payload": str(payload)}}:
                with contextlib.suppress(binascii.Error):
                    self.input.push(base64.b64decode(payload))
            case {"event": "playedStream", "name": str(name)}:
                self.output.played(name)
            case {"event": "dtmf", "dtmf": {"digit": digit}}:
                for callback in self._on_digit:
                    callback(str(digit))

    # --- to Plivo ---------------------------------------------------------------------------

    def _play(self, audio: bytes) -> None:
        payload = base64.b64encode(audio).decode()
        media = {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": payload}
        self._outgoing.put_nowait({"event": "playAudio", "media": media})

    def _mark(self, name: str) -> None:
        message = {"event": "checkpoint", "streamId": self.stream_id, "name": name}
        self._outgoing.put_nowait(message)

    def _clear(self) -> None:
        self._outgoing.put_nowait({"event": "clearAudio", "streamId": self.stream_id})

    async def _write(self) -> None:
        """Send in order. Whoever listens notices when the socket is gone, and says so."""
        with contextlib.suppress(*_GONE):
            while True:
                await self._websocket.send_text(json.dumps(await self._outgoing.get()))

    # --- the end ----------------------------------------------------------------------------

    async def _close(self) -> None:
        if self._beforehand:
            await asyncio.wait(self._beforehand, timeout=_BEFOREHAND_S)
        ended_before = self._ended.is_set()
        self._end()
        if not ended_before:
            with contextlib.suppress(TimeoutError, *_GONE):
                async with asyncio.timeout(_CLOSE_S):
                    await self._websocket.close()

    def _end(self) -> None:
        """Nobody waits for audio any more, and the session has nobody to talk to."""
        self._ended.set()
        self.input.end()
        self.output.end()
        if self._session is not None:
            self._session.shutdown(drain=False)

    def _session_closed(self, _: object) -> None:
        # In a task, so that whoever else hears of it can first say what must come before.
        self._work.append(asyncio.create_task(self.close()))


def _parsed(text: str) -> dict[str, Any]:
    """Return a message; what is not one is an empty one."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
