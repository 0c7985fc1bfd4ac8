"""Processes of our own that listen on a port: started, awaited, killed, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"

_START_S: Final = 30.0
_STOP_S: Final = 1.5
_LOOK_EVERY_S: Final = 0.05
_TAIL: Final = 15
# Below the ports that systems give to outgoing connections, which would take one we have chosen.
PORTS = range(20_000, 32_000)


class StageError(Exception):
    """A process did not start, or died; the message holds its last words and what to do."""


class Child:
    """A process that listens on a port and writes what it has to say into a file."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        port: int,
        directory: Path,
        env: Mapping[str, str],
        extras: Sequence[str] = ("pipecat", "emulator"),
    ) -> None:
        """`extras` are the optional parts of the package that it needs."""
        self.name = name
        self._arguments = arguments
        self._port = port
        self._log = directory / f"{name.replace(' ', '-')}.log"
        self._env = env
        self._extras = extras
        self._process: asyncio.subprocess.Process | None = None
        self._killed = False

    @property
    def died(self) -> bool:
        """Whether it ended without being told to."""
        process = self._process
        return process is not None and process.returncode is not None and not self._killed

    def said(self) -> str:
        """Everything it wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def advice(self, what: str) -> str:
        """Return one message: what happened to it, its last lines, what to do."""
        lines = self.said().strip().splitlines()[-_TAIL:]
        quoted = "\n".join(f"  | {line}" for line in lines) or "  | (it wrote nothing)"
        hint = _hint(self.said(), self._extras)
        return f"the {self.name} {what}. Its last lines:\n{quoted}\n{hint}"

    async def start(self) -> None:
        """Start it; it may have been killed before."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._env,
                # Ctrl-C is for the one who started us; we end our children in order.
                start_new_session=True,
            )
        self._killed = False

    async def listens(self) -> None:
        """Wait until it takes connections.

        Raises:
            StageError: It ended, or took too long.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while not self.died:
                    if await _accepts(self._port):
                        return
                    await asyncio.sleep(_LOOK_EVERY_S)
        raise StageError(self.advice("did not start"))

    async def kill(self) -> None:
        """End it with SIGKILL, as the system does when memory runs out."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order, or by force after a while."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        process, self._killed = self._process, True
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(TimeoutError, ProcessLookupError):
            process.send_signal(number)
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on; the bot's URLs have to be known before it listens."""
    found: list[int] = []
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise StageError("no free ports between 20000 and 32000 on this machine")


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _hint(said: str, extras: Sequence[str]) -> str:
    if "ModuleNotFoundError" in said or "ImportError" in said:
        wanted = ",".join(extras)
        return f"Something it imports is missing: pip install 'escalate-voice[{wanted}]'"
    if "address already in use" in said.lower():
        return "Another process took its port meanwhile: run it again."
    return "If you changed the bot, mend it; if not, please report these lines."
