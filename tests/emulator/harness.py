"""A real application and a real bot on loopback for the local Plivo to talk to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from escalate.emulator import audio
from escalate.plivo.signature import verify_v3, verify_v3_websocket
from tests.ports import free_port
from tests.serving import served

AUTH_ID = "MAEMULATORTESTS00000"
AUTH_TOKEN = "token-of-the-emulator-tests"
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Received:
    """A request the application got."""

    method: str
    path: str
    params: dict[str, str]
    url: str
    signed: bool
    signature: str = ""
    nonce: str = ""


@dataclass
class Reply:
    """What the application answers at one path."""

    body: str = ""
    status: int = 200
    media_type: str = "application/xml"


class Application:
    """Documents by path; every request is kept, and its signature verified."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: dict[str, Reply] = {}
        self.sounds: dict[str, bytes] = {}
        self.port = free_port()
        self._arrived = asyncio.Event()
        self._listening = contextlib.AsyncExitStack()

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def answers(self, path: str, *elements: str, **more: Any) -> str:
        """Answer a path with a document of these elements; returns its URL."""
        return self.says(path, f"<Response>{''.join(elements)}</Response>", **more)

    def says(self, path: str, body: str, **more: Any) -> str:
        """Answer a path with this very text; returns its URL."""
        self.replies[path] = Reply(body, **more)
        return self.url(path)

    async def request(self, path: str, nth: int = 1) -> Received:
        """Wait for the nth request to a path."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.requests(path)) < nth:
                self._arrived.clear()
                await self._arrived.wait()
        return found[nth - 1]

    def requests(self, path: str) -> list[Received]:
        """Return the requests to a path so far."""
        return [request for request in self.received if request.path == path]

    def forget(self) -> None:
        """Drop every request and every reply."""
        self.received.clear()
        self.replies.clear()
        self.sounds.clear()

    async def start(self) -> None:
        """Listen; the port stays the same over a restart."""
        app = Starlette(routes=[Route("/{path:path}", self._take, methods=["GET", "POST"])])
        await self._listening.enter_async_context(served(app, self.port))

    async def stop(self) -> None:
        """Stop to listen."""
        await self._listening.aclose()

    async def _take(self, request: Request) -> Response:
        body = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        headers = request.headers
        signed = verify_v3(
            request.method,
            str(request.url),
            body,
            signature_header=headers.get("X-Plivo-Signature-V3"),
            nonce=headers.get("X-Plivo-Signature-V3-Nonce"),
            auth_tokens=[AUTH_TOKEN],
        )
        path = request.path_params["path"]
        params = body or dict(request.query_params)
        proof = [headers.get(f"X-Plivo-Signature-V3{part}", "") for part in ("", "-Nonce")]
        self.received.append(
            Received(request.method, path, params, str(request.url), signed, *proof)
        )
        self._arrived.set()
        if path in self.sounds:
            return Response(self.sounds[path], media_type="audio/wav")
        reply = self.replies.get(path, Reply("", 404))
        return Response(reply.body, reply.status, media_type=reply.media_type)


@dataclass
class Line:
    """One media socket, as the bot sees it."""

    socket: ServerConnection
    signed: bool
    start: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, event: str, nth: int = 1) -> dict[str, Any]:
        """Wait for the nth message of a kind."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [m for m in self.messages if m["event"] == event]) < nth:
                self.arrived.clear()
                await self.arrived.wait()
        return found[nth - 1]

    async def send(self, message: Mapping[str, Any] | str) -> None:
        """Send a message."""
        await self.socket.send(message if isinstance(message, str) else json.dumps(message))

    async def play(self, seconds: float) -> None:
        """Play a tone in messages of at most a second."""
        sound = audio.tone(seconds)
        for at in range(0, len(sound), audio.RATE):
            payload = base64.b64encode(sound[at : at + audio.RATE]).decode()
            media = {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": payload}
            await self.send({"event": "playAudio", "media": media})

    async def hang_up(self) -> None:
        """Close the socket properly."""
        await self.socket.close()


class Bot:
    """A WebSocket server that keeps the lines it is given."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: asyncio.Queue[Line] = asyncio.Queue()
        self._server: Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await serve(self._talk, "127.0.0.1", 0, compression=None)
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/media?token=abc"

    async def stop(self) -> None:
        """Close every line and stop to listen."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def line(self) -> Line:
        """Wait for the next line, after its start event."""
        async with asyncio.timeout(PATIENCE_S):
            line = await self.lines.get()
        line.start = await line.next("start")
        return line

    def stream(self, body: str | None = None, **attributes: str) -> str:
        """Return a Stream element towards this bot."""
        given = {"bidirectional": "true", "contentType": "audio/x-mulaw;rate=8000", **attributes}
        written = " ".join(f'{key}="{value}"' for key, value in given.items())
        return f"<Stream {written}>{body or self.url}</Stream>"

    async def _talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        headers = socket.request.headers
        signed = verify_v3_websocket(
            f"ws://{headers['Host']}{socket.request.path}",
            signature_header=headers.get("X-Plivo-Signature-V3"),
            nonce=headers.get("X-Plivo-Signature-V3-Nonce"),
            auth_tokens=[AUTH_TOKEN],
        )
        line = Line(socket, signed)
        self.lines.put_nowait(line)
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                line.messages.append(json.loads(message))
                line.arrived.set()
        line.closed.set()


@contextlib.asynccontextmanager
async def running(make: Callable[[], Any]) -> AsyncIterator[Any]:
    """Start what `make` returns, and stop it in the end."""
    thing = make()
    await thing.start()
    try:
        yield thing
    finally:
        await thing.stop()


def kinds(events: list[dict[str, Any]], *wanted: str) -> list[str]:
    """Return the kinds of events in order, only the wanted ones if there are any."""
    return [event["kind"] for event in events if not wanted or event["kind"] in wanted]
