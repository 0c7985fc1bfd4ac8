"""A leg that is called by SIP: INVITE, challenges, ringing, answer, talk (RFC 3261 section 13.2).

`agent-transport` (0.2.2), which has a SIP endpoint too, cannot stand here: it dials one server over
TCP port 5060, not before it has registered there, with one pair of credentials for everything.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from escalate.emulator import audio, legs
from escalate.emulator.sip import causes, sdp
from escalate.emulator.sip.dialog import Dialog
from escalate.emulator.sip.digest import Credentials, Keyring
from escalate.emulator.sip.hearing import Hearing
from escalate.emulator.sip.message import Headers, Request, Response, param
from escalate.emulator.sip.rtp import Line
from escalate.emulator.sip.session import Session
from escalate.emulator.sip.stack import METHODS
from escalate.emulator.sip.transaction import Transaction, Unreachable
from escalate.emulator.sip.wire import LOOPBACK, Hop

if TYPE_CHECKING:
    from escalate.emulator.clock import Clock
    from escalate.emulator.ear import Ear
    from escalate.emulator.services import Background
    from escalate.emulator.sip.stack import Stack

_CHALLENGES: Final = (401, 407)
_RINGING: Final = (180, 183)
_AUTHORIZATIONS: Final = ("Authorization", "Proxy-Authorization")
_AFTER_CANCEL_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an endpoint may say nothing at all: to the first INVITE, to one with credentials."""

    silence_s: float
    auth_s: float


class SipLeg:
    """One call to one SIP endpoint."""

    def __init__(
        self,
        invitation: legs.Invitation,
        hop: Hop,
        *,
        stack: Stack,
        patience: Patience,
        clock: Clock,
        background: Background,
    ) -> None:
        self._invitation = invitation
        self._hop = hop
        self._stack = stack
        self._patience = patience
        self._clock = clock
        self._background = background
        self._events: asyncio.Queue[legs.LegEvent] = asyncio.Queue()
        self._keyring = Keyring(_credentials(invitation))
        self.call_id = f"{secrets.token_hex(12)}@{LOOPBACK}"
        self._from = f"<{_shown(invitation.caller_id)}>;tag={secrets.token_hex(4)}"
        self._sequence = 0
        self._line: Line | None = None
        self._description = sdp.Description(LOOPBACK, 0)
        self._transaction: Transaction | None = None
        self._session: Session | None = None
        self._authenticated = False
        self._progressed = False
        self._hung_up = False
        self._running = background.start(self._run())

    async def next_event(self) -> legs.LegEvent:
        """Wait for what happens next."""
        return await self._events.get()

    def recognise(self, event: legs.Speaking | legs.Said) -> None:
        """Note what a recogniser finds in what the other side says."""
        self._events.put_nowait(event)

    def bridged(self) -> None:
        """Do nothing: whoever picked up notices by himself."""

    asked = heard_out = bridged

    def listen(self, ear: Ear) -> None:
        """Let the telephone sound what this ear hears, as long as the leg is up."""
        hearing = self._background.start(Hearing(ear, self.give, self._clock).run())
        self._running.add_done_callback(lambda _: hearing.cancel())

    def give(self, frame: bytes) -> None:
        """Send 20 ms."""
        if self._line:
            self._line.send(frame)

    def take(self, at: float) -> bytes:
        """Return the 20 ms of what was received that are due at `at`."""
        return self._line.playout.take(at) if self._line else audio.SILENT_FRAME

    def hang_up(self) -> None:
        """Send CANCEL or BYE, whichever it is time for; more than once changes nothing."""
        if self._hung_up:
            return
        self._hung_up = True
        if self._session:
            self._background.start(self._session.hang_up())
        elif self._transaction:
            self._transaction.think_over()

    async def _run(self) -> None:
        self._stack.owned(self.call_id, self._invitation.call, self._invitation.leg)
        self._line = line = await Line.open(LOOPBACK, self._press)
        self._description.port = line.port
        try:
            ending = await self._ring() or await self._talk()
            self._events.put_nowait(legs.Ended(ending))
        finally:
            self._leave()
            line.close()
            self._stack.leave(self.call_id)

    async def _ring(self) -> legs.LegCause | None:
        """Call until somebody answers; return why nobody did, or None."""
        while not self._hung_up:
            request = self._invite()
            transaction = self._transaction = self._stack.begin(request, self._hop)
            try:
                response = await self._final(transaction)
            except Unreachable:
                return legs.OUT_OF_SERVICE
            except TimeoutError:
                return legs.AUTH_TIMEOUT if self._authenticated else causes.SILENT
            self._transaction = None
            if response.status < 300:
                return self._accept(transaction, response)
            if response.status not in _CHALLENGES:
                return causes.of(response.status, authenticated=self._authenticated)
            self._events.put_nowait(legs.Challenged(response.status))
            if not self._keyring.take(response.headers):
                return legs.AUTH_FAILED
            self._authenticated = True
        return legs.CANCELED

    async def _final(self, transaction: Transaction) -> Response:
        """Wait for the answer; a CANCEL has to wait for a sign of life (RFC 3261 section 9.1).

        Raises:
            TimeoutError: There was none, or the CANCEL was of no use.
            Unreachable: Nobody accepts a connection there.
        """
        within_s: float | None = self._patience.silence_s
        if self._authenticated:
            within_s = self._patience.auth_s
        cancelled = self._progressed = False
        while True:
            response = await transaction.next(within_s)
            if response is not None:
                if response.status >= 200:
                    return response
                self._progressed, within_s = True, _AFTER_CANCEL_S if cancelled else None
                if response.status in _RINGING:
                    self._events.put_nowait(legs.Ringing())
            if self._hung_up and self._progressed and not cancelled:
                self._stack.cancel(transaction)
                cancelled, within_s = True, _AFTER_CANCEL_S

    def _accept(self, transaction: Transaction, response: Response) -> legs.LegCause | None:
        """Acknowledge an answer, also one that comes too late, and then hang up again."""
        session = self._begin(transaction, response)
        try:
            media = sdp.read(response.body)
        except sdp.NoCommonCodec:
            session.part()
            return causes.NO_CODEC
        if self._hung_up:
            session.part()
            return legs.CANCELED
        assert self._line is not None
        self._line.agree(media)
        self._session = session
        self._events.put_nowait(legs.Answered())
        return None

    def _begin(self, transaction: Transaction, response: Response) -> Session:
        """Acknowledge an answer, and every repetition of it; another one's is not wanted."""
        assert self._line is not None
        invite, tag = transaction.request, param(response.headers.get("to"), "tag") or ""
        dialog = Dialog.of_answer(self._stack, invite, response, self._hop, self._keyring)
        ack = dialog.request("ACK")
        # The same credentials as those of the INVITE (RFC 3261 section 22.1).
        ack.headers = ack.headers.without(*_AUTHORIZATIONS)
        ack.headers.copy(invite.headers, *_AUTHORIZATIONS)
        again = self._stack.send_ack(ack, dialog.hop)
        session = Session(dialog, self._line, self._description, self._press)
        self._stack.join(self.call_id, _tag(self._from), session)

        def repeated(success: Response) -> None:
            if param(success.headers.get("to"), "tag") == tag:
                again()
            else:
                self._begin(transaction, success).part()

        transaction.on_repeated_success = repeated
        return session

    async def _talk(self) -> legs.LegCause:
        assert self._session is not None
        await self._session.over.wait()
        return legs.NORMAL

    def _leave(self) -> None:
        """End what is not over, when there is no time to wait for an answer."""
        if self._session and not self._session.over.is_set():
            self._session.part()
        elif self._transaction and self._progressed:
            self._stack.cancel(self._transaction)
        elif self._transaction:
            self._transaction.stop()

    def _invite(self) -> Request:
        uri, body = self._invitation.to, self._description.offer()
        self._sequence += 1
        headers = Headers()
        headers.add("Max-Forwards", "70")
        headers.add("From", self._from)
        headers.add("To", f"<{uri}>")
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", f"{self._sequence} INVITE")
        headers.add("Contact", self._stack.contact(self._hop))
        headers.add("Allow", METHODS)
        headers.pairs += self._invitation.headers.items()
        headers.pairs += self._keyring.sign("INVITE", uri, body)
        headers.add("Content-Type", "application/sdp")
        return Request("INVITE", uri, headers, body)

    def _press(self, digit: str) -> None:
        self._events.put_nowait(legs.Pressed(digit))


def _credentials(invitation: legs.Invitation) -> Credentials | None:
    if invitation.username is None or invitation.password is None:
        return None
    return Credentials(invitation.username, invitation.password)


def _shown(caller_id: str) -> str:
    """Return the URI of whoever is shown as the caller; nothing in it can end the header field."""
    plain = re.sub(r"[^\w+.:@-]", "", caller_id)
    return plain if plain.startswith("sip:") else f"sip:{plain}@{LOOPBACK}"


def _tag(value: str) -> str:
    return param(value, "tag") or ""
