"""A deployment on many processes: web replicas and bots, each behind a load balancer, and Redis."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from escalate.demo import launch
from escalate.demo.processes import HOST, Child, free_ports
from escalate.demo.scenarios import (
    DESTINATIONS,
    PHONE_NUMBER,
    SIP_ADDRESS,
    SIP_PASSWORD,
    SIP_USERNAME,
)
from escalate.demo.stage import examples
from escalate.emulator.client import LocalPlivo
from escalate.settings import password_variable

ROOT = Path(__file__).parents[2]
RING_S = 5


class Balancer:
    """Gives each connection to one of some processes, at random but the same in every run.

    It learns that a process is dead as real ones do: by a connection that is refused, which is lost
    to the one who made it.

    Attributes:
        given: How many connections each process has been given, by its name.
        fatal: The process that is given the next request with this in its first line dies of it.
        dead: The processes that died so.
    """

    def __init__(self, port: int, processes: Mapping[int, Child]) -> None:
        self.given: Counter[str] = Counter()
        self.fatal: bytes | None = None
        self.dead: list[Child] = []
        self._port = port
        self._processes = dict(processes)
        self._random = random.Random(5)
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, HOST, self._port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Break what is still connected."""
        assert self._server is not None
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._carry(near, back))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        port = self._random.choice(list(self._processes))
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await near.readuntil(b"\r\n\r\n")
                far, forth = await self._connect(port)
                forth.write(head)
                await self._hurt(self._processes[port], head)
                await _join(near, forth, far, back)
        finally:
            back.close()

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            connection = await asyncio.open_connection(HOST, port)
        except ConnectionError:
            self._processes.pop(port, None)
            raise
        self.given[self._processes[port].name] += 1
        return connection

    async def _hurt(self, process: Child, head: bytes) -> None:
        if self.fatal is not None and self.fatal in head.partition(b"\r\n")[0]:
            self.fatal = None
            self.dead.append(process)
            await process.kill()


async def _join(
    near: asyncio.StreamReader,
    forth: asyncio.StreamWriter,
    far: asyncio.StreamReader,
    back: asyncio.StreamWriter,
) -> None:
    """Pass on what both sides say until one of them has nothing more to say."""
    ways = [asyncio.create_task(_pass_on(near, forth)), asyncio.create_task(_pass_on(far, back))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        forth.close()


async def _pass_on(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await one.read(65536):
            other.write(data)
            await other.drain()


class Deployment:
    """Two web replicas, two LiveKit bots and a local Plivo on the store at `store_url`."""

    def __init__(self, directory: Path, store_url: str) -> None:
        plivo_port, web_port, bot_port, *ports = free_ports(7)
        self._base = f"http://{HOST}:{web_port}/escalate"
        self.plivo = LocalPlivo(port=plivo_port)
        self._config = directory / "escalate.toml"
        self._config.write_text(
            f'public_url = "{self._base}"\n'
            f'stream_url = "ws://{HOST}:{bot_port}/ws"\n'
            f'plivo_api = "http://{HOST}:{plivo_port}"\n'
            f'store = "{store_url}"\n'
            'caller_id = "+14155550100"\n'
            f'[[destination]]\nname = "support"\nsip = "{SIP_ADDRESS}"\n'
            f'username = "{SIP_USERNAME}"\nring_s = {RING_S}\n'
            f'[[destination]]\nname = "duty-phone"\nphone = "{PHONE_NUMBER}"\nring_s = {RING_S}\n'
        )
        serve = ["-m", "escalate.cli", "serve"]
        talk = ["-m", "tests.parity.launcher", str(examples() / "livekit_agent.py")]
        self._directory = directory
        self._replicas = {port: self._child("web", serve, port) for port in ports[:2]}
        self._bots = {port: self._child("bot", talk, port) for port in ports[2:]}
        self.web = Balancer(web_port, self._replicas)
        self.media = Balancer(bot_port, self._bots)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything at once and wait until all of it listens."""
        async with contextlib.AsyncExitStack() as stack:
            children = [*self._replicas.values(), *self._bots.values()]
            for child in children:
                stack.push_async_callback(child.stop)
                await child.start()
            for part in (self.plivo, self.web, self.media):
                await stack.enter_async_context(part)
            for child in children:
                await child.listens()
            await self.plivo.application(f"{self._base}/answer", hangup_url=f"{self._base}/hangup")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process."""
        await self._stack.aclose()

    def said(self) -> str:
        """Everything the processes wrote."""
        return "\n".join(child.said() for child in (*self._replicas.values(), *self._bots.values()))

    def _child(self, kind: str, arguments: list[str], port: int) -> Child:
        command = [*arguments, "--port", str(port)]
        return Child(f"{kind} {port}", command, port, self._directory, self._environment())

    def _environment(self) -> dict[str, str]:
        """Nothing of the user's own accounts and settings."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ESCALATE_", "PLIVO_"))
            and not name.upper().endswith(("_API_KEY", "_PROXY"))
        }
        return {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "ESCALATE_CONFIG": str(self._config),
            password_variable(DESTINATIONS[SIP_ADDRESS]): SIP_PASSWORD,
            "PLIVO_AUTH_ID": self.plivo.auth_id,
            "PLIVO_AUTH_TOKEN": self.plivo.auth_token,
            launch.CHILD_VARIABLE: "1",
        }
