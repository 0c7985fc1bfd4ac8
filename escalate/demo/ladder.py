"""From an event of the local Plivo's log to arrows between the parties, as in a ladder diagram."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from escalate.demo.details import document_of, exchange_of, message_of, told_in
from escalate.demo.narrator import Sentence, Weight, Who
from escalate.demo.record import Event

_ARROWS: Final[Mapping[str, tuple[Who, Who]]] = {
    "call.started": (Who.CALLER, Who.PLIVO),
    "caller.digit": (Who.CALLER, Who.PLIVO),
    "stream.opened": (Who.PLIVO, Who.BOT),
    "stream.failed": (Who.PLIVO, Who.BOT),
    "stream.cleared": (Who.BOT, Who.PLIVO),
    "leg.dialed": (Who.PLIVO, Who.HUMAN),
    "leg.challenged": (Who.HUMAN, Who.PLIVO),
    "leg.ringing": (Who.HUMAN, Who.PLIVO),
    "leg.answered": (Who.HUMAN, Who.PLIVO),
    "leg.digit": (Who.HUMAN, Who.PLIVO),
    "leg.bridged": (Who.CALLER, Who.HUMAN),
    "leg.unbridged": (Who.CALLER, Who.HUMAN),
    "leg.ended": (Who.HUMAN, Who.PLIVO),
}
# Of what a callback says, that which tells it from the others.
_TELLING: Final = ("DialAction", "ConferenceAction", "Digits", "Speech", "Event", "CallStatus")

# Which call and which escalation: there is one of each in a ladder, as a rule.
_IDS: Final = re.compile(r"^calls/[^/]+/|(?<=escalations)/[^/]+")


@dataclass(frozen=True, slots=True)
class Rung:
    """Something went from one party to another; `detail` is what it was, in full."""

    sender: Who
    receiver: Who
    label: str
    weight: Weight = Weight.PLAIN
    detail: str | None = None


def rungs(event: Event, sentence: Sentence | None) -> tuple[Rung, ...]:
    """Return the arrows of an event; `sentence` is what the narrator says about it."""
    match event["kind"]:
        case "fetch":
            return tuple(_fetched(event, sentence))
        case "rest":
            return (_asked(event, sentence),)
        case "sip.sent" | "sip.received":
            return (_sip(event),)
        case "stream.closed" | "call.ended" if sentence is not None:
            return (_ended(event, sentence),)
    arrow = _ARROWS.get(event["kind"])
    if arrow is None or sentence is None:
        return ()
    return (Rung(*arrow, sentence.text, sentence.weight),)


def _sip(event: Event) -> Rung:
    """A message to or from a telephone: a human's, if it is of a leg, and else the caller's."""
    phone = Who.HUMAN if "leg" in event else Who.CALLER
    first, rest = event["line"].split(" ", 1)
    label = first
    if first == "INVITE":
        label += f" {rest.removesuffix(' SIP/2.0')}"
    elif first == "SIP/2.0":
        label = f"{rest} ({event['cseq'].rpartition(' ')[2]})"
    ends = (Who.PLIVO, phone) if event["kind"] == "sip.sent" else (phone, Who.PLIVO)
    return Rung(*ends, f"SIP {label}", Weight.QUIET, message_of(event))


def _fetched(event: Event, sentence: Sentence | None) -> list[Rung]:
    """The carrier's request, and the document that it was answered with."""
    failed = "error" in event or event["status"] >= 400
    told = told_in(event)
    telling = next((str(told[key]) for key in _TELLING if key in told), "")
    where = _IDS.sub("", urlsplit(event["url"]).path.rpartition("/escalate/")[2].lstrip("/"))
    ended = event.get("error") or event["status"]
    label = f"{event['method']} /{where} {telling}".rstrip() + f": {ended}"
    weight = Weight.TROUBLE if failed else Weight.QUIET
    asked = Rung(Who.PLIVO, Who.APP, label, weight, exchange_of(event))
    document = document_of(event)
    if document is None or failed:
        return [asked]
    text = sentence.text if sentence is not None else "answers"
    return [asked, Rung(Who.APP, Who.PLIVO, text, Weight.PLAIN, document)]


def _asked(event: Event, sentence: Sentence | None) -> Rung:
    weight = sentence.weight if sentence is not None else Weight.QUIET
    sender = sentence.who if sentence is not None else Who.APP
    text = sentence.text if sentence is not None else f"{event['method']}: {event['status']}"
    return Rung(sender, Who.PLIVO, text, weight, exchange_of(event))


def _ended(event: Event, sentence: Sentence) -> Rung:
    """Whoever ended it tells the carrier, or the carrier tells the caller."""
    receiver = Who.CALLER if sentence.who is Who.PLIVO else Who.PLIVO
    if event["kind"] == "stream.closed" and sentence.who is Who.PLIVO:
        receiver = Who.BOT
    return Rung(sentence.who, receiver, sentence.text, sentence.weight)
