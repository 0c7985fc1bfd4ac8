"""The process: one app on a plain port and, if wanted, on a TLS port as well."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.applications import Starlette

from escalate.emulator import rest, tls
from escalate.emulator.callbacks import Fetcher
from escalate.emulator.clock import Clock
from escalate.emulator.control import Control
from escalate.emulator.exchange import Exchange
from escalate.emulator.faults import Faults
from escalate.emulator.log import EventLog
from escalate.emulator.masking import Mask
from escalate.emulator.network import Network
from escalate.emulator.recording import Recordings
from escalate.emulator.rooms import Rooms
from escalate.emulator.services import Background, Config, Services
from escalate.emulator.sip.trunk import Trunk
from escalate.emulator.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from escalate.emulator.call import Routes
    from escalate.emulator.network import Http

_HOST: Final = "127.0.0.1"
_PATIENCE_S: Final = 2
# Clients drop an idle connection after five seconds; who does so at the same moment loses requests.
_IDLE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of the carrier."""

    auth_id: str
    auth_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen on loopback; 0 means any free port, None for `tls` means not at all."""

    http: int = 0
    tls: int | None = None
    tls_directory: Path | None = None


async def serve(
    account: Account,
    ports: Ports,
    *,
    config: Config | None = None,
    routes: Routes | None = None,
    ready: Callable[[Mapping[str, Any]], None],
    stop: asyncio.Event,
) -> None:
    """Run the local Plivo until `stop` is set; tells `ready` where it listens once it does.

    `routes` are those of the application that owns every number, if that is known already.

    Raises:
        OSError: A port is taken, or the TLS directory cannot be written.
    """
    async with contextlib.aclosing(Network()) as http:
        sockets = [_bind(ports.http)]
        base_url = f"http://{_HOST}:{sockets[0].getsockname()[1]}"
        exchange = Exchange(make_services(account, config or Config(), http, base_url))
        exchange.routes = routes
        about: dict[str, Any] = {"base_url": base_url, "pid": os.getpid(), "tls_port": None}
        if trunk := exchange.services.trunk:
            about["sip"] = await trunk.open(exchange)
        app = make_app([*Control(exchange, about).routes(), *rest.routes(exchange)])
        servers = [Server(_options(app))]
        if ports.tls is not None and ports.tls_directory is not None:
            certificates = tls.issue(ports.tls_directory)
            sockets.append(_bind(ports.tls))
            about["tls_port"] = sockets[1].getsockname()[1]
            about["ca"] = str(certificates.authority)
            servers.append(Server(_options(app, ssl_certfile=str(certificates.server))))
        await _run(servers, sockets, lambda: ready(about), stop, exchange)


async def _run(
    servers: list[Server],
    sockets: list[socket.socket],
    ready: Callable[[], None],
    stop: asyncio.Event,
    exchange: Exchange,
) -> None:
    running = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, sockets, strict=True)
    ]
    for server in servers:
        await server.up.wait()
    ready()
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    exchange.services.log.close()
    await exchange.forget()
    if exchange.services.trunk:
        await exchange.services.trunk.close()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)


class Server(uvicorn.Server):
    """A server that tells when it is up and leaves signals to whoever runs the process.

    Attributes:
        up: Set once it listens.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def make_services(
    account: Account, config: Config, http: Http, base_url: str, *, clock: Clock | None = None
) -> Services:
    """Put the parts of a carrier together; its time begins now, or is that of `clock`."""
    mask, clock, faults = Mask(), clock or Clock(), Faults()
    mask.remember(account.auth_token)
    log = EventLog(clock, mask)
    background = Background(log)
    fetcher = Fetcher(auth_token=account.auth_token, http=http, log=log, clock=clock, faults=faults)
    services = Services(
        auth_id=account.auth_id,
        auth_token=account.auth_token,
        config=config,
        clock=clock,
        log=log,
        mask=mask,
        faults=faults,
        fetcher=fetcher,
        background=background,
        rooms=Rooms(clock, background),
        recordings=Recordings(base_url),
    )
    if config.sip is not None:
        services.trunk = Trunk(config.sip, services)
    return services


def make_app(routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return an application of these routes that answers as the carrier does."""
    app = Starlette(routes=routes)
    # Plivo's paths end in a slash; a redirect would hide that one was forgotten.
    app.router.redirect_slashes = False
    return Wire(app)


def _options(app: ASGIApp, ssl_certfile: str | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        ssl_certfile=ssl_certfile,
        timeout_graceful_shutdown=_PATIENCE_S,
        timeout_keep_alive=_IDLE_S,
        ws="none",
    )


def _bind(port: int) -> socket.socket:
    # asyncio switches Nagle's delay of 40 ms off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_HOST, port))
    return listener
