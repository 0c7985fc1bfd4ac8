"""Somebody who calls one of the account's numbers by SIP (RFC 3261 section 13.3)."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio
from escalate.emulator.sip import sdp
from escalate.emulator.sip.dialog import Dialog
from escalate.emulator.sip.hearing import Hearing
from escalate.emulator.sip.message import Request, Unreadable, read_uri, uri_in
from escalate.emulator.sip.rtp import Line
from escalate.emulator.sip.session import Session
from escalate.emulator.sip.wire import LOOPBACK, Hop
from escalate.emulator.tasks import cancelled, until

if TYPE_CHECKING:
    from escalate.emulator.call import Call
    from escalate.emulator.exchange import Exchange
    from escalate.emulator.services import Services
    from escalate.emulator.sip.stack import Stack

# What a caller is told whose call ends before it was answered, by Plivo's cause.
_REFUSALS: Final = {3010: 486, 3020: 603}
_UNAVAILABLE: Final = 480


class SipCaller:
    """A caller at a real telephone: the mouth and the ears of one inbound call."""

    def __init__(
        self, invite: Request, hop: Hop, media: sdp.Media, *, stack: Stack, services: Services
    ) -> None:
        self._invite = invite
        self._hop = hop
        self._media = media
        self._stack = stack
        self._services = services
        self._tag = secrets.token_hex(4)
        self._call_id = invite.headers.get("call-id")
        self._call: Call | None = None
        self._line: Line | None = None
        self._session: Session | None = None
        self._answered = asyncio.Event()
        self._was_cancelled = False

    async def run(self, exchange: Exchange, number: str, user: str | None) -> None:
        """Be on the call until it is over."""
        self._line = line = await Line.open(LOOPBACK, self._press)
        line.agree(self._media)
        self._stack.join(self._call_id, self._tag, self)
        assert exchange.routes is not None
        call = self._call = exchange.take(
            _number(self._invite), number, exchange.routes, self, self._arrived_with(user)
        )
        call.raw_headers = user is not None
        call.on_answer.append(self._answer)
        self._stack.owned(self._call_id, call.uuid)
        self._respond(180)
        try:
            await self._until_over(call)
        finally:
            self._leave(call)
            line.close()
            self._stack.leave(self._call_id)

    def frame(self, at: float) -> bytes:
        """Return the 20 ms of what was received that are due at `at`."""
        return self._line.playout.take(at) if self._line else audio.SILENT_FRAME

    def bridged(self) -> None:
        """Do nothing: whoever holds a telephone notices by himself."""

    asked = heard_out = bridged

    def take_in(self, request: Request, hop: Hop) -> None:
        """Take in a request of the dialog."""
        if request.method == "CANCEL":
            self._was_cancelled = self._session is None
            if self._call and self._was_cancelled:
                self._call.party_hangs_up()
        elif self._session:
            self._session.take_in(request, hop)

    async def _until_over(self, call: Call) -> None:
        with until(call.over):
            await self._talk(call)
            call.party_hangs_up()

    async def _talk(self, call: Call) -> None:
        """Hear and be heard from the answer on, until he hangs up."""
        await self._answered.wait()
        assert self._session is not None and self._line is not None
        carrying = Hearing(call.ear, self._line.send, self._services.clock)
        hearing = asyncio.create_task(carrying.run())
        try:
            await self._session.over.wait()
        finally:
            await cancelled(hearing)

    def _answer(self) -> None:
        """Pick up on behalf of the application."""
        assert self._line is not None
        description = sdp.Description(LOOPBACK, self._line.port)
        dialog = Dialog.of_invite(self._stack, self._invite, self._hop, self._tag)
        self._session = Session(dialog, self._line, description, self._press)
        body = description.answer(self._media)
        self._respond(200, body)
        self._answered.set()

    def _leave(self, call: Call) -> None:
        """Hang up, or say why nobody has answered."""
        if self._session is None:
            code = call.ending.code if call.ending else 0
            refusal = 487 if self._was_cancelled else _REFUSALS.get(code, _UNAVAILABLE)
            self._respond(refusal)
        elif not self._session.over.is_set():
            self._services.background.start(self._session.hang_up())

    def _respond(self, status: int, body: bytes = b"") -> None:
        more = [("Contact", self._stack.contact(self._hop))]
        self._stack.respond(self._invite, self._hop, status, tag=self._tag, more=more, body=body)

    def _press(self, digit: str) -> None:
        if self._call and self._call.ending is None:
            self._call.press(digit)

    def _arrived_with(self, user: str | None) -> dict[str, str]:
        """Return what requests about the call say besides (Plivo "Request" page)."""
        headers = self._invite.headers
        said = {"SIP-H-To": headers.get("to"), **dict(headers.starting_with("X-PH-"))}
        if user is not None:
            # Plivo documents the name of SIPAuthType and none of its values.
            said |= {"SIPAuthUser": user, "SIPAuthType": "credentials"}
            said |= {"SIPSourceIP": self._hop.host}
        return said


def _number(invite: Request) -> str:
    """Return who calls: a number, or else the SIP URI."""
    uri = uri_in(invite.headers.get("from"))
    try:
        user = read_uri(uri).user
    except Unreadable:
        return uri
    return user if user.lstrip("+").isdigit() else uri
