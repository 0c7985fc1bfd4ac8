"""What everything that runs for a call may use: time, log, requests, settings, background work."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.callbacks import Fetcher, Params, Route
    from escalate.emulator.clock import Clock
    from escalate.emulator.faults import Faults
    from escalate.emulator.log import EventLog
    from escalate.emulator.masking import Mask
    from escalate.emulator.recording import Recordings
    from escalate.emulator.rooms import Rooms
    from escalate.emulator.sip.trunk import Trunk


Bot = Callable[["Call"], Awaitable[None]]
"""A bot in this process, to which streams lead without a socket; it returns when it lets go."""


class SipConfig(BaseModel):
    """How the carrier speaks SIP on this machine.

    Attributes:
        port: Where it listens for UDP and TCP on loopback; 0 is any free port.
        hosts: Places on loopback (`127.0.0.1:5070;transport=tcp`) of hosts in SIP URIs.
        users: Who may call and register, by name; nobody is asked as long as it is empty.
        silence_s: How long an endpoint may stay silent after the first INVITE. Plivo's own time
            is not documented; 64 * T1 of RFC 3261 is 32 s.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(default=0, ge=0, le=65535)
    hosts: dict[str, str] = Field(default_factory=dict)
    users: dict[str, str] = Field(default_factory=dict, repr=False)
    silence_s: float = Field(default=8.0, gt=0)


class Config(BaseModel):
    """What can be set about the carrier.

    Attributes:
        numbers: The numbers the account owns; empty means every number that was called, and
            any number as long as none was.
        auth_timeout_s: How long an endpoint may stay silent after its challenge. Plivo's own
            time is not documented.
        stream_retry_s: The wait before the media WebSocket is tried again.
        sip: How SIP is spoken; None: not at all, and every SIP endpoint is a scripted telephone.
        cause_names_in_action: Whether a Dial's action gets HangupCauseName and HangupCauseCode;
            Plivo's pages disagree.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: list[str] = Field(default_factory=list)
    auth_timeout_s: float = Field(default=5.0, gt=0)
    stream_retry_s: float = Field(default=1.0, ge=0)
    cause_names_in_action: bool = True
    sip: SipConfig | None = None


class Background:
    """Keeps tasks alive until they end, and reports those that break."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that nobody waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def stop(self) -> None:
        """Cancel what still runs, and what that starts on its way out, until all has ended."""
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exc := task.exception()) is not None:
            self._log.add("emulator.error", error="".join(traceback.format_exception(exc)))


@dataclass(slots=True)
class Services:
    """The parts of the carrier that are not a call."""

    auth_id: str
    auth_token: str = field(repr=False)
    config: Config
    clock: Clock
    log: EventLog
    mask: Mask
    faults: Faults
    fetcher: Fetcher
    background: Background
    rooms: Rooms
    recordings: Recordings
    trunk: Trunk | None = None
    bot: Bot | None = None
    called_numbers: set[str] = field(default_factory=set)

    def notify(self, what: str, route: Route, params: Params, call: str) -> None:
        """Send an event whose answer nobody reads; it is tried as its URL says."""

        async def send() -> None:
            await self.fetcher.fetch(what, route, params, call)

        self.background.start(send())

    def owns(self, number: str) -> bool:
        """Tell whether a number may be shown as the account's own caller id."""
        own = {own.lstrip("+") for own in self.config.numbers} or self.called_numbers
        return not own or number.lstrip("+") in own
