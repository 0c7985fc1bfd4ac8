"""The calls behind `escalate demo --web`: one at a time, started, watched and meddled with.

Everything is as in `stage`, but that the bot hears what the caller says as he says it, so that
whoever sits before the page can say it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Final

from escalate.demo.account import Account
from escalate.demo.feed import Feed
from escalate.demo.processes import StageError
from escalate.demo.record import Event
from escalate.demo.report import Report
from escalate.demo.scenarios import DESTINATIONS, SCENARIOS, Framework, Scenario, own_call
from escalate.demo.stage import Performance, Stage
from escalate.demo.surroundings import STORE, Ports, settings_text
from escalate.emulator.client import EmulatorError
from escalate.errors import StoreUnavailable
from escalate.store import SqliteStore
from escalate.values import Party

OWN_CALL: Final = own_call()

_LOOK_EVERY_S: Final = 0.25
_NOWHERE: Final = Path()


class Playground:
    """One stage and the call that is played on it.

    async with Playground() as playground:
        await playground.play("bridged")
    """

    def __init__(self, framework: Framework = "pipecat") -> None:
        self.feed = Feed()
        self._framework: Framework = framework
        self._stage: Stage | None = None
        self._turn = asyncio.Lock()
        self._work: asyncio.Task[object] | None = None
        self._performance: Performance | None = None

    async def __aenter__(self) -> Playground:
        """Have a bot ready for the first call."""
        self._work = asyncio.create_task(self._open(OWN_CALL))
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
        return [{"name": one.name, "description": one.description} for one in (OWN_CALL, *playable)]

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
            scenario = OWN_CALL if name == OWN_CALL.name else SCENARIOS[name]
            self._work = asyncio.create_task(self._play(scenario))

    # --- one call -------------------------------------------------------------------------------

    async def _play(self, scenario: Scenario) -> None:
        self.feed.begin(
            {"type": "show", "name": scenario.name, "description": scenario.description}
        )
        try:
            if not await self._open(scenario):
                return
            await self._watch(scenario)
        except (StageError, EmulatorError) as error:
            self.feed.add({"type": "trouble", "text": str(error)})
        finally:
            await self._hang_up()

    async def _watch(self, scenario: Scenario) -> None:
        assert self._stage is not None
        # Telephones that all calls share can be told to behave otherwise while one goes on.
        await self._stage.plivo.phones(scenario.phones)
        performance = self._stage.perform(replace(scenario, phones={}))
        self._performance = performance
        account = Account(DESTINATIONS)
        listening: asyncio.Task[None] | None = None
        try:
            async with contextlib.aclosing(_whole(performance)) as events:
                async for event in events:
                    if isinstance(event, Report):
                        unmet = scenario.must.unmet(event)
                        self.feed.add({"type": "report", "unmet": unmet, **event.as_dict()})
                        continue
                    if listening is None:
                        listening = asyncio.create_task(self._listen(account, event["at"]))
                    for message in account.tell(event):
                        self.feed.add(message)
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        self.feed.add({"type": "over"})

    async def _listen(self, account: Account, log_s: float) -> None:
        """Tell the bot's words, which our side alone knows; `log_s` is the log's time by now."""
        assert self._stage is not None and self._performance is not None
        zero = time.time() - log_s
        read = 0
        async with SqliteStore(self._stage.directory / STORE) as store:
            while True:
                await asyncio.sleep(_LOOK_EVERY_S)
                with contextlib.suppress(StoreUnavailable):
                    words = await store.words(self._performance.call_uuid)
                    for said in words[read:]:
                        if said.party is Party.BOT:
                            for message in account.bot_said(said.text, said.at - zero):
                                self.feed.add(message)
                    read = len(words)

    # --- the stage ------------------------------------------------------------------------------

    async def _open(self, scenario: Scenario) -> bool:
        """Have a stage on which `scenario` can be played; False, and told, if there is none."""
        if self._stage is not None and _setting(self._stage.scenario) == _setting(scenario):
            self._say("ready")
            return True
        self._say("starting")
        await self._close_stage()
        stage = Stage(scenario, framework=self._framework, live=True)
        try:
            await stage.__aenter__()
        except StageError as error:
            self.feed.add({"type": "trouble", "text": str(error)})
            return False
        self._stage = stage
        self._say("ready")
        return True

    def _say(self, state: str) -> None:
        self.feed.add({"type": "stage", "state": state})

    async def _close_stage(self) -> None:
        stage, self._stage = self._stage, None
        if stage is not None:
            await stage.__aexit__(None, None, None)

    async def _end_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def _hang_up(self) -> None:
        performance, self._performance = self._performance, None
        if performance is not None and self._stage is not None and performance.call_uuid:
            with contextlib.suppress(EmulatorError):
                await self._stage.plivo.hang_up(performance.call_uuid)


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
