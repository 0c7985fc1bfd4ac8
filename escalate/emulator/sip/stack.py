"""Who gets which SIP message: a transaction, a dialog, or a new call (RFC 3261, 12 and 17)."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from escalate.emulator.sip.message import VERSION, Headers, Message, Request, Response, param
from escalate.emulator.sip.trace import Trace
from escalate.emulator.sip.transaction import LINGER_S, T1_S, Transaction, cancellation
from escalate.emulator.sip.wire import LOOPBACK, Hop, Wire

if TYPE_CHECKING:
    from escalate.emulator.log import EventLog

_MAGIC: Final = "z9hG4bK"
METHODS: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REGISTER"
_AGENT: Final = "escalate local Plivo"
REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    603: "Decline",
}


class Party(Protocol):
    """One call's end of a dialog."""

    def take_in(self, request: Request, hop: Hop) -> None:
        """Take in a request of the dialog, or the CANCEL of the INVITE that may begin it."""


class Stack:
    """One SIP endpoint: the local Plivo's, or that of the telephones it calls."""

    def __init__(self, log: EventLog, *, name: str = "plivo", agent: str = _AGENT) -> None:
        """Every message is written to `log`; `name` and `agent` are how we call ourselves."""
        self._name = name
        self._agent = agent
        self.parties: dict[tuple[str, str], Party] = {}
        self.on_invite: Callable[[Request, Hop], None] = self._nobody_here
        self.on_register: Callable[[Request, Hop], None] = self._nobody_here
        self._trace = Trace(log)
        self._wire = Wire(self._receive, self._broken)
        self._transactions: dict[tuple[str, str], Transaction] = {}
        self._served: dict[tuple[str, str], tuple[Request, Response | None]] = {}
        self._repeats: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def open(self, port: int) -> None:
        """Listen on loopback.

        Raises:
            OSError: The port is taken.
        """
        await self._wire.open(port)

    async def close(self) -> None:
        """Stop to listen, and to send anything again."""
        for transaction in self._transactions.values():
            transaction.stop()
        for task in self._repeats.values():
            task.cancel()
        await self._wire.close()

    @property
    def address(self) -> str:
        """Host and port under which we are reached."""
        return f"{LOOPBACK}:{self._wire.port}"

    def contact(self, hop: Hop) -> str:
        """Return our Contact towards somebody."""
        transport = ";transport=tcp" if hop.transport == "tcp" else ""
        return f"<sip:{self._name}@{self.address}{transport}>"

    def owned(self, call_id: str, call: str, leg: str | None = None) -> None:
        """Write messages with this Call-ID to a call's log: the caller's, or those of a leg."""
        self._trace.owned(call_id, call, leg)

    def join(self, call_id: str, tag: str, party: Party) -> None:
        """Hand requests of this dialog to a party, until it leaves."""
        self.parties[call_id, tag] = party

    def leave(self, call_id: str) -> None:
        """Forget a call, once nothing of it can come any more."""
        loop = asyncio.get_running_loop()
        loop.call_later(LINGER_S, self._trace.forget, call_id)
        for key in [key for key in self.parties if key[0] == call_id]:
            loop.call_later(LINGER_S, self.parties.pop, key, None)

    def begin(self, request: Request, hop: Hop) -> Transaction:
        """Send a request as a transaction of its own."""
        branch = f"{_MAGIC}{secrets.token_hex(8)}"
        self._sign(request, hop, branch)
        key = branch, request.method
        transaction = self._transactions[key] = Transaction(request, hop, self._send)
        asyncio.get_running_loop().call_later(2 * LINGER_S, self._transactions.pop, key, None)
        return transaction

    def cancel(self, transaction: Transaction) -> Transaction:
        """Ask for the end of an INVITE that has had a provisional response (9.1)."""
        request = cancellation(transaction.request)
        key = _branch(request), "CANCEL"
        cancelling = Transaction(request, transaction.hop, self._send)
        self._transactions[key] = cancelling
        asyncio.get_running_loop().call_later(LINGER_S, self._transactions.pop, key, None)
        return cancelling

    def send_ack(self, request: Request, hop: Hop) -> Callable[[], None]:
        """Send the ACK of a success; returns what sends the same one again."""
        self._sign(request, hop, f"{_MAGIC}{secrets.token_hex(8)}")

        def again() -> None:
            self._send(request, hop)

        again()
        return again

    def respond(
        self,
        request: Request,
        hop: Hop,
        status: int,
        *,
        tag: str | None = None,
        more: list[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> None:
        """Answer a request; a final answer to an INVITE is repeated until it is acknowledged."""
        about_us = [("Server", self._agent), *(more or [])]
        response = _response(request, hop, status, tag, about_us, body)
        self._send(response, hop)
        key = _key(request)
        if key in self._served:
            self._served[key] = request, response
        if request.method == "INVITE" and status >= 200:
            self._repeats[key] = asyncio.create_task(self._repeat(key, response, hop))

    def acknowledged(self, request: Request) -> None:
        """Stop to repeat the answer that an ACK is for (its branch differs after a success)."""
        wanted = request.headers.get("call-id"), request.headers.get("cseq").split()[0]
        for key, (invite, _) in self._served.items():
            sequence = invite.headers.get("cseq").split()[0]
            if key[1] == "INVITE" and (invite.headers.get("call-id"), sequence) == wanted:
                if repeat := self._repeats.pop(key, None):
                    repeat.cancel()

    def _receive(self, message: Message, hop: Hop) -> None:
        self._trace.add("sip.received", message, hop)
        if isinstance(message, Response):
            method = message.headers.get("cseq").rpartition(" ")[2]
            if transaction := self._transactions.get((_branch(message), method)):
                transaction.receive(message)
            return
        if message.method == "ACK":
            self.acknowledged(message)
        elif self._is_repeated(message, hop):
            return
        self._hand_on(message, hop)

    def _is_repeated(self, request: Request, hop: Hop) -> bool:
        """Answer a request that came before as it was answered then (17.2)."""
        key = _key(request)
        if key in self._served:
            if response := self._served[key][1]:
                self._send(response, hop)
            return True
        self._served[key] = request, None
        asyncio.get_running_loop().call_later(LINGER_S, self._served.pop, key, None)
        return False

    def _hand_on(self, request: Request, hop: Hop) -> None:
        headers = request.headers
        call_id, tag = headers.get("call-id"), param(headers.get("to"), "tag")
        if request.method == "CANCEL":
            self._cancel(request, hop)
        elif party := self.parties.get((call_id, tag or "")):
            party.take_in(request, hop)
        elif request.method == "ACK":
            return
        elif tag:
            self.respond(request, hop, 481)
        elif request.method == "INVITE":
            self.on_invite(request, hop)
        elif request.method == "REGISTER":
            self.on_register(request, hop)
        elif request.method == "OPTIONS":
            self.respond(request, hop, 200, more=[("Allow", METHODS)])
        else:
            self.respond(request, hop, 405, more=[("Allow", METHODS)])

    def _cancel(self, request: Request, hop: Hop) -> None:
        """Tell whoever the cancelled INVITE was for (9.2)."""
        invite, _ = self._served.get((_branch(request), "INVITE"), (None, None))
        self.respond(request, hop, 200 if invite else 481)
        if invite is None:
            return
        for (call_id, _), party in list(self.parties.items()):
            if call_id == invite.headers.get("call-id"):
                party.take_in(request, hop)

    def _nobody_here(self, request: Request, hop: Hop) -> None:
        self.respond(request, hop, 404)

    async def _repeat(self, key: tuple[str, str], response: Response, hop: Hop) -> None:
        """Send a final answer to an INVITE until its ACK comes (13.3.1.4 and timer G)."""
        pause_s, waited_s = T1_S, 0.0
        while waited_s < LINGER_S:
            await asyncio.sleep(pause_s)
            self._send(response, hop)
            waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, 4.0)
        self._repeats.pop(key, None)

    def _broken(self, hop: Hop) -> None:
        for transaction in self._transactions.values():
            if transaction.hop == hop:
                transaction.broken()

    def _sign(self, request: Request, hop: Hop, branch: str) -> None:
        """Put our Via on top, and say who we are."""
        via = f"{VERSION}/{hop.transport.upper()} {self.address};rport;branch={branch}"
        request.headers.pairs.insert(0, ("Via", via))
        request.headers.add("User-Agent", self._agent)

    def _send(self, message: Message, hop: Hop) -> None:
        self._trace.add("sip.sent", message, hop)
        self._wire.send(message, hop)


def _branch(message: Message) -> str:
    return param(message.headers.get("via"), "branch") or ""


def _key(request: Request) -> tuple[str, str]:
    return _branch(request), request.method


def _response(
    request: Request,
    hop: Hop,
    status: int,
    tag: str | None,
    more: list[tuple[str, str]],
    body: bytes,
) -> Response:
    headers = Headers()
    first, *others = request.headers.all("via")
    # Where the request really came from (RFC 3581 section 4).
    seen = f";received={hop.host};rport={hop.port}"
    headers.add("Via", re.sub(r";rport(?=;|$)", seen, first))
    for via in others:
        headers.add("Via", via)
    headers.copy(request.headers, "Record-Route", "From")
    to = request.headers.get("to")
    headers.add("To", f"{to};tag={tag}" if tag and param(to, "tag") is None else to)
    headers.copy(request.headers, "Call-ID", "CSeq")
    headers.pairs += more
    if body:
        headers.add("Content-Type", "application/sdp")
    return Response(status, REASONS[status], headers, body)
