"""`escalate demo --web`: the pages that are looked at in a browser."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import webbrowser
from typing import TYPE_CHECKING, Final

import uvicorn

from escalate.cli.failing import stop
from escalate.demo.scenarios import Framework

if TYPE_CHECKING:
    from starlette.applications import Starlette

_HOST: Final = "127.0.0.1"
# A page that listens never closes its connection by itself.
_PATIENCE_S: Final = 1


def show_playground(framework: Framework, port: int) -> None:
    """Serve the playground until it is interrupted, and open it where there is a browser."""
    from escalate.demo.playground import Playground
    from escalate.demo.playground_app import build_app

    serve_page(build_app(Playground(framework)), _HOST, port)


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


def _has_screen() -> bool:
    """Whether a browser could show itself; without one a text browser might take the terminal."""
    if not sys.stdout.isatty():
        return False
    windows = sys.platform in ("darwin", "win32")
    return windows or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
