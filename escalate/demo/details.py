"""The exchange behind an event of the local Plivo's log: request, answer and document, in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree

from escalate.demo.record import Event

# What every callback of a call repeats.
_ALWAYS_TOLD: Final = frozenset(
    {
        *("CallUUID", "From", "To", "CallerName", "CallStatus", "Direction", "SessionStart"),
        *("BillRate", "ParentAuthID", "DialALegUUID", "DialBLegFrom", "StreamID", "Timestamp"),
    }
)
# What of a SIP message the protocol does not need for itself.
_SAYS_MORE: Final = ("authorization", "proxy-auth", "www-auth", "x-ph-", "user-to-user")


def details(event: Event) -> str | None:
    """Return request, answer and document as text, for `--verbose`; None where there is none."""
    parts = (exchange_of(event), document_of(event), _sip_in_short(event))
    return "\n".join(part for part in parts if part) or None


def exchange_of(event: Event) -> str | None:
    """Return what was asked and with which status it was answered."""
    if event["kind"] == "rest":
        asked = f"{event['method']} {event['path']} {_pairs(event.get('body'))}".rstrip()
        return f"{asked}\n{event['status']} {_pairs(event.get('response'))}".rstrip()
    if event["kind"] != "fetch":
        return None
    answer = event.get("error") or event["status"]
    return f"{event['method']} {event['url']}\n  {_pairs(told_in(event))}\n{answer}"


def message_of(event: Event) -> str:
    """Return a SIP message without its body, and whom it went to or came from."""
    way = "to" if event["kind"] == "sip.sent" else "from"
    fields = (f"{name}: {value}" for name, value in event["headers"])
    return "\n".join([f"{way} {event['peer']}", event["line"], *fields])


def document_of(event: Event) -> str | None:
    """Return the document that was answered, indented."""
    return _pretty(event["xml"]) if "xml" in event else None


def told_in(event: Event) -> Mapping[str, Any]:
    """Return what a callback says beside what every callback repeats."""
    return {key: value for key, value in event["params"].items() if key not in _ALWAYS_TOLD}


def _sip_in_short(event: Event) -> str | None:
    if not event["kind"].startswith("sip."):
        return None
    way = ">" if event["kind"] == "sip.sent" else "<"
    told = (pair for pair in event["headers"] if pair[0].lower().startswith(_SAYS_MORE))
    return "\n".join([f"{way} {event['line']}", *(f"  {name}: {value}" for name, value in told)])


def _pretty(xml: str) -> str:
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return xml
    ElementTree.indent(root)
    return str(ElementTree.tostring(root, encoding="unicode"))


def _pairs(fields: Any) -> str:
    if not isinstance(fields, Mapping):
        return str(fields or "")
    return " ".join(f"{key}={value}" for key, value in fields.items())
