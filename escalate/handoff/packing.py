"""In which form a context travels as SIP headers beside those that a destination has anyway.

Plivo's `sipHeaders` know letters, digits and "%" alone, so User-to-User information has no hyphens
in its name and its punctuation escaped: it arrives as `X-PH-Usertouser`, or as `X-Usertouser` where
Plivo sends headers raw, for a session border controller to put into `User-to-User` (RFC 7433)
unescaped. As one header holds little, the id of the call stands in its own beside it, as it does
among the headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from escalate.handoff.context import Context
from escalate.handoff.headers import (
    LIMIT_BYTES,
    LIMIT_HEADERS,
    VALUE_LENGTH,
    encode,
    to_headers,
    wire_bytes,
)
from escalate.handoff.uui import UuiForm, to_uui

UUI_HEADER: Final = "UserToUser"
CALL_HEADER: Final = "CtxCall"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class ContextForm(StrEnum):
    """How a destination is told about the call."""

    HEADERS = "headers"  # a header for each field, `CtxCall` and so on
    UUI_LEADING = "uui-leading"
    UUI_PARAMETER = "uui-parameter"
    UUI_BARE = "uui-bare"
    NONE = "none"


_UUI: Final = {
    ContextForm.UUI_LEADING: UuiForm.LEADING,
    ContextForm.UUI_PARAMETER: UuiForm.PARAMETER,
    ContextForm.UUI_BARE: UuiForm.BARE,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """All headers of a call to a human, and the fields of the context that found no room."""

    headers: Mapping[str, str] = field(repr=False)
    dropped: tuple[str, ...] = ()


def pack(context: Context, form: ContextForm, *, beside: Mapping[str, str] = _NONE) -> Sent:
    """Return `context` in `form`, with the headers `beside` it, which come first.

    Raises:
        ValueError: They leave no room for it.
    """
    if form is ContextForm.NONE:
        return Sent(dict(beside))
    if form is ContextForm.HEADERS:
        packed = to_headers(
            context,
            limit_bytes=LIMIT_BYTES - wire_bytes(beside),
            limit_headers=LIMIT_HEADERS - len(beside),
        )
        ours, dropped = packed.headers, packed.dropped
    else:
        ours, dropped = _as_uui(context, _UUI[form])
    # Names differ on the wire in more than their case, or one of the two would be lost.
    taken = {name.lower() for name in beside}
    free = {name: value for name, value in ours.items() if name.lower() not in taken}
    return Sent({**beside, **free}, tuple(dropped))


def _as_uui(context: Context, form: UuiForm) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return as much User-to-User data as one header holds."""
    call = {CALL_HEADER: encode(context.call_uuid)}
    if 0 < len(call[CALL_HEADER]) <= VALUE_LENGTH:
        context = replace(context, call_uuid="")
    else:
        call = {}
    _, mark, parameters = to_uui(context, form=form).value.partition(";")
    room = VALUE_LENGTH - len(encode(mark + parameters))
    packed = to_uui(context, form=form, limit_octets=room // len("ff"))
    return {**call, UUI_HEADER: encode(packed.value)}, packed.dropped
