"""Somebody who calls one of the account's numbers by SIP (RFC 3261 section 13.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from escalate.emulator import audio
from escalate.emulator.sip.hearing import Hearing
from escalate.emulator.sip.incoming import Incoming
from escalate.emulator.sip.message import Request, Unreadable, read_uri, uri_in
from escalate.emulator.tasks import until

if TYPE_CHECKING:
    import asyncio

    from escalate.emulator.call import Call
    from escalate.emulator.exchange import Exchange
    from escalate.emulator.services import Services
    from escalate.emulator.sip.sdp import Media
    from escalate.emulator.sip.stack import Stack
    from escalate.emulator.sip.wire import Hop

# What a caller is told whose call ends before it was answered, by Plivo's cause.
_REFUSALS: Final = {3010: 486, 3020: 603}
_UNAVAILABLE: Final = 480


class SipCaller:
    """A caller at a real telephone: the mouth and the ears of one inbound call."""

    def __init__(
        self, invite: Request, hop: Hop, media: Media, *, stack: Stack, services: Services
    ) -> None:
        self._invite = invite
        self._hop = hop
        self._media = media
        self._stack = stack
        self._services = services
        self._call: Call | None = None
        self._incoming: Incoming | None = None
        self._hearing: asyncio.Task[None] | None = None

    async def run(self, exchange: Exchange, number: str, user: str | None) -> None:
        """Be on the call until it is over."""
        self._incoming = incoming = await Incoming.open(
            self._stack, self._invite, self._hop, self._media, self._press
        )
        assert exchange.routes is not None
        call = self._call = exchange.take(
            _number(self._invite), number, exchange.routes, self, self._arrived_with(user)
        )
        call.raw_headers = user is not None
        call.on_answer.append(self._answer)
        self._stack.owned(incoming.call_id, call.uuid)
        incoming.ring()
        try:
            with until(call.over):
                await incoming.over.wait()
                call.party_hangs_up()
        finally:
            if self._hearing:
                self._hearing.cancel()
            code = call.ending.code if call.ending else 0
            incoming.close(_REFUSALS.get(code, _UNAVAILABLE), self._services.background)

    def frame(self, at: float) -> bytes:
        """Return the 20 ms of what was received that are due at `at`."""
        return self._incoming.line.playout.take(at) if self._incoming else audio.SILENT_FRAME

    def bridged(self) -> None:
        """Do nothing: whoever holds a telephone notices by himself."""

    asked = heard_out = bridged

    def _answer(self) -> None:
        """Pick up on behalf of the application, and let him hear."""
        assert self._incoming is not None and self._call is not None
        self._incoming.answer()
        hearing = Hearing(self._call.ear, self._incoming.line.send, self._services.clock)
        self._hearing = self._services.background.start(hearing.run())

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
