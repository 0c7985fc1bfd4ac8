"""An answered call: what either side may do until one of them hangs up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from escalate.emulator.sip import sdp
from escalate.emulator.sip.transaction import Unreachable
from escalate.emulator.tasks import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from escalate.emulator.sip.dialog import Dialog
    from escalate.emulator.sip.message import Request
    from escalate.emulator.sip.rtp import Line
    from escalate.emulator.sip.transaction import Transaction
    from escalate.emulator.sip.wire import Hop

_BYE_S: Final = 4.0
_CHALLENGES: Final = (401, 407)
# Keys in the body of an INFO, from telephones that know no RFC 4733.
_SIGNAL: Final = re.compile(rb"(?i)signal\s*=\s*([0-9A-D*#])")


class Session:
    """A call that is up."""

    def __init__(
        self,
        dialog: Dialog,
        line: Line,
        description: sdp.Description,
        pressed: Callable[[str], None],
    ) -> None:
        self.over = Signal()
        self._dialog = dialog
        self._line = line
        self._description = description
        self._pressed = pressed
        self._offered = False

    def take_in(self, request: Request, hop: Hop) -> None:
        """Take in a request of the other side."""
        match request.method:
            case "BYE":
                self._respond(request, hop, 200)
                self.over.set()
            case "INVITE" | "UPDATE":
                self._change(request, hop)
            case "ACK":
                self._settle(request)
            case "INFO":
                self._respond(request, hop, 200)
                if signal := _SIGNAL.search(request.body):
                    self._pressed(signal[1].decode().upper())
            case "CANCEL":
                pass
            case "OPTIONS":
                self._respond(request, hop, 200)
            case _:
                self._respond(request, hop, 405)

    async def hang_up(self) -> None:
        """Say goodbye, with credentials if they are asked for; a second time changes nothing."""
        if self.over.is_set():
            return
        try:
            response = await self.part().final(_BYE_S)
            challenged = response.status in _CHALLENGES
            if challenged and self._dialog.keyring.challenged_anew(response.headers):
                await self.part().final(_BYE_S)
        except (TimeoutError, Unreachable):
            pass

    def part(self) -> Transaction:
        """Send the goodbye without waiting for what comes back."""
        self.over.set()
        dialog = self._dialog
        return dialog.stack.begin(dialog.request("BYE"), dialog.hop)

    def _change(self, request: Request, hop: Hop) -> None:
        """Take an offer to change the sound, such as a hold, or make one where there is none."""
        if not request.body:
            self._offered = request.method == "INVITE"
            body = self._description.offer() if self._offered else b""
            self._respond(request, hop, 200, body)
            return
        try:
            media = sdp.read(request.body)
        except ValueError:
            self._respond(request, hop, 488)
            return
        self._line.agree(media)
        self._respond(request, hop, 200, self._description.answer(media))

    def _settle(self, request: Request) -> None:
        """Take the answer to an offer of ours."""
        if self._offered and request.body:
            self._offered = False
            try:
                self._line.agree(sdp.read(request.body))
            except ValueError:
                self.over.set()

    def _respond(self, request: Request, hop: Hop, status: int, body: bytes = b"") -> None:
        stack = self._dialog.stack
        more = [("Contact", stack.contact(hop))]
        stack.respond(request, hop, status, more=more, body=body)
