"""Starts a local Plivo as a process of its own and speaks to it over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from escalate.plivo.http import new_client

_START_S: Final = 20.0
_STOP_S: Final = 5.0
_POLL_S: Final = 20.0

Event = dict[str, Any]


class EmulatorError(Exception):
    """The local Plivo did not start, or refused a control request; the message says why."""


class LocalPlivo:
    """A local Plivo for tests and demonstrations.

    `async with LocalPlivo() as plivo:` starts the process and ends it again. It also ends when
    this process dies. Give `base_url` of it to a Plivo client in place of https://api.plivo.com.
    """

    def __init__(
        self,
        *,
        auth_id: str = "MAXXXXXXXXXXXXXXXXXX",
        auth_token: str = "local-plivo-auth-token",
        config: Mapping[str, Any] | None = None,
        tls_dir: Path | None = None,
        port: int = 0,
        tls_port: int = 0,
    ) -> None:
        """Prepare to start; with `tls_dir` it also listens for TLS as api.plivo.com.

        A port of 0 is any free one.
        """
        self.auth_id = auth_id
        self.auth_token = auth_token
        self.base_url = ""
        self.tls_port: int | None = None
        self.ca_file: Path | None = None
        self.sip: str | None = None
        self._config = config
        self._tls_dir = tls_dir
        self._ports = port, tls_port
        self._process: asyncio.subprocess.Process | None = None
        self._http: httpx.AsyncClient | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the process and wait until it listens.

        Raises:
            EmulatorError: It did not start in time; the message holds what it wrote.
        """
        try:
            self._process = await self._start()
            self._stack.push_async_callback(self._end)
            self.base_url = await self._ready()
            self._http = await self._stack.enter_async_context(
                new_client(
                    base_url=self.base_url,
                    timeout=_POLL_S * 2,
                )
            )
            about = (await self._http.get("/emulator/")).json()
        except BaseException:
            await self._stack.aclose()
            raise
        self.tls_port = about["tls_port"]
        self.ca_file = Path(about["ca"]) if "ca" in about else None
        self.sip = about.get("sip")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End the process, by force if it does not end by itself; a second time does nothing."""
        await self._stack.aclose()

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, base_url: str) -> AsyncIterator[Self]:
        """Speak to a local Plivo that somebody else has started and will end.

        Raises:
            EmulatorError: None answers there.
        """
        plivo = cls()
        plivo.base_url = base_url.rstrip("/")
        async with new_client(base_url=plivo.base_url, timeout=_POLL_S * 2) as plivo._http:
            try:
                await plivo._ask("GET", "/emulator/")
            except httpx.HTTPError:
                raise EmulatorError(f"no local Plivo answers at {plivo.base_url}") from None
            yield plivo

    @property
    def pid(self) -> int:
        """The process id of the local Plivo."""
        assert self._process is not None
        return self._process.pid

    async def application(self, answer_url: str, **more: str) -> None:
        """Set the application that owns every number."""
        await self._ask("POST", "/emulator/application", {"answer_url": answer_url, **more})

    async def phones(self, phones: Mapping[str, Mapping[str, Any]]) -> None:
        """Add telephones by address; `*` stands for all others."""
        await self._ask("POST", "/emulator/phones", phones)

    async def hand(self, to: str, do: str, **more: str) -> None:
        """Let somebody `pick_up`, `put_down`, `press` (digits) or `say` (text) at a telephone."""
        await self._ask("POST", "/emulator/phones/hand", {"to": to, "do": do, **more})

    async def call(
        self,
        *,
        from_: str = "14155550123",
        to: str = "14155550100",
        says: Sequence[Mapping[str, Any]] = (),
        **more: Any,
    ) -> str:
        """Let somebody call; returns the call's id."""
        body = {"from": from_, "to": to, "says": list(says), **more}
        reply = await self._ask("POST", "/emulator/calls", body)
        return str(reply.json()["call_uuid"])

    async def say(self, call_uuid: str, says: Sequence[Mapping[str, Any]]) -> None:
        """Let the caller say more, `at` counted from now."""
        await self._ask("POST", f"/emulator/calls/{call_uuid}/says", list(says))

    async def hang_up(self, call_uuid: str) -> None:
        """Let the caller hang up."""
        await self._ask("POST", f"/emulator/calls/{call_uuid}/hangup")

    async def press(self, call_uuid: str, digits: str) -> None:
        """Let the caller press keys."""
        await self._ask("POST", f"/emulator/calls/{call_uuid}/digits", {"digits": digits})

    async def drop_stream(self, call_uuid: str, *, abort: bool = True) -> None:
        """Break the media socket, by default without a closing handshake."""
        await self._ask("POST", f"/emulator/calls/{call_uuid}/drop-stream", {"abort": abort})

    async def faults(self, *faults: Mapping[str, Any]) -> None:
        """Put these faults in force instead of those before; none removes them."""
        await self._ask("POST", "/emulator/faults", list(faults))

    async def summary(self, call_uuid: str) -> dict[str, Any]:
        """Return the state of a call, live or over."""
        reply = await self._ask("GET", f"/emulator/calls/{call_uuid}")
        return dict(reply.json())

    async def heard(self, call_uuid: str) -> bytes:
        """Return what the caller has heard, as a WAV file."""
        return (await self._ask("GET", f"/emulator/calls/{call_uuid}/heard.wav")).content

    async def events(
        self, call_uuid: str | None = None, *, after: int = 0, wait_s: float = 0
    ) -> list[Event]:
        """Return the log above a number, waiting up to `wait_s` for there to be something."""
        query: dict[str, str | float] = {"after": after, "wait": wait_s}
        if call_uuid:
            query["call"] = call_uuid
        reply = await self._ask("GET", "/emulator/log", query=query)
        return list(reply.json()["events"])

    async def follow(
        self, call_uuid: str | None = None, *, after: int = 0
    ) -> AsyncGenerator[Event, None]:
        """Yield the log as it grows, without end."""
        while True:
            for event in await self.events(call_uuid, after=after, wait_s=_POLL_S):
                after = event["seq"]
                yield event

    async def wait_for(
        self,
        kind: str,
        call_uuid: str | None = None,
        *,
        timeout_s: float = 10.0,
        after: int = 0,
        **fields: Any,
    ) -> Event:
        """Return the first event of a kind that has these fields, past or to come.

        Raises:
            TimeoutError: There was none in time; the message lists what happened instead.
        """
        try:
            async with asyncio.timeout(timeout_s):
                async with contextlib.aclosing(self.follow(call_uuid, after=after)) as events:
                    async for event in events:
                        if event["kind"] == kind and fields.items() <= event.items():
                            return event
        except TimeoutError:
            kinds = [event["kind"] for event in await self.events(call_uuid, after=after)]
            raise TimeoutError(f"no {kind} {fields} in {timeout_s} s, only {kinds}") from None
        raise AssertionError("the log has no end")

    async def forget(self) -> None:
        """End every call and forget everything."""
        await self._ask("DELETE", "/emulator/state")

    async def _ask(
        self, method: str, path: str, body: object = None, query: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        assert self._http is not None
        reply = await self._http.request(method, path, json=body, params=query)
        if reply.is_error:
            raise EmulatorError(f"{method} {path}: {reply.status_code} {reply.text}")
        return reply

    async def _start(self) -> asyncio.subprocess.Process:
        port, tls_port = self._ports
        arguments = ["--port", str(port), "--auth-id", self.auth_id, "--until-stdin-closes"]
        if self._tls_dir:
            arguments += ["--tls-port", str(tls_port), "--tls-dir", str(self._tls_dir)]
        if self._config is not None:
            arguments += ["--config", str(self._config_file())]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "escalate.emulator", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            env={**os.environ, "PLIVO_AUTH_TOKEN": self.auth_token},
        )

    def _config_file(self) -> Path:
        directory = self._stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(directory) / "emulator.json"
        file.write_text(json.dumps(self._config))
        return file

    async def _ready(self) -> str:
        assert self._process is not None and self._process.stdout is not None
        try:
            async with asyncio.timeout(_START_S):
                line = (await self._process.stdout.readline()).decode()
        except TimeoutError:
            line = ""
        word, _, url = line.strip().partition(" ")
        if word != "ready":
            raise EmulatorError("the local Plivo did not start; see its messages above")
        return url

    async def _end(self) -> None:
        process = self._process
        assert process is not None and process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
