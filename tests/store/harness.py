"""The calls these tests keep, and a real Redis server of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from escalate.store import Change, Store
from escalate.transfer import Call, DocumentOwner, LastResort, Leg, Received, receive
from escalate.transfer import events as e
from escalate.values import Trigger
from tests.ports import free_port

PATIENCE_S = 20.0

CALL = Call("call-1", DocumentOwner.OURS, opened_at=1.0)
REQUESTED = e.Requested(
    "esc-1", Trigger.ASKED, "asked", (Leg("support", 20.0),), 120.0, LastResort.BOT
)

Opening = Callable[[], Store]


def begin(call: Call) -> Change:
    return lambda stored: Received(stored or call, (), changed=stored is None)


def tell(event: e.Event, now: float) -> Change:
    return lambda stored: None if stored is None else receive(stored, event, now)


async def put(store: Store, call: Call = CALL) -> None:
    await store.apply(call.call_uuid, begin(call))


async def apply(store: Store, event: e.Event, now: float = 2.0) -> Received | None:
    return await store.apply("call-1", tell(event, now))


def need_redis() -> None:
    """Skip where there is no Redis to test with; on the build server that is a failure."""
    missing = [
        name
        for name, found in (
            ("the program redis-server", shutil.which("redis-server")),
            ("the Python package redis", _has_package()),
        )
        if not found
    ]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def _has_package() -> bool:
    try:
        import redis  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


class RedisServer:
    """A server process on a free loopback port, which keeps its data in `folder` if told to."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and return when it listens."""
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        process = subprocess.Popen(
            ["redis-server", *fixed, "--save", "", *self._options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            if "Ready to accept connections" in line:
                self._process = process
                return
            said.append(line)
        raise RuntimeError(f"redis-server ended: {''.join(said)}")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def halt(self) -> None:
        """Let it hang: it takes connections, and says nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it was."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class LossyProxy:
    """Stands before a server, and breaks connections instead of passing on certain answers."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.lost = 0
        self._target = port
        self._lose_after: bytes | None = None
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    def lose_answer_to(self, command: bytes) -> None:
        """Break the connection once the server has answered the next such command."""
        self._lose_after = command

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        far, forth = await asyncio.open_connection("127.0.0.1", self._target)
        answers = asyncio.create_task(self._pass_on(far, back))
        try:
            while data := await near.read(65536):
                if self._lose_after is not None and self._lose_after in data.upper():
                    self._lose_after = None
                    await self._lose(answers, data, far, forth)
                    break
                forth.write(data)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            answers.cancel()
            back.close()
            forth.close()
            await asyncio.gather(
                answers, back.wait_closed(), forth.wait_closed(), return_exceptions=True
            )

    async def _lose(
        self,
        answers: asyncio.Task[None],
        data: bytes,
        far: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
    ) -> None:
        answers.cancel()
        await asyncio.gather(answers, return_exceptions=True)
        forth.write(data)
        await far.read(1)
        self.lost += 1

    async def _pass_on(self, far: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while data := await far.read(65536):
            back.write(data)
        back.close()
