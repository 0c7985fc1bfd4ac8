"""One leg of a `<Dial>`: called, answered, asked to confirm, bridged, ended."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from escalate.emulator import headers, legs, parameters, sounds
from escalate.emulator.call import LegRecord
from escalate.emulator.callbacks import Route
from escalate.emulator.elements import Dial, Number, User

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.services import Services


class Attempt:
    """One of the legs of a Dial."""

    def __init__(self, target: Number | User, dial: Dial, call: Call, services: Services) -> None:
        self.record = LegRecord(str(uuid.uuid4()), target.body)
        self.caller_id = target.caller_id or dial.caller_id or call.from_
        self.leg: legs.Leg | None = None
        self.challenged = False
        self._target = target
        self._dial = dial
        self._call = call
        self._services = services

    async def run(self) -> bool:
        """Call the target; returns whether somebody is there to be bridged."""
        self._invite()
        if self.record.cause:
            return False
        try:
            async with asyncio.timeout(self._dial.timeout):
                answered = await self._until(legs.Answered)
        except TimeoutError:
            silent = self.challenged and not self.record.rang
            self.end(legs.AUTH_TIMEOUT if silent else legs.NO_ANSWER)
            return False
        if not answered:
            return False
        self.record.answered_at = self._call.clock.now()
        self.record.state = "answered"
        self._report("leg.answered")
        if self._target.send_digits:
            self._report("leg.sent_digits", digits=self._target.send_digits)
        self.notify("answer")
        return await self._confirm()

    async def until_hung_up(self) -> None:
        """Wait until the other side has ended the leg."""
        while not self.record.cause:
            await self._until(legs.Ended)

    def end(self, cause: legs.LegCause) -> None:
        """End the leg; the first cause counts."""
        if self.record.cause:
            return
        if self.record.state == "bridged":
            self._report("leg.unbridged")
        self.record.cause, self.record.state = cause, "ended"
        if self.leg:
            self.leg.hang_up()
        self._report("leg.ended", cause=cause.name, code=cause.code, dial_status=cause.status)
        self.notify("hangup")

    def bridge(self) -> None:
        """Note that the caller is being connected."""
        assert self.leg is not None
        self.record.state, self.record.bridged_at = "bridged", self._call.clock.now()
        self.leg.bridged()
        self._report("leg.bridged")
        self.notify("connected")

    def notify(self, action: str) -> None:
        """Send an event to the Dial's callback URL, if it has one."""
        if self._dial.callback_url:
            params = parameters.dial_event(
                self._call, self._services, self.record, action, caller_id=self.caller_id
            )
            route = Route(self._dial.callback_url, self._dial.callback_method)
            self._services.notify("dial-callback", route, params, self._call.uuid)

    def _invite(self) -> None:
        given = ",".join([self._dial.sip_headers, self._target.sip_headers])
        sent, dropped = headers.split(given, raw=self._call.raw_headers)
        self._call.legs.append(self.record)
        more: dict[str, object] = {"dropped_headers": dropped} if dropped else {}
        if name := self._target.caller_name or self._dial.caller_name:
            more["caller_name"] = name
        self._report("leg.dialed", caller_id=self.caller_id, headers=sent, **more)
        if cause := self._refusal():
            self.end(cause)
            return
        user = self._target if isinstance(self._target, User) else None
        self.leg = self._call.network.dial(
            legs.Invitation(
                leg=self.record.leg,
                call=self._call.uuid,
                to=self._target.body,
                caller_id=self.caller_id,
                headers=sent,
                username=user.sip_auth_username if user else None,
                password=user.sip_auth_password if user else None,
            )
        )

    def _refusal(self) -> legs.LegCause | None:
        """Return why Plivo does not even try."""
        own = self._target.caller_id or self._dial.caller_id
        caller = self._call.from_.lstrip("+")
        if own and own.lstrip("+") != caller and not self._services.owns(own):
            return legs.UNKNOWN_CALLER_ID
        return legs.LOOP if self._target.body.lstrip("+") == caller else None

    async def _until(self, wanted: type[legs.LegEvent], digit: str | None = None) -> bool:
        """Take in what the leg tells until it is what was wanted; False when the leg ended."""
        assert self.leg is not None
        while not self.record.cause:
            event = await self.leg.next_event()
            match event:
                case legs.Challenged(scheme=scheme):
                    self.challenged = True
                    self._report("leg.challenged", scheme=scheme)
                case legs.Ringing():
                    self.record.rang, self.record.state = True, "ringing"
                    self._report("leg.ringing")
                case legs.Pressed(digit=pressed):
                    self._report("leg.digit", digit=pressed)
                case legs.Said(text=text):
                    self._report("leg.says", text=text)
                case legs.Ended(cause=cause):
                    self.end(cause)
            if isinstance(event, wanted) and digit in (None, getattr(event, "digit", None)):
                return not self.record.cause
        return False

    async def _confirm(self) -> bool:
        """Whisper to the leg and wait for its key, as far as the Dial asks for that."""
        if not self._dial.confirm_sound:
            return True
        whisper = asyncio.create_task(self._whisper(self._dial.confirm_sound))
        try:
            if not self._dial.confirm_key:
                ended = asyncio.create_task(self._until(legs.Ended))
                await asyncio.wait({whisper, ended}, return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
                return not self.record.cause
            async with asyncio.timeout(self._dial.confirm_timeout):
                return await self._until(legs.Pressed, self._dial.confirm_key)
        except TimeoutError:
            self.end(legs.NOT_CONFIRMED)
            return False
        finally:
            whisper.cancel()

    async def _whisper(self, url: str) -> None:
        """Play the confirmation document to the leg; one that cannot be had is silence."""
        leg = self.leg
        assert leg is not None
        elements = await sounds.fetch("confirm", url, self._call, self._services)
        leg.asked()
        for element in elements:
            sound = await sounds.of(element, self._call, self._services)
            self._report("leg.hears", element=type(element).__name__, text=sound.text)
            await sounds.play(sound, lambda frame, _: leg.give(frame), self._services)
        leg.heard_out()

    def _report(self, kind: str, **fields: object) -> None:
        self._call.report(kind, leg=self.record.leg, to=self.record.to, **fields)
