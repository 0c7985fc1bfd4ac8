"""A call that comes in: it rings, and is answered, refused or given up (RFC 3261 section 13.3)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from escalate.emulator.sip import sdp
from escalate.emulator.sip.dialog import Dialog
from escalate.emulator.sip.rtp import Line
from escalate.emulator.sip.session import Session
from escalate.emulator.sip.wire import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from escalate.emulator.services import Background
    from escalate.emulator.sip.message import Request
    from escalate.emulator.sip.stack import Stack
    from escalate.emulator.sip.wire import Hop

_GIVEN_UP: Final = 487


class Incoming:
    """One call to us, until it is closed; `over` is set once the other side has had enough."""

    def __init__(
        self,
        stack: Stack,
        invite: Request,
        hop: Hop,
        media: sdp.Media,
        line: Line,
        pressed: Callable[[str], None],
    ) -> None:
        self.line = line
        self.is_answered = False
        self._stack = stack
        self._invite = invite
        self._hop = hop
        self._media = media
        self._tag = secrets.token_hex(4)
        self._description = sdp.Description(LOOPBACK, line.port)
        dialog = Dialog.of_invite(stack, invite, hop, self._tag)
        self._session = Session(dialog, line, self._description, pressed)
        self.over = self._session.over

    @classmethod
    async def open(
        cls,
        stack: Stack,
        invite: Request,
        hop: Hop,
        media: sdp.Media,
        pressed: Callable[[str], None],
    ) -> Incoming:
        """Begin to take the call; `pressed` is told the keys that the other side presses."""
        line = await Line.open(LOOPBACK, pressed)
        line.agree(media)
        incoming = cls(stack, invite, hop, media, line, pressed)
        stack.join(incoming.call_id, incoming._tag, incoming)
        return incoming

    @property
    def call_id(self) -> str:
        """Its Call-ID."""
        return self._invite.headers.get("call-id")

    def ring(self) -> None:
        """Say that somebody is being called."""
        self._respond(180)

    def answer(self) -> None:
        """Pick up, unless it was given up."""
        if self.over.is_set():
            return
        self.is_answered = True
        self._respond(200, self._description.answer(self._media))

    def close(self, refusal: int, background: Background) -> None:
        """End the call where nobody has: by BYE, or by `refusal` before it was answered."""
        if not self.is_answered:
            self._respond(_GIVEN_UP if self.over.is_set() else refusal)
        elif not self.over.is_set():
            background.start(self._session.hang_up())
        self.line.close()
        self._stack.leave(self.call_id)

    def take_in(self, request: Request, hop: Hop) -> None:
        """Take in a request of the dialog."""
        if request.method != "CANCEL":
            self._session.take_in(request, hop)
        elif not self.is_answered:
            self.over.set()

    def _respond(self, status: int, body: bytes = b"") -> None:
        more = [("Contact", self._stack.contact(self._hop))]
        self._stack.respond(self._invite, self._hop, status, tag=self._tag, more=more, body=body)
