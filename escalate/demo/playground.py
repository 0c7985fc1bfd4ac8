"""The calls behind `escalate demo --web`: one at a time, started, watched and meddled with.

Everything is as in `stage`, but that the bot hears what the caller says as he says it, so that
whoever sits before the page can say it, and that SIP endpoints are called by SIP.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import httpx

from escalate.demo import behaviours
from escalate.demo.account import Account
from escalate.demo.feed import Feed
from escalate.demo.processes import StageError
from escalate.demo.record import Event
from escalate.demo.report import Report
from escalate.demo.scenarios import DESTINATIONS, SCENARIOS, Framework, Phones, Scenario, own_call
from escalate.demo.stage import Performance, Stage
from escalate.demo.surroundings import STORE, Ports, settings_text
from escalate.demo.wording import told
from escalate.emulator.client import EmulatorError, LocalPlivo
from escalate.errors import StoreUnavailable
from escalate.store import SqliteStore
from escalate.values import Party

OWN_CALLS: Final = {one.name: one for one in (own_call(), own_call(warm=True))}

_LOOK_EVERY_S: Final = 0.25
# A page that somebody has forgotten keeps nobody on the line for ever.
_LONGEST_S: Final = 1800.0
_NOWHERE: Final = Path()


class Playground:
    """One stage and the call that is played on it; both end with the block it is entered for."""

    def __init__(self, framework: Framework = "pipecat", *, first: str | None = None) -> None:
        """`first` is the call to begin with."""
        self._first = first
        self.feed = Feed()
        self._framework: Framework = framework
        self._opening: asyncio.Task[Stage] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._setting: tuple[str, bool] | None = None
        self._stage: Stage | None = None
        self._turn = asyncio.Lock()
        self._work: asyncio.Task[object] | None = None
        self._performance: Performance | None = None
        self._phones: Phones = {}

    async def __aenter__(self) -> Self:
        """Begin the first call, or have a bot ready for it."""
        if self._first is not None:
            await self.play(self._first)
        else:
            self._work = asyncio.create_task(self._be_ready())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the call and every process."""
        self.feed.close()
        await self._end_work()
        await self._close_stage()

    def scenarios(self) -> list[dict[str, str]]:
        """Return name and description of every call that can be played with this bot."""
        playable = [
            one for one in SCENARIOS.values() if not one.armed or self._framework == "pipecat"
        ]
        return [
            {"name": one.name, "description": one.description}
            for one in (*OWN_CALLS.values(), *playable)
        ]

    async def play(self, name: str) -> None:
        """End the call in progress and begin another.

        Raises:
            KeyError: There is no such scenario.
        """
        known = {one["name"] for one in self.scenarios()}
        if name not in known:
            raise KeyError(name)
        async with self._turn:
            await self._end_work()
            scenario = {**OWN_CALLS, **SCENARIOS}[name]
            self._work = asyncio.create_task(self._play(scenario))

    # --- meddling: each raises EmulatorError where there is nothing to meddle with --------------

    async def say(self, text: str) -> None:
        """Let the caller say something, at once."""
        await self._plivo.say(self._call_uuid, [{"at": 0, "text": text}])

    async def press(self, digits: str) -> None:
        """Let the caller press keys."""
        await self._plivo.press(self._call_uuid, digits)

    async def hang_up(self) -> None:
        """Let the caller hang up."""
        await self._plivo.hang_up(self._call_uuid)

    async def tell_phone(self, destination: str, behaviour: str) -> None:
        """Let a human's telephone behave otherwise from its next call on.

        Raises:
            KeyError: There is no such destination or behaviour.
        """
        told = behaviours.phone(destination, behaviour)
        await self._plivo.phones(told)
        self._phones = {**self._phones, **told}
        self._show_phones()

    async def hand(self, destination: str, do: str, **more: str) -> None:
        """Let a human do something at his telephone while it is called.

        Raises:
            KeyError: There is no such destination.
        """
        await self._plivo.hand(behaviours.address_of(destination), do, **more)

    @property
    def _plivo(self) -> LocalPlivo:
        if self._stage is None:
            raise EmulatorError("nothing is played yet")
        return self._stage.plivo

    @property
    def _call_uuid(self) -> str:
        if self._performance is None or not self._performance.call_uuid:
            raise EmulatorError("nobody is on the call")
        return self._performance.call_uuid

    def _show_phones(self) -> None:
        self.feed.add({"type": "phones", "phones": behaviours.shown(self._phones)})

    # --- one call -------------------------------------------------------------------------------

    async def _play(self, scenario: Scenario) -> None:
        self.feed.begin(
            {"type": "show", "name": scenario.name, "description": scenario.description}
        )
        try:
            stage = await self._open(scenario)
            try:
                async with asyncio.timeout(_LONGEST_S):
                    await self._watch(stage, scenario)
            finally:
                await self._leave()
        except TimeoutError:
            self.feed.add({"type": "over"})
        except (StageError, EmulatorError) as error:
            await self._fail(str(error))
        except httpx.HTTPError:
            await self._fail("the local Plivo does not answer any more")

    async def _watch(self, stage: Stage, scenario: Scenario) -> None:
        # Telephones that all calls share can be told to behave otherwise while one goes on.
        await stage.plivo.phones(scenario.phones)
        self._phones = scenario.phones
        self._show_phones()
        performance = stage.perform(replace(scenario, phones={}))
        self._stage, self._performance = stage, performance
        account = Account(DESTINATIONS)
        listening: asyncio.Task[None] | None = None
        try:
            async with contextlib.aclosing(_whole(performance)) as events:
                async for event in events:
                    if isinstance(event, Report):
                        self.feed.add(told(event, scenario.must.unmet(event)))
                        continue
                    if listening is None:
                        hearing = self._listen(stage, performance, account, event["at"])
                        listening = asyncio.create_task(hearing)
                    for message in account.tell(event):
                        self.feed.add(message)
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        self.feed.add({"type": "over"})

    async def _listen(
        self, stage: Stage, performance: Performance, account: Account, log_s: float
    ) -> None:
        """Tell the bot's words, which our side alone knows; `log_s` is the log's time by now."""
        zero = time.time() - log_s
        read = 0
        async with SqliteStore(stage.directory / STORE) as store:
            while True:
                await asyncio.sleep(_LOOK_EVERY_S)
                with contextlib.suppress(StoreUnavailable):
                    words = await store.words(performance.call_uuid)
                    for said in words[read:]:
                        if said.party is Party.BOT:
                            for message in account.bot_said(said.text, said.at - zero):
                                self.feed.add(message)
                    read = len(words)

    # --- the stage ------------------------------------------------------------------------------

    async def _open(self, scenario: Scenario) -> Stage:
        """Return a stage on which `scenario` can be played.

        Raises:
            StageError: There is none.
        """
        setting = _setting(scenario)
        if self._opening is None or self._setting != setting:
            await self._close_stage()
            stage = Stage(scenario, framework=self._framework, live=True, sip=True)
            self._setting, self._opening = setting, asyncio.create_task(_opened(stage))
        if not self._opening.done():
            self.feed.add({"type": "stage", "state": "starting"})
        # Whoever changes his mind meanwhile finds it half started, and no process is lost.
        stage = await asyncio.shield(self._opening)
        self.feed.add({"type": "stage", "state": "ready"})
        return stage

    async def _close_stage(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            self._closing = asyncio.create_task(_closed(opening))
        if self._closing is not None:
            # Whoever begins another call meanwhile leaves no process of this one behind.
            await asyncio.shield(self._closing)

    async def _be_ready(self) -> None:
        try:
            await self._open(own_call())
        except StageError as error:
            await self._fail(str(error))

    async def _fail(self, text: str) -> None:
        """Tell what went wrong; the next call gets a stage of its own."""
        self.feed.add({"type": "trouble", "text": text})
        await self._close_stage()

    async def _end_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _leave(self) -> None:
        """Have nobody left on the call."""
        with contextlib.suppress(EmulatorError, httpx.HTTPError):
            await self.hang_up()
        self._stage = self._performance = None


async def _opened(stage: Stage) -> Stage:
    return await stage.__aenter__()


async def _closed(opening: asyncio.Task[Stage]) -> None:
    with contextlib.suppress(StageError):
        await (await opening).__aexit__(None, None, None)


async def _whole(performance: Performance) -> AsyncGenerator[Event | Report, None]:
    """Yield the log of a call: its report once its scenario is over, and again at its very end."""
    async for event in performance.play():
        yield event
    yield performance.report()
    read = len(performance.events)
    async for event in performance.linger():
        yield event
    if len(performance.events) > read:
        yield performance.report()


def _setting(scenario: Scenario) -> tuple[str, bool]:
    """What a stage has to be like for a scenario, as far as it is not said in the call itself."""
    text = settings_text(_NOWHERE, Ports(0, 0, 0, 0), scenario, ring_s=0)
    return text, scenario.armed
