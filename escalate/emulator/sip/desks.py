"""Scripted SIP telephones: the script decides what is done, and SIP and RTP carry it.

Two things do not go over the wire, for nobody here has ears: what the carrier's recogniser and its
machine detection find is told by the telephone, and whoever sits at it is told when he is asked
something and when he gets the caller.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from escalate.emulator import audio, legs
from escalate.emulator.log import EventLog
from escalate.emulator.phones import Challenge
from escalate.emulator.sip import sdp
from escalate.emulator.sip.door import Door
from escalate.emulator.sip.incoming import Incoming
from escalate.emulator.sip.stack import Stack
from escalate.emulator.sip.wire import Hop, hop_of
from escalate.emulator.tasks import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from escalate.emulator.ear import Ear
    from escalate.emulator.phones import Phone, ScriptedLeg, ScriptedPhones
    from escalate.emulator.services import Services
    from escalate.emulator.sip.leg import SipLeg
    from escalate.emulator.sip.message import Request

    Ring = Callable[[legs.Invitation, Hop], SipLeg]

_REFUSALS: Final = {legs.BUSY: 486, legs.DECLINED: 603}
_UNAVAILABLE: Final = 480
_DEMANDS: Final = 407


class Desks:
    """One SIP address on loopback, behind which all the scripted telephones are."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Nobody reads it: the carrier's own log has every message already.
        log = EventLog(services.clock, services.mask)
        self._stack = Stack(log, name="desk", agent="escalate scripted telephone")
        # Those that are called, by Call-ID, for as long as the carrier wants something of them.
        self._called: WeakValueDictionary[str, DeskLeg] = WeakValueDictionary()

    async def open(self) -> None:
        """Listen on any free port."""
        await self._stack.open(0)
        self._stack.on_invite = self._invited

    async def close(self) -> None:
        """Stop to listen."""
        await self._stack.close()

    def dial(self, invitation: legs.Invitation, scripted: ScriptedPhones, ring: Ring) -> legs.Leg:
        """Start to call one of them; `ring` has the carrier send its INVITE."""
        phone = scripted.take(invitation.to)
        if phone.unregistered:
            return scripted.begin(phone, invitation)
        hop = hop_of(f"sip:{self._stack.address}")
        assert hop is not None
        leg = ring(invitation, hop)
        called = DeskLeg(
            leg,
            phone,
            lambda: scripted.begin(phone.let_in(), invitation),
            stack=self._stack,
            services=self._services,
        )
        self._called[leg.call_id] = called
        return called

    def _invited(self, invite: Request, hop: Hop) -> None:
        if called := self._called.get(invite.headers.get("call-id")):
            called.take_in(invite, hop)
        else:
            self._stack.respond(invite, hop, 404, tag=secrets.token_hex(4))


class DeskLeg:
    """A leg to a scripted SIP telephone, and that telephone."""

    def __init__(
        self,
        leg: SipLeg,
        phone: Phone,
        begin: Callable[[], ScriptedLeg],
        *,
        stack: Stack,
        services: Services,
    ) -> None:
        """`begin` has somebody sit down at the telephone, who does what its script says."""
        self._leg = leg
        self._phone = phone
        self._begin = begin
        self._stack = stack
        self._services = services
        self._door = _door(phone, stack)
        self._has_challenged = False
        self._person: ScriptedLeg | None = None

    # --- the carrier's end ----------------------------------------------------------------------

    async def next_event(self) -> legs.LegEvent:
        """Wait for what happens next."""
        event = await self._leg.next_event()
        return legs.Answered(self._phone.machine) if isinstance(event, legs.Answered) else event

    def bridged(self) -> None:
        """Let whoever sits there notice it."""
        self._there.bridged()

    def asked(self) -> None:
        """Let whoever sits there notice it."""
        self._there.asked()

    def heard_out(self) -> None:
        """Let whoever sits there notice it."""
        self._there.heard_out()

    def listen(self, ear: Ear) -> None:
        """Send what this ear hears."""
        self._leg.listen(ear)

    def give(self, frame: bytes) -> None:
        """Send 20 ms."""
        self._leg.give(frame)

    def take(self, at: float) -> bytes:
        """Return the 20 ms of what was received that are due at `at`."""
        return self._leg.take(at)

    def hang_up(self) -> None:
        """Send CANCEL or BYE."""
        self._leg.hang_up()

    # --- the telephone's end --------------------------------------------------------------------

    def take_in(self, invite: Request, hop: Hop) -> None:
        """Take in an INVITE: ask for credentials, or ring."""
        if self._has_challenged and self._phone.silent_after_challenge:
            return
        if self._door.admits(invite, hop):
            self._stack.respond(invite, hop, 100)
            self._services.background.start(self._ring(invite, hop))
        else:
            self._has_challenged = True

    async def _ring(self, invite: Request, hop: Hop) -> None:
        """Do with the call what the script says, until either side ends it."""
        media = sdp.read(invite.body)
        incoming = await Incoming.open(self._stack, invite, hop, media, pressed=lambda _: None)
        person = self._person = self._begin()
        ending = legs.NORMAL
        try:
            with until(incoming.over):
                ending = await self._follow(person, incoming)
        finally:
            person.hang_up()
            refusal = _REFUSALS.get(ending, _UNAVAILABLE)
            incoming.close(refusal, self._services.background)

    async def _follow(self, person: ScriptedLeg, incoming: Incoming) -> legs.LegCause:
        """Put on the wire what a person does, until he ends the call; returns why."""
        while True:
            match await person.next_event():
                case legs.Ringing():
                    incoming.ring()
                case legs.Answered():
                    incoming.answer()
                    self._services.background.start(self._talk(person, incoming))
                case legs.Pressed(digit=digit):
                    incoming.line.press(digit)
                case legs.Speaking() | legs.Said() as event:
                    self._leg.recognise(event)
                case legs.Ended(cause=cause):
                    return cause

    async def _talk(self, person: ScriptedLeg, incoming: Incoming) -> None:
        """Send what a person says, until the call is over."""
        with until(incoming.over):
            async for at in self._services.clock.ticks(audio.FRAME_S):
                incoming.line.send(person.take(at))

    @property
    def _there(self) -> ScriptedLeg:
        assert self._person is not None, "nobody has answered"
        return self._person


def _door(phone: Phone, stack: Stack) -> Door:
    """Return what demands the credentials of a telephone, if it demands any."""
    demanded = phone.challenge
    if demanded is None and phone.silent_after_challenge:
        demanded = Challenge(username="anybody", password=secrets.token_hex())
    if demanded is None:
        return Door(stack, {}, realm="")
    users = {demanded.username: demanded.password}
    return Door(stack, users, realm=demanded.realm, status=_DEMANDS)
