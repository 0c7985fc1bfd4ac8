"""A whole site on one loopback port: Plivo's API, our routes, the bot's WebSocket."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from escalate import Switchboard
from escalate.doctor import Finding, examine
from escalate.settings import Destination, Settings
from escalate.webhook import SIGNATURE_HEADER, verify
from tests.ports import free_port

AUTH_ID = "MAXXXXXXXXXXXXXXXXXX"
TOKEN = "the-auth-token"
HOOK_SECRET = SecretStr("a-key-of-at-least-16")
DUTY = Destination(name="duty", phone="+14155550199")


async def bot(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive()


@dataclass
class Site:
    """What is at the port, and what the doctor is told about it."""

    folder: Path
    port: int
    account: tuple[int, object] = (200, {"cash_credits": "12.5", "auto_recharge": False})
    numbers: dict[str, int] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    hook: int = 204
    board_url: str = ""
    front: Callable[[ASGIApp], ASGIApp] = lambda app: app

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write_settings(self, *, duty: str = "", webhook: bool = False, **more: str) -> Path:
        """Write the doctor's settings; a value is TOML."""
        values = {
            "public_url": f'"{self.base}/escalate"',
            "stream_url": f'"ws://127.0.0.1:{self.port}/ws"',
            "plivo_api": f'"{self.base}"',
            "store": '"calls.db"',
            **more,
        }
        lines = [f"{key} = {value}" for key, value in values.items()]
        file = self.folder / "escalate.toml"
        lines += ["[[destination]]", f'name = "{DUTY.name}"', f'phone = "{DUTY.phone}"']
        lines += [duty]
        lines += ["[webhook]", f'url = "{self.base}/hook"'] if webhook else []
        file.write_text("\n".join(lines))
        return file

    async def examine(self, answer_url: str | None = None, **more: Any) -> dict[str, Finding]:
        """Have the doctor look at the site; return what he found, by check."""
        async with self.running():
            found = await examine(self.write_settings(**more), answer_url=answer_url)
        return {one.check: one for one in found}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Switchboard]:
        """Serve the site."""
        settings = Settings(
            public_url=self.board_url or f"{self.base}/escalate",
            stream_url=f"ws://127.0.0.1:{self.port}/ws",
            plivo_auth_id=AUTH_ID,
            plivo_auth_token=SecretStr(TOKEN),
            plivo_api=self.base,
            store=str(self.folder / "calls.db"),
            destination=(DUTY,),
        )
        async with Switchboard(settings) as board:
            app = Starlette(
                routes=[
                    Route("/v1/Account/{rest:path}", self._api),
                    Mount("/escalate", app=self.front(board.app)),
                    WebSocketRoute("/ws", bot),
                    Route("/moved/{rest:path}", self._moved, methods=["GET", "POST"]),
                    Route("/blind/{rest:path}", self._blind, methods=["GET", "POST"]),
                    Route("/document", self._document, methods=["POST"]),
                    Route("/hook", self._hook, methods=["POST"]),
                ]
            )
            config = uvicorn.Config(app, port=self.port, log_level="error", lifespan="off")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            try:
                yield board
            finally:
                server.should_exit = True
                await serving

    async def _api(self, request: Request) -> Response:
        wanted = base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            return PlainTextResponse("Could not verify your access level", status_code=401)
        path = request.path_params["rest"].removeprefix(f"{AUTH_ID}/")
        if not path:
            status, body = self.account
            return JSONResponse(body, status_code=status)
        return JSONResponse({}, status_code=self.numbers.get(path, 404))

    async def _moved(self, _: Request) -> Response:
        return Response(status_code=308, headers={"Location": f"{self.base}/escalate"})

    async def _blind(self, _: Request) -> Response:
        return Response(status_code=204)

    async def _hook(self, request: Request) -> Response:
        body, signature = await request.body(), request.headers[SIGNATURE_HEADER]
        at = float(signature.split(",")[0].removeprefix("t="))
        known = verify(body, signature, secret=HOOK_SECRET, now=at)
        return Response(status_code=self.hook if known else 401)

    async def _document(self, request: Request) -> Response:
        self.served.append((await request.body()).decode())
        return Response(
            "<Response><Speak>Hello.</Speak><Stream bidirectional='true' keepCallAlive='true'>"
            "wss://bot.example.com/ws</Stream></Response>",
            media_type="application/xml",
        )


def rewriting(app: ASGIApp) -> ASGIApp:
    """A proxy that writes blanks in a query its own way."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope.get("query_string", b"").replace(b"%20", b"+").replace(b"%2F", b"%2f")
        await app({**scope, "query_string": query + b"&by=proxy"}, receive, send)

    return proxy


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    pytest.importorskip("websockets")
    monkeypatch.setenv("PLIVO_AUTH_ID", AUTH_ID)
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", TOKEN)
    for variable in ("ESCALATE_CONFIG", "ESCALATE_STORE", "ESCALATE_WORDS_KEY"):
        monkeypatch.delenv(variable, raising=False)
    return Site(tmp_path, free_port())
