"""The carrier as a whole: its calls, its telephones, and the application that owns every number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from escalate.emulator.call import Call, Routes
from escalate.emulator.caller import Line, Utterance, Voice
from escalate.emulator.interpreter import Interpreter, report_end
from escalate.emulator.legs import Said, Speaking
from escalate.emulator.outbound import LegMouth, NewLeg, Outbound
from escalate.emulator.phones import Phone, PhoneBook, ScriptedPhones, describe, hide
from escalate.emulator.sip.trunk import SipNetwork
from escalate.plivo.causes import HangupSource

if TYPE_CHECKING:
    from escalate.emulator.caller import Mouth
    from escalate.emulator.legs import PhoneNetwork
    from escalate.emulator.log import Event
    from escalate.emulator.services import Services


@dataclass(frozen=True, slots=True)
class HangsUp:
    """The caller hangs up a while after something happened in his call."""

    after: str
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NewCall:
    """A caller's script."""

    from_: str
    to: str
    says: Sequence[Line] = ()
    phones: Mapping[str, Phone] | None = None
    hangs_up: HangsUp | None = None


class Exchange:
    """Takes calls, keeps them, and finds them again by their id."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.routes: Routes | None = None
        self.phones = PhoneBook()
        self.calls: dict[str, Call] = {}

    def add_phones(self, phones: Mapping[str, Phone]) -> None:
        """Add telephones that every call can reach."""
        hide(phones, self.services.mask)
        self.services.log.add("phones", phones=describe(phones))
        self.phones.merge(phones)

    async def call(self, new: NewCall, routes: Routes) -> Call:
        """Let somebody call a number of the account; returns as soon as the call has started."""
        services = self.services
        own = PhoneBook()
        hide(new.phones or {}, services.mask)
        own.merge(new.phones or {})
        voice = await Voice.of(new.says)
        call = self._arrive(new.from_, new.to, routes, voice, own)
        call.on_answer.append(lambda: self._begin_to_speak(call, voice))
        if new.hangs_up:
            self._watch(call, new.hangs_up)
        return call

    def take(
        self, from_: str, to: str, routes: Routes, mouth: Mouth, arrived_with: dict[str, str]
    ) -> Call:
        """Let in a caller who is real, and came with these parameters."""
        call = self._arrive(from_, to, routes, mouth, PhoneBook())
        call.arrived_with = arrived_with
        return call

    async def say(self, call: Call, script: Sequence[Line]) -> None:
        """Let the caller of an answered call say more, counted from now."""
        if isinstance(voice := call.mouth, Voice) and voice.zero is not None:
            from_s = self.services.clock.now() - voice.zero
            more = await voice.add(script, from_s)
            self.services.background.start(self._announce(call, voice.zero, more))

    def make_call(self, new: NewLeg) -> Call:
        """Call somebody on behalf of the API; a parent call lends its own telephones."""
        services = self.services
        parent = self.calls.get(new.parent or "")
        mouth = LegMouth()
        call = Call(
            from_=new.from_,
            to=new.to,
            routes=new.routes,
            mouth=mouth,
            network=parent.network if parent else self._network(PhoneBook()),
            log=services.log,
            clock=services.clock,
            direction="outbound",
            parent=parent.uuid if parent else None,
            caller_name=new.caller_name,
        )
        self.calls[call.uuid] = call
        more = {"parent": call.parent} if call.parent else {}
        call.report(
            "call.started", **{"from": new.from_, "to": new.to}, direction="outbound", **more
        )
        services.background.start(Outbound(new, call, mouth, services).run())
        return call

    def live(self, call_uuid: str) -> Call | None:
        """Return a call that has not ended."""
        call = self.calls.get(call_uuid)
        return call if call and call.ending is None else None

    async def forget(self) -> None:
        """End every call, then drop calls, telephones, faults, application and log."""
        for call in self.calls.values():
            call.end(5010, HangupSource.PLIVO)
        await self.services.background.stop()
        self.calls.clear()
        self.services.rooms.forget()
        self.services.recordings.forget()
        self.phones.forget()
        self.routes = None
        self.services.called_numbers.clear()
        self.services.faults.replace([])
        self.services.log.forget()

    def _arrive(self, from_: str, to: str, routes: Routes, mouth: Mouth, own: PhoneBook) -> Call:
        """Begin a call to one of the account's numbers; its document is fetched right after."""
        services = self.services
        call = Call(
            from_=from_,
            to=to,
            routes=routes,
            mouth=mouth,
            network=self._network(own),
            log=services.log,
            clock=services.clock,
        )
        services.called_numbers.add(to.lstrip("+"))
        self.calls[call.uuid] = call
        call.report("call.started", **{"from": from_, "to": to})
        services.background.start(self._run(call))
        return call

    async def _run(self, call: Call) -> None:
        await Interpreter(call, self.services).run()
        report_end(call, self.services)

    def _network(self, own: PhoneBook) -> PhoneNetwork:
        services = self.services
        timeout_s = services.config.auth_timeout_s
        books = own, self.phones
        scripted = ScriptedPhones(*books, clock=services.clock, auth_timeout_s=timeout_s)
        return SipNetwork(services.trunk, scripted) if services.trunk else scripted

    def _begin_to_speak(self, call: Call, voice: Voice) -> None:
        voice.zero = call.answered_at
        assert voice.zero is not None
        if voice.utterances:
            work = self._announce(call, voice.zero, voice.utterances)
            self.services.background.start(work)

    async def _announce(self, call: Call, zero: float, utterances: Iterable[Utterance]) -> None:
        """Log what the caller says when he begins to; whoever listens has his words at the end."""
        clock = self.services.clock
        for utterance in utterances:
            await clock.sleep_until(zero + utterance.at)
            if call.ending:
                return
            call.report("caller.says", text=utterance.text, seconds=round(utterance.seconds, 3))
            call.take_in(Speaking())
            await clock.sleep_until(zero + utterance.at + utterance.seconds)
            call.take_in(Said(utterance.text))

    def _watch(self, call: Call, hangs_up: HangsUp) -> None:
        def notice(event: Event) -> None:
            if event["call"] == call.uuid and event["kind"] == hangs_up.after:
                stop()
                self.services.background.start(later())

        async def later() -> None:
            await self.services.clock.sleep(hangs_up.delay_s)
            call.party_hangs_up()

        stop = self.services.log.listen(notice)
