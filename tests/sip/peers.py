"""The real peers: sipp, kamailio, baresip and linphone, each on ports of its own on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, TypeVar

import pytest

from tests.ports import free_port

LOOPBACK: Final = "127.0.0.1"
# As long as a machine may take that has much else to do.
PATIENCE_S: Final = 45.0
T = TypeVar("T")


def need(*programs: str, bot: str | None = None) -> None:
    """Skip the test where a program is not installed; in CI that is a failure instead.

    A framework that the bot of a story needs is missing on purpose where it is.
    """
    if bot:
        pytest.importorskip(bot)
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"{', '.join(missing)} not installed"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


async def until(check: Callable[[], T | None]) -> T:
    """Wait for what another program does and tells nobody."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := check()):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
    return found


async def until_bound(port: int, process: asyncio.subprocess.Process, table: str = "udp") -> None:
    """Wait until somebody listens on a port of loopback."""

    def bound() -> bool:
        assert process.returncode is None, f"ended with {process.returncode}, see output.txt"
        return f":{port:04X} " in Path(f"/proc/net/{table}").read_text()

    await until(bound)


async def start(
    *command: str, cwd: Path, stdin: int = asyncio.subprocess.DEVNULL, **environment: str
) -> asyncio.subprocess.Process:
    """Start a program whose words go to a file."""
    with (cwd / "output.txt").open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            stdin=stdin,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            # A program that has children is ended together with them.
            start_new_session=True,
        )


async def run(*command: str, cwd: Path) -> str:
    """Run a program to its end, which has to be a good one; returns its output."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=pipe, stderr=pipe)
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return output.decode()


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a program that we started, and its children."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


class Sipp:
    """An endpoint for one call, played by sipp."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, transport: str) -> None:
        self._process = process
        self.uri = f"sip:agent@{LOOPBACK}:{port}"
        if transport == "t1":
            self.uri += ";transport=tcp"

    async def verdict(self) -> int:
        """Return sipp's own exit code once its scenario is over: 0 if all went as written."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()


@contextlib.asynccontextmanager
async def sipp(scenario: str, at: Path, transport: str = "u1") -> AsyncIterator[Sipp]:
    """Play a scenario once."""
    at.mkdir(parents=True, exist_ok=True)
    (at / "uas.xml").write_text(scenario)
    port, media = free_port(), free_port(2)
    process = await start(
        *("sipp", "-sf", "uas.xml", "-t", transport, "-i", LOOPBACK, "-p", str(port)),
        *("-mi", LOOPBACK, "-mp", str(media), "-m", "1", "-nostdin", "-trace_err"),
        *("-trace_msg", "-message_file", "messages.txt", "-message_overwrite", "true"),
        *("-timeout", "150", "-timeout_error"),
        cwd=at,
    )
    try:
        await until_bound(port, process, "tcp" if transport == "t1" else "udp")
        yield Sipp(process, port, transport)
    finally:
        await stop(process)
