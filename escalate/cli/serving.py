"""`escalate serve` and `escalate emulate`: one side of a call as a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from escalate.cli.failing import need, stop
from escalate.errors import ConfigurationError
from escalate.switchboard import Switchboard


def serve(
    config: Annotated[
        Path | None,
        typer.Option(help="The policy. Without it: ESCALATE_CONFIG, or escalate.toml here."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8080,
) -> None:
    """Run the web side alone: the routes Plivo calls, at the path of public_url.

    Use it when the bot runs elsewhere. Both need the same escalate.toml and the same store. Plivo's
    credentials come from PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN; TLS is the work of the proxy in front.
    """
    try:
        board = Switchboard.from_settings(config)
    except ConfigurationError as error:
        stop(str(error))
    path = urlsplit(board.settings.public_url).path.rstrip("/")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # That of a mounted application is not run.
        async with board:
            yield

    app = Starlette(routes=[Mount(path or "/", app=board.app)], lifespan=lifespan)
    uvicorn.run(app, host=host, port=port, proxy_headers=False)


def emulate(context: typer.Context) -> None:
    """Run the local Plivo alone. `escalate emulate --help` lists its options."""
    need("emulator")
    # In place of this process, so that signals and the exit status are its own.
    arguments = ["-m", "escalate.emulator", *context.args]
    os.execv(sys.executable, [sys.executable, *arguments])
