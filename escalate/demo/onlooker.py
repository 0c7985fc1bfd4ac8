"""The calls of a local Plivo that runs by itself (`escalate emulate`), whatever it asks for them.

The page shows the one that began last. Nothing is known there but the carrier's log: the words of
a bot, and the names of destinations, are not in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, Self

import httpx

from escalate.demo.account import Account
from escalate.demo.feed import Feed
from escalate.demo.record import Belonging, Event, is_humans_own
from escalate.demo.report import build_report
from escalate.demo.scenarios import own_call
from escalate.demo.wording import told
from escalate.emulator.client import EmulatorError, LocalPlivo

_CALL: Final = {
    "name": "a-call",
    "description": "somebody calls your application: say what you like",
}


class Onlooker:
    """Watches the local Plivo at `base_url`, for as long as the block lasts."""

    def __init__(self, base_url: str) -> None:
        self.feed = Feed()
        self._base_url = base_url
        self._plivo: LocalPlivo | None = None
        self._stack = contextlib.AsyncExitStack()
        self._call_uuid: str | None = None

    async def __aenter__(self) -> Self:
        """Begin to watch.

        Raises:
            EmulatorError: No local Plivo answers there.
        """
        self._plivo = await self._stack.enter_async_context(LocalPlivo.at(self._base_url))
        watching = asyncio.create_task(self._watch(self._plivo))
        self._stack.push_async_callback(_ended, watching)
        self.feed.add({"type": "stage", "state": "ready"})
        return self

    async def __aexit__(self, *_: object) -> None:
        """Look away; the calls go on."""
        self.feed.close()
        await self._stack.aclose()

    def scenarios(self) -> list[dict[str, str]]:
        """Return the one call there is to begin."""
        return [_CALL]

    async def play(self, name: str) -> None:
        """Let somebody call the application.

        Raises:
            KeyError: It is another name than that of the one call.
        """
        if name != _CALL["name"]:
            raise KeyError(name)
        await self._there.call()

    async def say(self, text: str) -> None:
        """Let the caller say something, at once."""
        await self._there.say(self._shown, [{"at": 0, "text": text}])

    async def press(self, digits: str) -> None:
        """Let the caller press keys."""
        await self._there.press(self._shown, digits)

    async def hang_up(self) -> None:
        """Let the caller hang up."""
        await self._there.hang_up(self._shown)

    @property
    def _there(self) -> LocalPlivo:
        assert self._plivo is not None
        return self._plivo

    @property
    def _shown(self) -> str:
        if self._call_uuid is None:
            raise EmulatorError("nobody is on the call")
        return self._call_uuid

    async def _watch(self, plivo: LocalPlivo) -> None:
        try:
            call: _Shown | None = None
            async for event in plivo.follow():
                if event["kind"] == "call.started" and not is_humans_own(event):
                    call, self._call_uuid = _Shown(self.feed, event), event["call"]
                if call is not None:
                    call.take_in(event)
        except (httpx.HTTPError, EmulatorError):
            self.feed.add({"type": "trouble", "text": "the local Plivo does not answer any more"})


class _Shown:
    """The call that is shown."""

    def __init__(self, feed: Feed, started: Event) -> None:
        self._feed = feed
        self._belonging = Belonging(started["call"])
        self._account = Account({})
        self._events: list[Event] = []
        about = f"from {started['from']} to {started['to']}"
        feed.begin({"type": "show", "name": _CALL["name"], "description": about})

    def take_in(self, event: Event) -> None:
        """Tell what an event means, if it is of this call, and at the end what became of it."""
        if not self._belonging.has(event):
            return
        self._events.append(event)
        for message in self._account.tell(event):
            self._feed.add(message)
        if event["kind"] == "call.ended" and event["call"] == self._events[0]["call"]:
            report = build_report(_CALL["name"], self._events, {}, until=event["at"])
            self._feed.add(told(report, own_call().must.unmet(report)))
            self._feed.add({"type": "over"})


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
