"""`escalate demo --web`, `watch` and `console`: the pages that are looked at in a browser."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn
from starlette.applications import Starlette

from escalate.cli.failing import stop
from escalate.demo.scenarios import Framework
from escalate.errors import ConfigurationError
from escalate.switchboard import Switchboard
from escalate.web.console import console_routes
from escalate.web.sessions import Sessions

_HOST: Final = "127.0.0.1"
# A page that listens never closes its connection by itself.
_PATIENCE_S: Final = 1


def show_playground(framework: Framework, port: int, *, first: str | None) -> None:
    """Serve the playground until it is interrupted, and open it where there is a browser.

    `first` is the call it begins with; without it nobody calls yet.
    """
    from escalate.demo.playground import Playground
    from escalate.demo.playground_app import build_app

    serve_page(build_app(Playground(framework, first=first)), _HOST, port)


def watch(
    url: Annotated[str, typer.Argument(help="Where it listens, as it says when it starts.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the page is, on this machine; 0: any.")
    ] = 8765,
) -> None:
    """Show the calls of a local Plivo that runs already (escalate emulate), live, on a page.

    Whatever application it asks, in whatever language: call it from the page, say what you like,
    and see every request, document and callback.
    """
    from escalate.demo.onlooker import Onlooker
    from escalate.demo.playground_app import build_app
    from escalate.emulator.client import EmulatorError, LocalPlivo

    async def look() -> None:
        async with LocalPlivo.at(url):
            pass

    if not url.startswith("http://"):
        stop("name a local Plivo by its URL, as in: escalate watch http://127.0.0.1:8000")
    try:
        asyncio.run(look())
    except EmulatorError as error:
        stop(f"{error}; start one with: escalate emulate")
    serve_page(build_app(Onlooker(url)), _HOST, port)


def console(
    config: Annotated[
        Path | None,
        typer.Option(help="The policy. Without it: ESCALATE_CONFIG, or escalate.toml here."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = _HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8766,
) -> None:
    """Show the escalations in the store, live and past, to whoever knows ESCALATE_CONSOLE_TOKEN.

    It reads the store of escalate.toml and changes nothing; the same page is at /console of the
    web side. Other addresses than this machine's belong behind a proxy with TLS.
    """
    try:
        board = Switchboard.from_settings(config)
    except ConfigurationError as error:
        stop(str(error))
    token = board.settings.console_token
    if token is None:
        stop("set ESCALATE_CONSOLE_TOKEN: make a token with openssl rand -hex 16")
    sessions = Sessions(token, board.clock, path="/console", secure=not _is_loopback(host))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # The store alone: who looks on carries nothing out.
        async with board.store:
            yield

    app = Starlette(routes=console_routes(board, sessions), lifespan=lifespan)
    serve_page(app, host, port, "/console/")


def serve_page(app: Starlette, host: str, port: int, path: str = "/") -> None:
    """Serve a page, and say where it is once it can be looked at."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            stop(f"{host}:{port} is taken by another process; choose another one with --port")
        url = f"http://{host}:{listener.getsockname()[1]}{path}"
        config = uvicorn.Config(
            app, log_level="critical", timeout_graceful_shutdown=_PATIENCE_S, proxy_headers=False
        )
        server = _Server(config, url)
        asyncio.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """A server that shows its page once it listens."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"open {self._url} (Ctrl-C ends it)\n")
            sys.stdout.flush()
            if _has_screen():
                webbrowser.open(self._url)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_screen() -> bool:
    """Whether a browser could show itself; without one a text browser might take the terminal."""
    if not sys.stdout.isatty():
        return False
    windows = sys.platform in ("darwin", "win32")
    return windows or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
