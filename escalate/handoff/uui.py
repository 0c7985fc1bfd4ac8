"""A context as User-to-User information (RFC 7433), in the forms that contact centres read.

The data are the octets of a JSON object with one-letter keys, in hex. RFC 7433 carries an octet in
front of it, the protocol discriminator of Q.931, in one of three ways, and a receiver reads one:

- `LEADING`: the octet stands first, `00...;encoding=hex`. Genesys Cloud strips it.
- `PARAMETER`: it stands behind, `...;encoding=hex;pd=00`.
- `BARE`: hex and nothing else, as Talkdesk wants it.

Genesys Cloud reads it from the Refer-To address alone, for which there is `in_refer_to`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from escalate.handoff.context import Context, shrink
from escalate.values import Trigger

# What an ISDN network in between would carry (RFC 7433, section 3.1).
LIMIT_OCTETS: Final = 128
_SMALLEST: Final = 32
_USER_SPECIFIC: Final = "00"  # the protocol discriminator of data that the two ends agree upon
_OPENING: Final = ord("{")


class UuiForm(StrEnum):
    """Where the protocol discriminator stands."""

    LEADING = "leading"
    PARAMETER = "parameter"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class PackedUui:
    """The value of a User-to-User header, the context that it holds, and what found no room."""

    value: str = field(repr=False)
    kept: Context
    dropped: Mapping[str, str] = field(repr=False)


def to_uui(
    context: Context, *, form: UuiForm = UuiForm.LEADING, limit_octets: int = LIMIT_OCTETS
) -> PackedUui:
    """Return `context` as the value of a User-to-User header of at most `limit_octets` of data.

    Raises:
        ValueError: The limit leaves no room for anything.
    """
    if limit_octets < _SMALLEST:
        raise ValueError(f"User-to-User data needs at least {_SMALLEST} octets")
    # The discriminator takes one of them.
    shrunk = shrink(context, lambda part: len(_octets(part)) < limit_octets)
    data = _octets(shrunk.kept).hex()
    value = {
        UuiForm.LEADING: f"{_USER_SPECIFIC}{data};encoding=hex",
        UuiForm.PARAMETER: f"{data};encoding=hex;pd={_USER_SPECIFIC}",
        UuiForm.BARE: data,
    }[form]
    return PackedUui(value, shrunk.kept, shrunk.dropped)


def read_uui(value: str) -> Context:
    """Return the context in the value of a User-to-User header, whatever its form.

    Raises:
        ValueError: It holds none.
    """
    octets = bytes.fromhex(value.partition(";")[0].strip())
    if octets[:1] and octets[0] != _OPENING:
        octets = octets[1:]
    try:
        data = json.loads(octets.decode("utf-8", "surrogatepass"))
        return _context(data)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("this User-to-User value holds no context") from None


def in_refer_to(address: str, value: str) -> str:
    """Return a SIP address to refer to that carries the User-to-User `value` as a header.

    The "?" part of a SIP URI names headers of the request it leads to (RFC 3261 19.1.1).
    """
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}User-to-User={quote(value, safe='')}"


def _octets(context: Context) -> bytes:
    held: dict[str, Any] = {
        "c": context.call_uuid,
        "t": context.trigger.value,
        "u": context.link,
        "r": context.reason,
        "l": context.language,
        "i": list(context.identifiers),
        "s": context.summary,
    }
    held = {key: value for key, value in held.items() if value}
    text = json.dumps(held, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _context(data: Mapping[str, Any]) -> Context:
    return Context(
        call_uuid=str(data.get("c", "")),
        trigger=Trigger(data["t"]),
        link=str(data.get("u", "")),
        reason=str(data.get("r", "")),
        language=str(data.get("l", "")),
        identifiers=tuple(map(str, data.get("i", ()))),
        summary=str(data.get("s", "")),
    )
