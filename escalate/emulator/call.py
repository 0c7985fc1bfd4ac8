"""One call as the carrier knows it: who, in which state, how it ended. Knows no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from escalate.emulator.ear import Ear
from escalate.emulator.legs import DECLINED, Pressed
from escalate.emulator.tasks import Signal, until
from escalate.plivo.causes import CAUSES, HangupSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from escalate.emulator.callbacks import Route
    from escalate.emulator.caller import Mouth
    from escalate.emulator.clock import Clock
    from escalate.emulator.legs import Input, LegCause, PhoneNetwork
    from escalate.emulator.log import EventLog


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a call ended, who ended it and when."""

    code: int
    source: HangupSource
    at: float
    freeswitch: str = "NORMAL_CLEARING"
    status: str = "completed"

    @property
    def cause(self) -> str:
        """Plivo's name of the cause."""
        return CAUSES[self.code]


class CallEnds(Exception):
    """The document ends the call; raised inside of a document that is being carried out."""

    def __init__(self, code: int, source: HangupSource, why: str = "") -> None:
        super().__init__(why or CAUSES[code])
        self.code = code
        self.source = source
        self.why = why


class LiveStream(Protocol):
    """The media stream of a call, as others may touch it."""

    stream_id: str

    def stop(self) -> None:
        """Close it on Plivo's behalf."""

    def drop(self, *, abort: bool) -> None:
        """Break the socket, without a closing handshake if `abort`."""

    def press(self, digit: str) -> None:
        """Tell the application that the caller pressed a key."""


@dataclass(slots=True)
class LegRecord:
    """What is known of a leg that the call dialled."""

    leg: str
    to: str
    state: str = "dialed"
    rang: bool = False
    answered_at: float | None = None
    bridged_at: float | None = None
    cause: LegCause | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return the record as it stands in a summary."""
        cause = self.cause
        return {
            "leg": self.leg,
            "to": self.to,
            "state": self.state,
            "cause": cause.name if cause else None,
            "code": cause.code if cause else None,
            "dial_status": cause.status if cause else None,
        }


@dataclass(frozen=True, slots=True)
class Routes:
    """Where the documents and events of a call come from and go to."""

    answer: Route
    hangup: Route | None = None
    fallback: Route | None = None
    ring: Route | None = None


@dataclass(slots=True, eq=False)
class Call:
    """A leg that runs documents: an inbound call, or one made through the API.

    Attributes:
        raw_headers: Whether SIP headers that leave for its sake are in raw mode.
        arrived_with: What every request about it says because of how it came in.
    """

    from_: str
    to: str
    routes: Routes
    mouth: Mouth
    network: PhoneNetwork
    log: EventLog
    clock: Clock
    direction: str = "inbound"
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    parent: str | None = None
    caller_name: str = ""
    raw_headers: bool = False
    arrived_with: dict[str, str] = field(default_factory=dict)
    machine: bool | None = None
    started_at: float = field(init=False)
    answered_at: float | None = None
    ending: Ending | None = None
    over: Signal = field(default_factory=Signal)
    ear: Ear = field(init=False)
    stream: LiveStream | None = None
    legs: list[LegRecord] = field(default_factory=list)
    inputs: asyncio.Queue[Input] | None = None
    transfer: Route | None = None
    transferable: Signal = field(default_factory=Signal)
    held: bool = False
    on_answer: list[Callable[[], None]] = field(default_factory=list)
    on_key: list[Callable[[str], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()
        self.ear = Ear(self.report, self.started_at)

    def report(self, kind: str, **fields: Any) -> None:
        """Log an event of this call."""
        self.log.add(kind, self.uuid, **fields)

    @property
    def status(self) -> str:
        """Plivo's CallStatus."""
        if self.ending:
            return self.ending.status
        return "in-progress" if self.answered_at is not None else "ringing"

    def answer(self) -> None:
        """Note that the call is up; a second time changes nothing."""
        if self.answered_at is None and self.ending is None:
            self.answered_at = self.ear.zero = self.clock.now()
            self.report("call.answered")
            for note in self.on_answer:
                note()

    def end(
        self,
        code: int,
        source: HangupSource,
        freeswitch: str = "NORMAL_CLEARING",
        status: str = "completed",
    ) -> None:
        """End the call. The first ending counts; what runs for the call stops by itself."""
        if self.ending is None:
            self.ending = Ending(code, source, self.clock.now(), freeswitch, status)
            self.over.set()

    def party_hangs_up(self) -> None:
        """End the call from the side of whoever is on it; a human who still rings declines it."""
        match self.party, self.answered_at:
            case "caller", None:
                self.end(1000, HangupSource.CALLER, "ORIGINATOR_CANCEL")
            case "human", None:
                cause = DECLINED
                self.end(cause.code, HangupSource.CALLEE, cause.freeswitch, cause.status)
            case "caller", _:
                self.end(4000, HangupSource.CALLER)
            case _:
                self.end(4000, HangupSource.CALLEE)

    def api_hangs_up(self) -> None:
        """End the call on behalf of whoever uses the REST API."""
        if self.answered_at is None:
            self.end(1000, HangupSource.API_REQUEST, "ORIGINATOR_CANCEL", "cancel")
        else:
            self.end(4000, HangupSource.API_REQUEST)

    @property
    def party(self) -> str:
        """Who is at the other end: whoever called, or the human who was called."""
        return "caller" if self.direction == "inbound" else "human"

    def press(self, digit: str) -> None:
        """Let the party press a key: the stream and whatever listens are told."""
        if self.party == "caller":
            self.report("caller.digit", digit=digit)
        else:
            self.report("leg.digit", leg=self.uuid, to=self.to, digit=digit)
        if self.stream:
            self.stream.press(digit)
        for listener in self.on_key:
            listener(digit)
        self.take_in(Pressed(digit))

    def take_in(self, event: Input) -> None:
        """Tell whatever listens what the party does."""
        if self.inputs:
            self.inputs.put_nowait(event)

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Input]]:
        """Listen to the party; whoever began to listen last is told."""
        before, self.inputs = self.inputs, asyncio.Queue()
        try:
            yield self.inputs
        finally:
            self.inputs = before

    @contextlib.contextmanager
    def until_pressed(self, key: str | None) -> Iterator[None]:
        """Break a block off when the party presses this key; None is never pressed."""
        pressed = Signal()

        def notice(digit: str) -> None:
            if digit == key:
                pressed.set()

        self.on_key.append(notice)
        try:
            with until(pressed):
                yield
        finally:
            self.on_key.remove(notice)

    def move_to(self, route: Route) -> None:
        """Ask for the call to run another document: now, or once the stream lets go of it."""
        self.transfer = route
        if not self.held:
            self.transferable.set()

    def hold(self, held: bool) -> None:
        """Note whether a stream with keepCallAlive occupies the document."""
        self.held = held
        if not held and self.transfer:
            self.transferable.set()

    def take_transfer(self) -> Route | None:
        """Return the transfer that is due, and forget it."""
        route, self.transfer = self.transfer, None
        self.transferable.clear()
        return route

    @property
    def duration_s(self) -> float:
        """Seconds from the answer to the ending, or until now."""
        if self.answered_at is None:
            return 0.0
        return (self.ending.at if self.ending else self.clock.now()) - self.answered_at

    def summary(self) -> dict[str, Any]:
        """Return the state of the call as JSON."""
        ending = self.ending
        return {
            "call_uuid": self.uuid,
            "from": self.from_,
            "to": self.to,
            "direction": self.direction,
            "state": self.status,
            "cause": ending.cause if ending else None,
            "code": ending.code if ending else None,
            "source": ending.source if ending else None,
            "duration_s": round(self.duration_s, 3),
            "bridged_with": _last(leg.to for leg in self.legs if leg.state == "bridged"),
            "was_bridged_with": [leg.to for leg in self.legs if leg.bridged_at is not None],
            "streaming": self.stream is not None,
            "legs": [leg.as_fields() for leg in self.legs],
            "heard": [
                {"from_s": round(span.from_s - self.ear.zero, 3), **span.as_fields()}
                for span in self.ear.spans
            ],
        }

    def date_of(self, at: float | None) -> str:
        """Return a moment as Plivo writes dates, empty when there is none."""
        if at is None:
            return ""
        return self.clock.date(at).replace(tzinfo=None).isoformat(" ", "microseconds")


def _last(items: Iterable[str]) -> str | None:
    return next(reversed(list(items)), None)
