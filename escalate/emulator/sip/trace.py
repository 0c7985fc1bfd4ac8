"""What the log says about SIP: every message under the call it belongs to, without its body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from escalate.emulator.masking import MASK
from escalate.emulator.sip.message import Message, Request, Response, param

if TYPE_CHECKING:
    from escalate.emulator.log import EventLog
    from escalate.emulator.sip.wire import Hop

# Whoever has it can guess at the password for as long as he likes.
_RESPONSE: Final = re.compile(r'(?<=\bresponse=)("[^"]*"|[^\s,]*)')


class Trace:
    """Writes messages to the log. Those of a human's leg say so, and those of a caller do not."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._owners: dict[str, dict[str, str]] = {}
        # A caller's INVITE, until it has been refused or has become a call.
        self._unclaimed: dict[str, list[tuple[str, dict[str, Any]]]] = {}

    def owned(self, call_id: str, call: str, leg: str | None = None) -> None:
        """Write messages with this Call-ID to a call's log, what came before included."""
        self._owners[call_id] = {"call": call, "leg": leg} if leg else {"call": call}
        self._claim(call_id)

    def forget(self, call_id: str) -> None:
        """Write what comes late to nobody's log."""
        self._owners.pop(call_id, None)

    def add(self, kind: str, message: Message, hop: Hop) -> None:
        """Write one message."""
        call_id = message.headers.get("call-id")
        if call_id not in self._owners and _opens(message):
            self._unclaimed.setdefault(call_id, [])
        told: dict[str, Any] = {
            "line": message.first_line,
            "cseq": message.headers.get("cseq"),
            "peer": str(hop),
            "headers": [[name, _masked(name, value)] for name, value in message.headers.pairs],
        }
        if call_id in self._unclaimed:
            self._unclaimed[call_id].append((kind, told))
            if isinstance(message, Response) and message.status >= 200:
                self._claim(call_id)
        else:
            self._log.add(kind, **self._owners.get(call_id, {}), **told)

    def _claim(self, call_id: str) -> None:
        for kind, told in self._unclaimed.pop(call_id, ()):
            self._log.add(kind, **self._owners.get(call_id, {}), **told)


def _opens(message: Message) -> bool:
    """Whether it is an INVITE that is of no dialog yet."""
    if not isinstance(message, Request) or message.method != "INVITE":
        return False
    return param(message.headers.get("to"), "tag") is None


def _masked(name: str, value: str) -> str:
    """Return a field's value without what proves that the password is known."""
    return _RESPONSE.sub(MASK, value) if name.lower().endswith("authorization") else value
