"""SIP over UDP and TCP on one port of loopback (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from escalate.emulator.sip.message import (
    LONGEST,
    Message,
    Unreadable,
    Uri,
    decode,
    encode,
    read_uri,
    take,
)

LOOPBACK: Final = "127.0.0.1"
_DEFAULT_PORT: Final = 5060
_CONNECT_S: Final = 2.0
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a message goes to or came from."""

    transport: str
    host: str
    port: int

    def __str__(self) -> str:
        """Write it as it stands in the log."""
        return f"{self.transport}:{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host == "localhost" or (host.startswith("127.") and host.count(".") == 3)


def hop_to(uri: Uri) -> Hop | None:
    """Return where a URI leads; None for anything but this machine, and for TLS."""
    transport = uri.params.get("transport", "udp").lower()
    if not is_loopback(uri.host) or transport not in ("udp", "tcp"):
        return None
    host = LOOPBACK if uri.host == "localhost" else uri.host
    return Hop(transport, host, uri.port or _DEFAULT_PORT)


def hop_of(text: str) -> Hop | None:
    """Return where the text of a URI leads, if it is one and leads to this machine."""
    try:
        return hop_to(read_uri(text))
    except Unreadable:
        return None


Receive = Callable[[Message, Hop], None]
Broken = Callable[[Hop], None]


class Wire:
    """Sends and receives whole messages; nobody beyond this machine is ever reached."""

    def __init__(self, receive: Receive, broken: Broken) -> None:
        self.port = 0
        self._receive = receive
        self._broken = broken
        self._udp: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._streams: dict[Hop, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> None:
        """Listen for both on one port; 0 is any that is free.

        Raises:
            OSError: The port is taken.
        """
        for tries_left in reversed(range(_TRIES)):
            self._server = await asyncio.start_server(self._serve, LOOPBACK, port)
            self.port = self._server.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self._take_in), local_addr=(LOOPBACK, self.port)
                )
            except OSError:
                # A port that is free for TCP may be taken for UDP.
                self._server.close()
                if port or not tries_left:
                    raise
            else:
                return

    def send(self, message: Message, hop: Hop) -> None:
        """Send a message, over the connection that is there or a new one."""
        data = encode(message)
        if hop.transport == "udp":
            if self._udp and not self._udp.is_closing():
                self._udp.sendto(data, (hop.host, hop.port))
        elif writer := self._streams.get(hop):
            writer.write(data)
        else:
            self._start(self._connect(hop, data))

    async def close(self) -> None:
        """Let go of the port and of every connection."""
        if self._udp:
            self._udp.close()
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, hop: Hop, first: bytes) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(hop.host, hop.port)
        except (OSError, TimeoutError):
            self._broken(hop)
            return
        writer.write(first)
        await self._read(hop, reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = writer.get_extra_info("peername")
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await self._read(Hop("tcp", host, port), reader, writer)

    async def _read(
        self, hop: Hop, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read messages until the connection ends."""
        if tcp := writer.get_extra_info("socket"):
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._streams[hop] = writer
        buffer = bytearray()
        try:
            while data := await reader.read(LONGEST):
                buffer += data
                while (message := take(buffer)) is not None:
                    self._take_in(message, hop)
        except (OSError, Unreadable):
            pass
        finally:
            self._streams.pop(hop, None)
            writer.transport.abort()

    def _take_in(self, data: bytes, hop: Hop) -> None:
        # What is no SIP, such as the empty datagrams that keep a path open, is nobody's fault.
        with contextlib.suppress(Unreadable):
            self._receive(decode(data), hop)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take_in: Callable[[bytes, Hop], None]) -> None:
        self._take_in = take_in

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take_in(data, Hop("udp", addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """Leave it to the time-outs: not every system tells."""
