"""Puts a call on the stage: a local Plivo and a bot, two processes of their own, and one caller.

Everything in them is real but the ears, the mind and the voice of the bot; see `services`. What
happened is read from the local Plivo's log alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from escalate.demo import launch
from escalate.demo.processes import HOST, Child, StageError, free_ports
from escalate.demo.record import Belonging, Event
from escalate.demo.report import Report, build_report
from escalate.demo.scenarios import DESTINATIONS, Act, Framework, Scenario, When
from escalate.demo.surroundings import Ports, environment_for, live_ears, write_files
from escalate.demo.transcripts import says
from escalate.emulator.client import EmulatorError, LocalPlivo
from escalate.emulator.tls import issue

# What the carrier still has to report when a call is over.
_AFTERMATH_S: Final = 0.4
# How long a human may stay who was called for somebody who has gone: he hears so first.
_PARTING_S: Final = 8.0
_CALLER: Final = "14155550123"
_BOTS: Final = {"pipecat": "pipecat_bot.py", "livekit": "livekit_agent.py"}


class Stage:
    """Two processes, or three, for as long as the block lasts, ended whatever happens.

        async with Stage(scenario) as stage:
            async for event in stage.play():
                ...
            report = stage.report()

    The bot is the example for `framework`, or the file `bot`.
    `split` runs the web side as a third process (`escalate serve`), the one Plivo talks to.
    `launcher` is the module that runs the bot's file; `ring_s` how long each destination may ring.
    With `live` the bot hears what callers say as they say it, one call at a time, and no script.
    With `sip` the telephones of SIP endpoints are called by SIP and RTP, and not inside of Plivo.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        framework: Framework = "pipecat",
        bot: Path | None = None,
        split: bool = False,
        live: bool = False,
        sip: bool = False,
        launcher: str = launch.__name__,
        environment: Mapping[str, str] | None = None,
        ring_s: int = 5,
    ) -> None:
        self.scenario = scenario
        self._bot_file = bot or examples() / _BOTS[framework]
        self._extras = (framework, "emulator")
        self._split = split
        self._live = live
        self._sip = sip
        self._launcher = launcher
        self._environment = environment or {}
        self._ring_s = ring_s
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything at once and wait until all of it listens.

        Raises:
            StageError: Something did not start.
        """
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process, by force if need be."""
        # At once rather than one after the other; what the stack does then is nothing.
        await asyncio.gather(self.bot.stop(), self.web.stop(), self.plivo.stop())
        await self._stack.aclose()

    async def _start(self) -> None:
        stack = self._stack
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="escalate-")))
        plivo_port, tls_port, bot_port, web_port = free_ports(4)
        certificates = issue(self.directory / "tls")
        self.plivo = LocalPlivo(
            port=plivo_port,
            tls_dir=self.directory / "tls",
            tls_port=tls_port,
            config={"sip": {}} if self._sip else None,
        )
        web_port = web_port if self._split else bot_port
        scenario, ports = self.scenario, Ports(plivo_port, tls_port, bot_port, web_port)
        config = write_files(self.directory, ports, scenario, ring_s=self._ring_s)
        environment = {
            **environment_for(self.directory, ports, scenario),
            "PLIVO_AUTH_ID": self.plivo.auth_id,
            "PLIVO_AUTH_TOKEN": self.plivo.auth_token,
            "SSL_CERT_FILE": str(certificates.authority),
            **(live_ears(ports) if self._live else {}),
            **self._environment,
        }
        arguments = ["-m", self._launcher, str(self._bot_file), "--port", str(bot_port)]
        self.bot = Child("bot", arguments, bot_port, self.directory, environment, self._extras)
        serve = ["-m", "escalate.cli", "serve", "--config", str(config), "--port", str(web_port)]
        self.web = Child("web side", serve, web_port, self.directory, environment)
        children = [self.bot, self.web] if self._split else [self.bot]
        for child in children:
            stack.push_async_callback(child.stop)
            await child.start()
        try:
            await stack.enter_async_context(self.plivo)
        except EmulatorError as error:
            raise StageError(str(error)) from None
        for child in children:
            await child.listens()
        base = f"http://{HOST}:{web_port}/escalate"
        await self.plivo.application(f"{base}/answer", hangup_url=f"{base}/hangup")
        self.performance = self.perform(scenario)

    # --- the call ---------------------------------------------------------------------------

    def perform(self, scenario: Scenario, *, from_: str = _CALLER) -> Performance:
        """Prepare a call to the bot by a caller with this number; several may be played at once.

        What the bot hears is still the script of this stage's own scenario, unless it is `live` or
        `launcher` gives it better ears.
        """
        return Performance(scenario, self.plivo, from_=from_, check=self._check)

    async def play(self) -> AsyncIterator[Event]:
        """Let the caller call, and yield the local Plivo's log of his call until it is over.

        Raises:
            StageError: A process died that nobody killed.
        """
        async for event in self.performance.play():
            yield event

    def report(self) -> Report:
        """What became of the call that was played."""
        return self.performance.report()

    def trouble(self) -> str | None:
        """Return the last lines of a bot that printed a traceback, and None of a sound one."""
        if "Traceback (most recent call last)" not in self.bot.said():
            return None
        return self.bot.advice("printed a traceback")

    def _check(self) -> None:
        for child in (self.bot, self.web):
            if child.died:
                raise StageError(child.advice("has died"))


class Performance:
    """One call, as its scenario has it, and its log so far."""

    def __init__(
        self, scenario: Scenario, plivo: LocalPlivo, *, from_: str, check: Callable[[], None]
    ) -> None:
        """`check` raises when the call cannot go on."""
        self.scenario = scenario
        self.events: list[Event] = []
        self.call_uuid = ""
        self._plivo = plivo
        self._from = from_
        self._check = check
        self._belonging: Belonging | None = None
        self._read = 0
        self._ended_at = 0.0

    async def play(self) -> AsyncIterator[Event]:
        """Let the caller call, and yield the log of his call until it is over."""
        scenario, loop = self.scenario, asyncio.get_running_loop()
        self.call_uuid = await self._plivo.call(
            from_=self._from, says=says(scenario.lines), phones=scenario.phones
        )
        self._belonging = Belonging(self.call_uuid)
        script = _Script(scenario, self._plivo, self.call_uuid)
        began_at, until = loop.time(), loop.time() + scenario.limit_s
        try:
            while (left_s := until - loop.time()) > 0:
                for event in await self._news(min(left_s, 0.5)):
                    self.events.append(event)
                    until = min(until, loop.time() + script.take_in(event))
                    yield event
        finally:
            await script.stop()
            if self.events:
                self._ended_at = self.events[0]["at"] + loop.time() - began_at

    async def linger(self) -> AsyncIterator[Event]:
        """Yield what happens after that, for as long as he is on the call and a moment longer."""
        loop, until = asyncio.get_running_loop(), math.inf
        while (left_s := until - loop.time()) > 0:
            if until == math.inf and (await self._plivo.summary(self.call_uuid))["code"]:
                until = loop.time() + _AFTERMATH_S
            for event in await self._news(min(left_s, 0.5)):
                self.events.append(event)
                yield event

    async def _news(self, wait_s: float) -> list[Event]:
        """Return what has happened in his call since it was last asked."""
        assert self._belonging is not None
        news = await self._plivo.events(after=self._read, wait_s=wait_s)
        self._read = news[-1]["seq"] if news else self._read
        self._check()
        return [event for event in news if self._belonging.has(event)]

    def report(self) -> Report:
        """What became of the call."""
        return build_report(self.scenario.name, self.events, DESTINATIONS, until=self._ended_at)


class _Script:
    """What is done to a call while its log grows."""

    def __init__(self, scenario: Scenario, plivo: LocalPlivo, call_uuid: str) -> None:
        self._scenario = scenario
        self._plivo = plivo
        self._call_uuid = call_uuid
        self._over = _Counter(scenario.over)
        self._acts = [(act, _Counter(act.when)) for act in scenario.acts]
        self._streams = 0
        self._humans: set[str] = set()
        self._left = False
        self._tasks: set[asyncio.Task[None]] = set()

    def take_in(self, event: Event) -> float:
        """Do what has to follow; returns how many seconds there is anything left to see."""
        for act, counter in self._acts:
            if counter.reached_by(event):
                self._tasks.add(asyncio.create_task(self._do(act)))
        if event["kind"] == "stream.opened":
            self._streams += 1
            again = says(self._scenario.lines, stream=self._streams)
            if self._streams > 1 and again:
                self._tasks.add(asyncio.create_task(self._plivo.say(self._call_uuid, again)))
        self._note_ends(event)
        if self._left:
            return _PARTING_S if self._humans else _AFTERMATH_S
        return self._scenario.watch_s if self._over.reached_by(event) else self._scenario.limit_s

    def _note_ends(self, event: Event) -> None:
        """Note whether the caller has gone, and which humans who were called for him have not."""
        if event["kind"] == "call.started" and event["call"] != self._call_uuid:
            self._humans.add(event["call"])
        elif event["kind"] == "call.ended":
            self._humans.discard(event["call"])
            self._left |= event["call"] == self._call_uuid

    async def stop(self) -> None:
        """Drop what has not been done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _do(self, act: Act) -> None:
        await asyncio.sleep(act.after_s)
        match act.do:
            case "hang_up":
                await self._plivo.hang_up(self._call_uuid)
            case "drop_stream":
                await self._plivo.drop_stream(self._call_uuid)
            case "say":
                await self._plivo.say(self._call_uuid, [{"at": 0.0, "text": act.text}])


class _Counter:
    """Finds the event that a `When` means."""

    def __init__(self, when: When) -> None:
        self._when = when
        self._seen = 0
        self._begun = 0

    def reached_by(self, event: Event) -> bool:
        """Whether this is the event."""
        when = self._when
        if event["kind"] == when.since:
            self._seen, self._begun = 0, self._begun + 1
        counts = when.since is None or self._begun >= when.since_nth
        matches = event["kind"] == when.kind and when.source in (None, event.get("source"))
        self._seen += matches and counts
        return matches and self._seen == when.nth


def examples() -> Path:
    """Return where the example bots are: in a checkout, or inside of the installed package."""
    package = Path(launch.__file__).parents[1]
    checkout = package.parent / "examples"
    return checkout if (checkout / "pipecat_bot.py").exists() else package / "_examples"
