"""A context as SIP headers that Plivo carries, and back again.

Plivo sends a header only when its name has at most 24 letters and digits and its value at most 120
characters out of A-Z, a-z, 0-9 and "%"; every other it drops without a word (Dial XML page and the
support article on custom headers). The encoding:

- A value is the UTF-8 text with every byte that is no ASCII letter or digit written as "%XX".
- A value longer than 120 goes on in a header of the same name with 2, 3, ... behind it. No
  escape and no character is torn apart, so each part can be read alone.
- `CtxCall`, `CtxTrigger`, `CtxReason`, `CtxLanguage`, `CtxLink` and `CtxSummary` hold a field
  each; `CtxIdA`, `CtxIdB`, ... an identifier each.
- `CtxCheck` is the CRC-32 of all of them, so that a lost header does not go unnoticed.

On the wire the names arrive as `X-PH-Ctxcall`, or `X-CtxCall` where Plivo sends headers raw (the
caller's own leg used SIP authentication); `read_headers` takes either, in any case.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Final

from escalate.handoff.context import Context, shrink
from escalate.values import Trigger

VALUE_LENGTH: Final = 120
_LONGEST_PREFIX: Final = 12
# As an INVITE over UDP has to stay below 1,300 bytes (RFC 3261 18.1.1), and needs most for itself.
LIMIT_BYTES: Final = 900
LIMIT_HEADERS: Final = 16
_SMALLEST: Final = 100  # what a trigger and the check need at most, with the longest prefix
# Of the names that Plivo drops, those that can be had with letters and digits alone.
_RESERVED: Final = ("plivo", "sipauth", "twilio")
_IDENTIFIERS: Final = len(ascii_uppercase)
_WIRE: Final = re.compile(r"\A(?:x-ph-|x-)?", re.IGNORECASE)
_ESCAPES: Final = [chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02X}" for b in range(256)]


@dataclass(frozen=True, slots=True)
class Packed:
    """Headers ready for `sipHeaders`, the context that they hold, and what found no room."""

    headers: Mapping[str, str] = field(repr=False)
    kept: Context
    dropped: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """A context read from headers. `intact` is false when a header was lost or changed."""

    context: Context
    intact: bool


def to_headers(
    context: Context,
    *,
    prefix: str = "Ctx",
    limit_bytes: int = LIMIT_BYTES,
    limit_headers: int = LIMIT_HEADERS,
) -> Packed:
    """Return `context` as headers, shortened until all of them fit.

    `limit_bytes` bounds what they take up in the SIP message, `limit_headers` how many they are.

    Raises:
        ValueError: The prefix would make Plivo drop the headers, or the limits leave no room.
    """
    _check_prefix(prefix)
    if limit_bytes < _SMALLEST or limit_headers < 2:
        raise ValueError(f"headers need at least {_SMALLEST} bytes and 2 headers")

    def fits(part: Context) -> bool:
        if len(part.identifiers) > _IDENTIFIERS:
            return False
        headers = _headers(part, prefix)
        return len(headers) <= limit_headers and wire_bytes(headers) <= limit_bytes

    shrunk = shrink(context, fits)
    return Packed(_headers(shrunk.kept, prefix), shrunk.kept, shrunk.dropped)


def read_headers(headers: Mapping[str, str], *, prefix: str = "Ctx") -> Received:
    """Return the context in `headers`, whether named as sent or as they arrive.

    Raises:
        ValueError: There is none, or its trigger is not known.
    """
    found = {_WIRE.sub("", name).lower(): value for name, value in headers.items()}
    start = prefix.lower()
    ours = {name[len(start) :]: value for name, value in found.items() if name.startswith(start)}
    if "trigger" not in ours:
        raise ValueError(f"no header {prefix}Trigger: these headers hold no context")
    check = ours.pop("check", None)
    letters = (letter for letter in ascii_uppercase.lower() if f"id{letter}" in ours)
    context = Context(
        call_uuid=_joined(ours, "call"),
        trigger=Trigger(decode(ours["trigger"])),
        reason=_joined(ours, "reason"),
        language=_joined(ours, "language"),
        summary=_joined(ours, "summary"),
        identifiers=tuple(_joined(ours, f"id{letter}") for letter in letters),
        link=_joined(ours, "link"),
    )
    return Received(context, check == _checksum(ours))


def encode(text: str) -> str:
    """Return `text` in letters, digits and percent signs."""
    return "".join(_ESCAPES[byte] for byte in text.encode("utf-8", "surrogatepass"))


def decode(value: str) -> str:
    """Return the text that `encode` made `value` of; what is no escape stands for itself."""
    parts = re.split("%([0-9A-Fa-f]{2})", value)
    data = b"".join(
        bytes.fromhex(part) if place % 2 else part.encode("utf-8", "surrogatepass")
        for place, part in enumerate(parts)
    )
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def wire_bytes(headers: Mapping[str, str]) -> int:
    """Return what `headers` take up in a SIP message, as `X-PH-<name>: <value>` lines."""
    return sum(len(f"X-PH-{name}: {value}\r\n") for name, value in headers.items())


def _headers(context: Context, prefix: str) -> dict[str, str]:
    held = {prefix + name: part for name, part in _parts(context)}
    bare = {name[len(prefix) :].lower(): value for name, value in held.items()}
    return {**held, f"{prefix}Check": _checksum(bare)}


def _parts(context: Context) -> Iterator[tuple[str, str]]:
    yield from _chunks("Call", context.call_uuid)
    yield "Trigger", encode(context.trigger.value)
    yield from _chunks("Link", context.link)
    yield from _chunks("Reason", context.reason)
    yield from _chunks("Language", context.language)
    # Letters tell identifiers apart, because digits tell the parts of one.
    for letter, identifier in zip(ascii_uppercase, context.identifiers, strict=False):
        yield from _chunks(f"Id{letter}", identifier)
    yield from _chunks("Summary", context.summary)


def _chunks(name: str, text: str) -> Iterator[tuple[str, str]]:
    value, number, start = encode(text), 1, 0
    while start < len(value):
        end = _last_cut(value, start + VALUE_LENGTH)
        yield _numbered(name, number), value[start:end]
        number, start = number + 1, end


def _last_cut(value: str, end: int) -> int:
    """Return the last place up to `end` where neither an escape nor a character is torn apart."""
    if end >= len(value):
        return len(value)
    # An octet of 80 to BF goes on with a character that began before.
    while "%" in value[end - 2 : end] or (value[end] == "%" and value[end + 1] in "89AB"):
        end -= 1
    return end


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"


def _joined(ours: Mapping[str, str], name: str) -> str:
    value, number = "", 1
    while part := ours.get(_numbered(name, number)):
        value, number = value + part, number + 1
    return decode(value)


def _checksum(bare: Mapping[str, str]) -> str:
    lines = "\n".join(f"{name}={value}" for name, value in sorted(bare.items()))
    return f"{zlib.crc32(lines.encode()):08x}"


def _check_prefix(prefix: str) -> None:
    if not re.fullmatch(f"[A-Za-z][A-Za-z0-9]{{0,{_LONGEST_PREFIX - 1}}}", prefix):
        raise ValueError(f"a header prefix has 1 to {_LONGEST_PREFIX} letters and digits")
    if prefix.lower().startswith(_RESERVED):
        raise ValueError("this header prefix is reserved, and Plivo would drop the headers")
