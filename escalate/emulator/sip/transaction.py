"""One request and the responses to it (RFC 3261 section 17.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from escalate.emulator.sip.message import Headers, Request, Response

if TYPE_CHECKING:
    from escalate.emulator.sip.wire import Hop

T1_S: Final = 0.5
T2_S: Final = 4.0
# 64 * T1: how long a response may still be repeated (timers D and H).
LINGER_S: Final = 32.0

Send = Callable[[Request, "Hop"], None]


class Unreachable(Exception):
    """Nobody accepts a connection there."""


class Transaction:
    """A request that was sent; repeated over UDP until something comes back."""

    def __init__(self, request: Request, hop: Hop, send: Send) -> None:
        self.request = request
        self.hop = hop
        self.on_repeated_success: Callable[[Response], None] = lambda response: None
        self._send = send
        self._news: asyncio.Queue[Response | Unreachable | None] = asyncio.Queue()
        self._succeeded = False
        send(request, hop)
        self._repeating = asyncio.create_task(self._repeat())

    async def next(self, within_s: float | None) -> Response | None:
        """Return the next response, or None when somebody wants the waiting to be thought over.

        Raises:
            TimeoutError: Nothing came within this time.
            Unreachable: There is nobody to send to.
        """
        async with asyncio.timeout(within_s):
            news = await self._news.get()
        if isinstance(news, Unreachable):
            raise news
        return news

    async def final(self, within_s: float) -> Response:
        """Return the final response.

        Raises:
            TimeoutError: None came within this time.
            Unreachable: There is nobody to send to.
        """
        async with asyncio.timeout(within_s):
            while True:
                response = await self.next(None)
                if response is not None and response.status >= 200:
                    return response

    def think_over(self) -> None:
        """Wake whoever waits for a response."""
        self._news.put_nowait(None)

    def receive(self, response: Response) -> None:
        """Take in a response; the final ones to an INVITE are acknowledged, each time."""
        self.stop()
        if self.request.method == "INVITE" and response.status >= 300:
            self._send(acknowledgement(self.request, response), self.hop)
        if 200 <= response.status < 300 and self.request.method == "INVITE":
            if self._succeeded:
                self.on_repeated_success(response)
                return
            self._succeeded = True
        self._news.put_nowait(response)

    def broken(self) -> None:
        """Note that the connection could not be made."""
        self.stop()
        self._news.put_nowait(Unreachable())

    def stop(self) -> None:
        """Send the request no more."""
        self._repeating.cancel()

    async def _repeat(self) -> None:
        """Send again and again, ever more seldom (timers A, B, E and F)."""
        pause_s, waited_s = T1_S, 0.0
        while self.hop.transport == "udp" and waited_s < LINGER_S:
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            self._send(self.request, self.hop)
            limit_s = LINGER_S if self.request.method == "INVITE" else T2_S
            pause_s = min(2 * pause_s, limit_s)


def acknowledgement(request: Request, response: Response) -> Request:
    """Return the ACK of a failure, which belongs to its INVITE's transaction (17.1.1.3)."""
    headers = _same(request, "ACK")
    headers.add("To", response.headers.get("to"))
    return Request("ACK", request.uri, headers)


def cancellation(request: Request) -> Request:
    """Return the CANCEL of an INVITE (9.1)."""
    headers = _same(request, "CANCEL")
    headers.copy(request.headers, "To")
    return Request("CANCEL", request.uri, headers)


def _same(request: Request, method: str) -> Headers:
    headers = Headers()
    headers.add("Via", request.headers.get("via"))
    headers.copy(request.headers, "Route", "From", "Call-ID")
    headers.add("CSeq", f"{request.headers.get('cseq').split()[0]} {method}")
    headers.add("Max-Forwards", "70")
    return headers
