"""Calls made through the API: somebody is dialled, and his own leg runs the answer URL.

Decided where the sources are silent: the ring time of the API ends in 6010 with CallStatus
`no-answer`, or in 4250 while the endpoint is silent after its challenge; a human who hangs up is
the source Callee. Machine detection is always right and takes half a second: without a URL of its
own it delays the answer URL, with one it runs beside the document; from then on requests carry
`Machine`.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from escalate.emulator import headers, legs, parameters
from escalate.emulator.call import Call, Routes
from escalate.emulator.interpreter import Interpreter, report_end
from escalate.emulator.tasks import cancelled, until
from escalate.plivo.causes import HangupSource

if TYPE_CHECKING:
    from escalate.emulator.callbacks import Route
    from escalate.emulator.services import Services

_DETECTION_S: Final = 0.5
_DECIDED_BY_CALLEE: Final = frozenset({legs.BUSY, legs.DECLINED, legs.NORMAL})


@dataclass(frozen=True, slots=True)
class NewLeg:
    """Whom the API asks to call, and how."""

    from_: str
    to: str
    routes: Routes
    caller_name: str = ""
    sip_headers: str = ""
    send_digits: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ring_timeout_s: float = 120
    time_limit_s: float = 14400
    parent: str | None = None
    machine_detection: str | None = None
    machine: Route | None = None


class LegMouth:
    """The person at the other end of a leg that the API made, once there is a leg."""

    def __init__(self) -> None:
        self.leg: legs.Leg | None = None

    def frame(self, at: float) -> bytes:
        """Return the 20 ms that begin at `at`."""
        return self._there().take(at)

    def bridged(self) -> None:
        """Let the person know that there is somebody to talk to."""
        self._there().bridged()

    def asked(self) -> None:
        """Let the person hear a question."""
        self._there().asked()

    def heard_out(self) -> None:
        """Let the person know that the question is over."""
        self._there().heard_out()

    def _there(self) -> legs.Leg:
        assert self.leg is not None
        return self.leg


class Outbound:
    """One call made through the API, from its first ring to its end."""

    def __init__(self, new: NewLeg, call: Call, mouth: LegMouth, services: Services) -> None:
        self._new = new
        self._call = call
        self._mouth = mouth
        self._services = services
        self._by_machine = False
        self._failed = False

    async def run(self) -> None:
        """Dial; run the documents of whoever answers; report the end."""
        call = self._call
        leg = self._mouth.leg = self._dial()
        if leg is None:
            self._fail(legs.UNKNOWN_CALLER_ID)
            report_end(call, self._services)
            return
        answered = False
        try:
            with until(call.over):
                answered = await self._ring(leg)
            if answered and call.ending is None:
                await self._talk(leg)
        finally:
            leg.hang_up()
        if not self._failed and (ending := call.ending):
            self._report_leg(ending.cause, ending.code, ending.status)
        report_end(call, self._services)

    def _dial(self) -> legs.Leg | None:
        """Start to call; None when the number shown is not the account's (SIP takes any)."""
        new = self._new
        sent, dropped = headers.split(new.sip_headers)
        more = {"dropped_headers": dropped} if dropped else {}
        self._report("leg.dialed", caller_id=new.from_, headers=sent, **more)
        if not new.to.startswith("sip:") and not self._services.owns(new.from_):
            return None
        return self._call.network.dial(
            legs.Invitation(
                leg=self._call.uuid,
                call=self._call.uuid,
                to=new.to,
                caller_id=new.from_,
                headers=sent,
                username=new.username,
                password=new.password,
            )
        )

    async def _ring(self, leg: legs.Leg) -> bool:
        """Wait for the answer; False when there is none."""
        too_late = legs.RING_TIMEOUT
        try:
            async with asyncio.timeout(self._new.ring_timeout_s):
                while True:
                    match await leg.next_event():
                        case legs.Challenged(scheme=scheme):
                            too_late = legs.AUTH_TIMEOUT
                            self._report("leg.challenged", scheme=scheme)
                        case legs.Ringing():
                            too_late = legs.RING_TIMEOUT
                            self._report("leg.ringing")
                            self._tell_ringing()
                        case legs.Answered(by_machine=by_machine):
                            self._by_machine = by_machine
                            self._report("leg.answered")
                            if self._new.send_digits:
                                self._report("leg.sent_digits", digits=self._new.send_digits)
                            return True
                        case legs.Ended(cause=cause):
                            self._fail(cause)
                            return False
        except TimeoutError:
            self._fail(too_late)
            return False

    async def _talk(self, leg: legs.Leg) -> None:
        """Run the documents while the person listens, presses keys and may hang up."""
        self._call.answer()
        leg.listen(self._call.ear)
        watch = asyncio.create_task(self._watch(leg))
        try:
            if self._new.machine_detection and self._new.machine is None:
                await self._detect()
            elif self._new.machine_detection:
                self._services.background.start(self._detect())
            await Interpreter(self._call, self._services).run()
        finally:
            await cancelled(watch)

    async def _detect(self) -> None:
        """Find out whether a machine has answered, and act on it."""
        call, services = self._call, self._services
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DETECTION_S):
                await call.over.wait()
        if call.ending:
            return
        call.machine = self._by_machine
        self._report("leg.detected", machine=call.machine)
        if self._new.machine:
            params = parameters.standard(call, services, "MachineDetection")
            services.notify("machine-detection", self._new.machine, params, call.uuid)
        if call.machine and self._new.machine_detection == "hangup":
            call.end(legs.MACHINE.code, HangupSource.PLIVO, legs.MACHINE.freeswitch)

    async def _watch(self, leg: legs.Leg) -> None:
        try:
            async with asyncio.timeout(self._new.time_limit_s):
                while True:
                    match await leg.next_event():
                        case legs.Pressed(digit=digit):
                            self._call.press(digit)
                        case legs.Speaking() as event:
                            self._call.take_in(event)
                        case legs.Said(text=text) as event:
                            self._report("leg.says", text=text)
                            self._call.take_in(event)
                        case legs.Ended():
                            self._call.party_hangs_up()
                            return
        except TimeoutError:
            self._call.end(legs.TIME_LIMIT.code, HangupSource.PLIVO, legs.TIME_LIMIT.freeswitch)

    def _fail(self, cause: legs.LegCause) -> None:
        self._failed = True
        self._report_leg(cause.name, cause.code, cause.status)
        source = HangupSource.CALLEE if cause in _DECIDED_BY_CALLEE else HangupSource.CARRIER
        if cause is legs.RING_TIMEOUT:
            source = HangupSource.PLIVO
        self._call.end(cause.code, source, cause.freeswitch, status=cause.status)

    def _tell_ringing(self) -> None:
        if ring := self._call.routes.ring:
            params = parameters.standard(self._call, self._services, "Ring")
            self._services.notify("ring", ring, params, self._call.uuid)

    def _report_leg(self, cause: str, code: int, status: str) -> None:
        self._report("leg.ended", cause=cause, code=code, dial_status=status)

    def _report(self, kind: str, **fields: object) -> None:
        self._call.report(kind, leg=self._call.uuid, to=self._new.to, **fields)
