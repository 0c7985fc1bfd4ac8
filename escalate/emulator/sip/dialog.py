"""What two sides of a call share (RFC 3261 section 12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from escalate.emulator.sip.digest import Keyring
from escalate.emulator.sip.message import Headers, Request, Response, uri_in
from escalate.emulator.sip.wire import Hop, hop_of

if TYPE_CHECKING:
    from escalate.emulator.sip.stack import Stack


@dataclass(slots=True)
class Dialog:
    """One dialog, with all that a request inside of it needs.

    Attributes:
        local: Our side's From or To, with its tag.
        remote: The other side's.
        target: Where the other side wants requests to (its Contact).
        routes: The proxies that want to see them, nearest first.
        source: Where the other side's message came from.
    """

    stack: Stack
    call_id: str
    local: str
    remote: str
    target: str
    routes: list[str]
    source: Hop
    sequence: int
    keyring: Keyring = field(default_factory=lambda: Keyring(None))

    @classmethod
    def of_answer(
        cls, stack: Stack, request: Request, response: Response, hop: Hop, keyring: Keyring
    ) -> Dialog:
        """Return the dialog that an answer to our INVITE began."""
        headers = response.headers
        return cls(
            stack=stack,
            call_id=headers.get("call-id"),
            local=headers.get("from"),
            remote=headers.get("to"),
            target=uri_in(headers.get("contact")) or request.uri,
            routes=headers.all("record-route")[::-1],
            source=hop,
            sequence=int(headers.get("cseq").split()[0]),
            keyring=keyring,
        )

    @classmethod
    def of_invite(cls, stack: Stack, request: Request, hop: Hop, tag: str) -> Dialog:
        """Return the dialog that our answer to an INVITE begins."""
        headers = request.headers
        return cls(
            stack=stack,
            call_id=headers.get("call-id"),
            local=f"{headers.get('to')};tag={tag}",
            remote=headers.get("from"),
            target=uri_in(headers.get("contact")),
            routes=headers.all("record-route"),
            source=hop,
            sequence=0,
        )

    @property
    def hop(self) -> Hop:
        """Where a request has to go first.

        A Contact may name a host that only its own side knows; such a request goes back to where
        the last one came from.
        """
        first = uri_in(self.routes[0]) if self.routes else self.target
        return hop_of(first) or self.source

    def request(self, method: str, body: bytes = b"") -> Request:
        """Make a request of the dialog; an ACK has the number of its INVITE."""
        if method != "ACK":
            self.sequence += 1
        headers = Headers()
        for route in self.routes:
            headers.add("Route", route)
        headers.add("Max-Forwards", "70")
        headers.add("From", self.local)
        headers.add("To", self.remote)
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", f"{self.sequence} {method}")
        headers.add("Contact", self.stack.contact(self.hop))
        headers.pairs += self.keyring.sign(method, self.target, body)
        if body:
            headers.add("Content-Type", "application/sdp")
        return Request(method, self.target, headers, body)
