"""SIP messages as text (RFC 3261 sections 7, 18.3, 20 and 25)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

VERSION: Final = "SIP/2.0"
LONGEST: Final = 64 * 1024
_END: Final = b"\r\n\r\n"
# The short names of section 7.3.3 that carry something we read.
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
}
_NEEDED: Final = ("via", "from", "to", "call-id")
_CSEQ: Final = re.compile(r"\d{1,10} [A-Z]+\Z")
_LISTS: Final = frozenset({"via", "route", "record-route", "contact"})
# A comma outside of quotes and angle brackets (section 7.3.1).
_COMMA: Final = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)(?![^<]*>)')
_ADDRESS: Final = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|[^<"]*)\s*<([^>]*)>(.*)\Z', re.DOTALL)
_URI: Final = re.compile(r"sips?:(?:([^@]*)@)?(\[[^\]]*\]|[^:;?]+)(?::(\d{1,5}))?(.*)\Z", re.I)


class Unreadable(ValueError):
    """These bytes are not a SIP message."""


@dataclass(slots=True)
class Headers:
    """The header fields of a message in their order; names are found in any case."""

    pairs: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a name."""
        return next(iter(self.all(name)), default)

    def all(self, name: str) -> list[str]:
        """Return every value of a name, lists taken apart."""
        wanted = name.lower()
        found = [value for key, value in self.pairs if _full(key) == wanted]
        if wanted in _LISTS:
            return [part.strip() for value in found for part in _COMMA.split(value)]
        return found

    def add(self, name: str, value: str) -> None:
        """Append a field."""
        self.pairs.append((name, value))

    def copy(self, source: Headers, *names: str) -> None:
        """Append the fields of these names from another message."""
        for name in names:
            self.pairs += [(name, value) for value in source.all(name)]

    def without(self, *names: str) -> Headers:
        """Return the fields that have none of these names."""
        unwanted = {name.lower() for name in names}
        return Headers([pair for pair in self.pairs if _full(pair[0]) not in unwanted])

    def starting_with(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the fields whose names begin like this."""
        return (pair for pair in self.pairs if pair[0].lower().startswith(prefix.lower()))


@dataclass(slots=True)
class Request:
    """A request."""

    method: str
    uri: str
    headers: Headers
    body: bytes = b""

    @property
    def first_line(self) -> str:
        """The request line."""
        return f"{self.method} {self.uri} {VERSION}"


@dataclass(slots=True)
class Response:
    """A response."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    @property
    def first_line(self) -> str:
        """The status line."""
        return f"{VERSION} {self.status} {self.reason}"


Message = Request | Response


@dataclass(frozen=True, slots=True)
class Uri:
    """The parts of a SIP URI that say where to send to."""

    user: str
    host: str
    port: int | None
    params: dict[str, str]


def encode(message: Message) -> bytes:
    """Return a message as bytes, with the length of its body."""
    headers = message.headers.without("Content-Length")
    headers.add("Content-Length", str(len(message.body)))
    lines = [message.first_line, *(f"{name}: {value}" for name, value in headers.pairs)]
    return "\r\n".join(lines).encode() + _END + message.body


def decode(data: bytes) -> Message:
    """Read one message.

    Raises:
        Unreadable: It is none.
    """
    head, end, body = data.lstrip(b"\r\n").partition(_END)
    if not end:
        raise Unreadable("the headers have no end")
    # Lines that begin with white space go on with the one before (section 7.3.1).
    text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace"))
    first, *lines = text.split("\r\n")
    headers = Headers([_pair(line) for line in lines])
    if not (all(map(headers.get, _NEEDED)) and _CSEQ.match(headers.get("cseq"))):
        raise Unreadable("a header field that every message has is missing")
    length = headers.get("content-length")
    if length.isdigit():
        body = body[: int(length)]
    return _message(first, headers, body)


def take(buffer: bytearray) -> bytes | None:
    """Cut the next message off a stream (section 18.3); None when it is not complete.

    Raises:
        Unreadable: It is longer than we read, or does not say how long it is.
    """
    # Empty lines between messages keep a connection alive.
    while buffer[:2] == b"\r\n":
        del buffer[:2]
    end = buffer.find(_END)
    if end < 0:
        if len(buffer) > LONGEST:
            raise Unreadable("the headers are too long")
        return None
    found = re.search(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$", buffer[:end])
    if not found or int(found[1]) > LONGEST:
        raise Unreadable("it does not say how long it is, or is too long")
    total = end + len(_END) + int(found[1])
    if len(buffer) < total:
        return None
    message = bytes(buffer[:total])
    del buffer[:total]
    return message


def uri_in(value: str) -> str:
    """Return the URI of a From, To, Contact or Route."""
    found = _ADDRESS.match(value)
    return found[1] if found else value.partition(";")[0].strip()


def param(value: str, name: str) -> str | None:
    """Return a parameter of a header field, such as the tag of a From."""
    found = _ADDRESS.match(value)
    tail = found[2] if found else value.partition(";")[2]
    return _params(tail).get(name)


def read_uri(text: str) -> Uri:
    """Read a SIP URI.

    Raises:
        Unreadable: It is none.
    """
    found = _URI.match(text.strip())
    if not found:
        raise Unreadable("not a SIP URI")
    user, host, port, tail = found.groups()
    params = _params(tail.partition("?")[0])
    return Uri(user or "", host.lower(), int(port) if port else None, params)


def _message(first: str, headers: Headers, body: bytes) -> Message:
    words = first.split(" ", 2)
    if len(words) < 2:
        raise Unreadable("the first line is incomplete")
    if words[0].upper() == VERSION:
        if not (words[1].isdigit() and len(words[1]) == 3):
            raise Unreadable("the status is not a number")
        return Response(int(words[1]), words[2] if len(words) > 2 else "", headers, body)
    if len(words) != 3 or words[2].upper() != VERSION:
        raise Unreadable("neither a request nor a response")
    return Request(words[0], words[1], headers, body)


def _pair(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise Unreadable("a header field has no name")
    return name.strip(), value.strip()


def _full(name: str) -> str:
    lower = name.lower()
    return _COMPACT.get(lower, lower)


def _params(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
