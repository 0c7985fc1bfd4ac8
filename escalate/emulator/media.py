"""The media WebSocket of `<Stream>`: the caller's audio out, the bot's audio in, in real time.

Decided where the sources are silent: the two connection retries concern the opening of the socket
only; audio that is still buffered when the socket closes is thrown away; checkpoints behind audio
that is cleared are thrown away with it; no `stop` event is sent.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from escalate.emulator import audio, parameters
from escalate.emulator.callbacks import Policy, Route
from escalate.emulator.playout import Buffer, read_sound
from escalate.emulator.tasks import Signal, cancelled, until
from escalate.plivo.causes import HangupSource

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.elements import Stream
    from escalate.emulator.services import Bot, Services

_RETRIES: Final = 2
_OPENING_S: Final = 5.0
_CLOSING_S: Final = 1.0
_LARGEST_MESSAGE: Final = 64 * 1024
_ONCE: Final = Policy(retries=0)


class MediaStream:
    """One stream: from the opening of its socket to its end."""

    def __init__(self, call: Call, element: Stream, services: Services) -> None:
        self.stream_id = str(uuid.uuid4())
        self._call = call
        self._element = element
        self._services = services
        self._buffer = Buffer()
        self._connection: ClientConnection | None = None
        self._sequence = 0
        self._chunk = 0
        self._keys: deque[str] = deque()
        self._stopped = Signal()
        self._closed_by: str | None = None
        self._extra = json.dumps(_pairs(element.extra_headers))

    async def run(self) -> None:
        """Stream until either side ends it; returns normally whatever the reason was."""
        connection = await self._connect()
        if connection is None:
            self._tell("DroppedStream", StatusReason="Connection failed")
            return
        self._connection = connection
        opened_at = self._services.clock.now()
        try:
            await self._converse(connection)
        finally:
            self._close(connection, opened_at)

    def stop(self) -> None:
        """Close the socket on Plivo's behalf."""
        self._closed_by = self._closed_by or "plivo"
        self._stopped.set()

    def drop(self, *, abort: bool) -> None:
        """Break the socket, without a closing handshake if `abort`."""
        self._closed_by = "abort" if abort else "plivo"
        self._stopped.set()

    def press(self, digit: str) -> None:
        """Tell the application about a key with the next frame."""
        self._keys.append(digit)

    async def _connect(self) -> ClientConnection | None:
        """Open the socket; the upgrade is signed as a GET with the scheme http."""
        url = self._element.body
        for attempt in range(1, _RETRIES + 2):
            signed = "http" + url[url.index("://") :]
            try:
                return await connect(
                    url,
                    additional_headers=self._services.fetcher.signature("GET", signed, {}),
                    open_timeout=_OPENING_S,
                    max_size=_LARGEST_MESSAGE,
                    compression=None,
                    proxy=None,
                )
            except (OSError, WebSocketException, TimeoutError) as exc:
                error = f"{type(exc).__name__}: {exc}"
                self._call.report("stream.failed", url=url, attempt=attempt, error=error)
            if attempt <= _RETRIES:
                await self._services.clock.sleep(self._services.config.stream_retry_s)
        return None

    def _note_start(self) -> None:
        self._call.report("stream.opened", url=self._element.body, stream_id=self.stream_id)
        self._tell("StartStream")

    async def _converse(self, connection: ClientConnection) -> None:
        self._note_start()
        await self._send(self._start())
        work = [
            asyncio.create_task(self._pump()),
            asyncio.create_task(self._read(connection)),
        ]
        try:
            with contextlib.suppress(TimeoutError), until(self._stopped):
                async with asyncio.timeout(self._element.stream_timeout):
                    await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(*work)

    async def _pump(self) -> None:
        """Every 20 ms: one frame from the caller to the bot, one from the bot to the caller."""
        async for at in self._services.clock.frames():
            await self._send(self._media(self._call.mouth.frame(at)))
            while self._keys:
                await self._send(self._dtmf(self._keys.popleft()))
            reached, frame = self._buffer.take()
            for name in reached:
                await self._send({"event": "playedStream", "name": name})
            if frame:
                self._call.ear.hear("bot", frame, at)
            self._call.ear.settle(at)

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for message in connection:
                if problem := await self._take_in(message):
                    self._call.report("stream.ignored", reason=problem)
        except ConnectionClosed:
            pass
        shook_hands = connection.protocol.close_rcvd is not None
        self._closed_by = self._closed_by or ("app" if shook_hands else "abort")

    async def _take_in(self, message: str | bytes) -> str | None:
        """Do what the application asks for; returns why it was not done."""
        try:
            data = json.loads(message)
            event = data["event"]
        except (ValueError, KeyError, TypeError):
            return "not a JSON object with an event"
        if event == "playAudio":
            return self._play(data)
        if event == "checkpoint" and isinstance(data.get("name"), str):
            self._buffer.mark(data["name"])
            return None
        if event == "clearAudio":
            self._call.report("stream.cleared", dropped_ms=self._buffer.clear())
            await self._send({"event": "clearedAudio"})
            return None
        if event == "sendDTMF" and isinstance(data.get("dtmf"), str):
            self._call.report("heard.digits", digits=data["dtmf"])
            return None
        return f"unknown or incomplete event {str(event)[:40]!r}"

    def _play(self, data: dict[str, Any]) -> str | None:
        if not self._element.bidirectional:
            return "playAudio on a stream that is not bidirectional"
        try:
            sound = read_sound(data["media"])
        except (KeyError, TypeError, ValueError, binascii.Error) as exc:
            return f"playAudio: {exc}"
        return None if self._buffer.add(sound) else "playAudio: the buffer of 60 s is full"

    def _start(self) -> dict[str, Any]:
        encoding, _, rate = self._element.content_type.partition(";rate=")
        return {
            "event": "start",
            "start": {
                "callId": self._call.uuid,
                "streamId": self.stream_id,
                "accountId": self._services.auth_id,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": encoding, "sampleRate": int(rate)},
            },
        }

    def _media(self, frame: bytes) -> dict[str, Any]:
        encoding, _, rate = self._element.content_type.partition(";rate=")
        payload = frame if encoding == "audio/x-mulaw" else audio.to_l16(frame, int(rate))
        self._chunk += 1
        media = {
            "track": "inbound",
            "timestamp": self._timestamp(),
            "chunk": self._chunk,
            "payload": base64.b64encode(payload).decode(),
        }
        return {"event": "media", "media": media}

    def _dtmf(self, digit: str) -> dict[str, Any]:
        dtmf = {"track": "inbound", "digit": digit, "timestamp": self._timestamp()}
        return {"event": "dtmf", "dtmf": dtmf}

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._connection is not None
        message["sequenceNumber"] = self._sequence
        self._sequence += 1
        if message["event"] != "start":
            message["streamId"] = self.stream_id
        if message["event"] in ("start", "media", "dtmf"):
            message["extra_headers"] = self._extra
        # The reader notices that the socket is gone, and knows the reason.
        with contextlib.suppress(ConnectionClosed):
            await self._connection.send(json.dumps(message))

    def _who_closed(self) -> str:
        ending = self._call.ending
        if ending and ending.source is HangupSource.CALLER:
            self._closed_by = self._closed_by or "caller"
        return self._closed_by or "plivo"

    def _close(self, connection: ClientConnection, opened_at: float) -> None:
        by = self._who_closed()
        if by == "abort":
            connection.transport.abort()
        self._services.background.start(_say_goodbye(connection))
        self._note_end(by, opened_at)

    def _note_end(self, by: str, opened_at: float) -> None:
        self._call.ear.finish("bot")
        self._call.report(
            "stream.closed", stream_id=self.stream_id, by=by, unplayed_ms=self._buffer.milliseconds
        )
        lasted = str(round(self._services.clock.now() - opened_at))
        event = "DroppedStream" if by == "abort" else "StopStream"
        self._tell(event, StatusReason=by, Duration=lasted)

    def _tell(self, event: str, **more: str) -> None:
        """Send a status callback, which knows no retries (Plivo "Callback configurations")."""
        if not self._element.status_callback_url:
            return
        call = self._call
        params = {
            key: value
            for key, value in parameters.standard(call, self._services, event).items()
            if key in ("CallUUID", "From", "To", "Direction", "Event")
        }
        params |= {"StreamID": self.stream_id, "Timestamp": self._timestamp(), **more}
        route = Route(self._element.status_callback_url, self._element.status_callback_method)
        self._services.background.start(self._notify(route, params))

    async def _notify(self, route: Route, params: dict[str, str]) -> None:
        fetcher = self._services.fetcher
        await fetcher.fetch("stream-status", route, params, self._call.uuid, policy=_ONCE)

    def _timestamp(self) -> str:
        return str(int(self._services.clock.epoch() * 1000))


class SilentStream(MediaStream):
    """A stream to a bot in this process: begun, ended and reported as any, but without sound."""

    def __init__(self, call: Call, element: Stream, services: Services, bot: Bot) -> None:
        super().__init__(call, element, services)
        self._bot = bot

    async def run(self) -> None:
        """Stream until the bot lets go, or either side ends it."""
        opened_at = self._services.clock.now()
        self._note_start()
        limit = asyncio.timeout(self._element.stream_timeout)
        try:
            with until(self._stopped):
                async with limit:
                    await self._bot(self._call)
                self._closed_by = self._closed_by or "app"
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._note_end(self._who_closed(), opened_at)


async def _say_goodbye(connection: ClientConnection) -> None:
    with contextlib.suppress(TimeoutError, ConnectionClosed):
        async with asyncio.timeout(_CLOSING_S):
            await connection.close()
    if connection.transport is not None:
        connection.transport.abort()


def _pairs(headers: str) -> dict[str, str]:
    """Read `k=v` pairs; the guide separates them by commas, the reference by semicolons."""
    pairs = (pair.partition("=") for pair in headers.replace(";", ",").split(",") if pair.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}
