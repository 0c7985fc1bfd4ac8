"""From an event of the local Plivo's log to one sentence about one party; knows no terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree

from escalate.demo.record import Event, is_humans_own


class Who(StrEnum):
    """The parties of a call, as a reader sees them. `app` is escalate answering Plivo."""

    CALLER = "caller"
    BOT = "bot"
    PLIVO = "Plivo"
    HUMAN = "human"
    APP = "app"


class Weight(StrEnum):
    """How much a sentence matters."""

    QUIET = "quiet"
    PLAIN = "plain"
    MILESTONE = "milestone"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Who did what. `at` is in the log's own seconds."""

    at: float
    who: Who
    text: str
    weight: Weight = Weight.PLAIN


_Told = tuple[Who, str] | tuple[Who, str, Weight] | None


class Narrator:
    """Tells a call as it happens. Make one for each call and hand it every event in order."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names` are the configured names of destinations, by the address that is dialled."""
        self._names = {address.lstrip("+"): name for address, name in names.items()}
        self._bot_speaks = False
        self._said_s = 0.0
        self._challenged: set[str] = set()
        # Humans with a call of their own, by its id, and who of them is in a room.
        self._called: dict[str, str] = {}
        self._in_room: set[str] = set()

    def tell(self, event: Event) -> Sentence | None:
        """Return the sentence for an event, or None where there is nothing to say."""
        if is_humans_own(event):
            self._called[event["call"]] = self._name(event)
        kind = event["kind"].replace(".", "_")
        teller: Callable[[Event], _Told] | None = getattr(self, f"_{kind}", None)
        if event["call"] in self._called:
            teller = getattr(self, f"_called_{kind}", teller)
        told = teller(event) if teller else None
        return Sentence(event["at"], *told) if told else None

    # --- the caller and the bot -----------------------------------------------------------------

    def _call_started(self, event: Event) -> _Told:
        return Who.CALLER, f"calls +{event['to'].lstrip('+')}"

    def _caller_says(self, event: Event) -> _Told:
        return Who.CALLER, f'"{event["text"]}"'

    def _caller_digit(self, event: Event) -> _Told:
        return Who.CALLER, f"presses {event['digit']}"

    def _heard_started(self, event: Event) -> _Told:
        match event["source"]:
            case "bot":
                self._bot_speaks = True
                return Who.BOT, "speaks"
            case "human":
                return Who.HUMAN, "speaks to the caller"
            case "ring":
                return Who.PLIVO, "lets the caller hear it ring", Weight.QUIET
            case "speak":
                return Who.PLIVO, f'says: "{event.get("text", "")}"'
        return Who.PLIVO, "plays a sound"

    def _heard_ended(self, event: Event) -> _Told:
        if event["source"] != "bot":
            return None
        self._bot_speaks, self._said_s = False, event["ms"] / 1000
        return None

    def _stream_cleared(self, event: Event) -> _Told:
        if not self._bot_speaks:
            return None
        why = "a human waits" if self._in_room else "the caller talks"
        return Who.BOT, f"stops: {why}", Weight.QUIET

    def _stream_opened(self, event: Event) -> _Told:
        return Who.PLIVO, "streams the caller's audio to the bot", Weight.QUIET

    def _stream_closed(self, event: Event) -> _Told:
        self._bot_speaks = False
        match event["by"]:
            case "caller":
                return None
            case "app":
                cut_ms = event["unplayed_ms"]
                heard = f"{cut_ms} ms of it cut off" if cut_ms else "heard to the end"
                weight = Weight.TROUBLE if cut_ms else Weight.MILESTONE
                said = f": its last words took {self._said_s:.1f} s, {heard}"
                return Who.BOT, "leaves the call" + (said if self._said_s else ""), weight
            case "abort":
                return Who.BOT, "the media socket breaks without a reason", Weight.TROUBLE
        return Who.PLIVO, "closes the media stream"

    def _record_started(self, event: Event) -> _Told:
        return Who.PLIVO, "records what the caller says", Weight.MILESTONE

    def _record_ended(self, event: Event) -> _Told:
        return Who.PLIVO, f"keeps a message of {event['ms'] / 1000:.1f} s", Weight.MILESTONE

    # --- the human ------------------------------------------------------------------------------

    def _leg_dialed(self, event: Event) -> _Told:
        name, address = self._name(event), event["to"]
        return Who.PLIVO, f"dials {name}" + (f" at {address}" if name != address else "")

    def _leg_challenged(self, event: Event) -> _Told:
        again = " again" if event["leg"] in self._challenged else ""
        text = f"{event['scheme']}: {self._name(event)} demands digest credentials{again}"
        self._challenged.add(event["leg"])
        return Who.HUMAN, text, Weight.MILESTONE

    def _leg_ringing(self, event: Event) -> _Told:
        accepted = "credentials accepted, " if event["leg"] in self._challenged else ""
        return Who.HUMAN, f"{accepted}{self._name(event)} rings"

    def _leg_answered(self, event: Event) -> _Told:
        return Who.HUMAN, f"{self._name(event)} picks up"

    def _leg_bridged(self, event: Event) -> _Told:
        return Who.HUMAN, f"caller and human ({self._name(event)}) are connected", Weight.MILESTONE

    def _leg_unbridged(self, event: Event) -> _Told:
        return Who.HUMAN, "caller and human are no longer connected"

    def _leg_ended(self, event: Event) -> _Told:
        text = f"{self._name(event)}: {event['cause']} ({event['code']})"
        return Who.HUMAN, text, Weight.PLAIN if event["code"] == 4000 else Weight.MILESTONE

    def _name(self, event: Event) -> str:
        address = str(event["to"])
        return self._names.get(address.lstrip("+"), address)

    # --- a human who is called before the caller leaves the bot ---------------------------------

    def _called_call_started(self, event: Event) -> _Told:
        return None

    def _called_heard_started(self, event: Event) -> _Told:
        if event["source"] != "speak":
            return None
        name = self._called[event["call"]]
        return Who.PLIVO, f'says to {name}: "{event.get("text", "")}"'

    def _called_heard_ended(self, event: Event) -> _Told:
        return None

    def _called_call_ended(self, event: Event) -> _Told:
        return None

    def _leg_digit(self, event: Event) -> _Told:
        return Who.HUMAN, f"{self._name(event)} presses {event['digit']}", Weight.MILESTONE

    def _leg_says(self, event: Event) -> _Told:
        if event["call"] in self._in_room:
            return None
        return Who.HUMAN, f'{self._name(event)}: "{event["text"]}"', Weight.MILESTONE

    def _room_entered(self, event: Event) -> _Told:
        return Who.CALLER, "goes into the room"

    def _called_room_entered(self, event: Event) -> _Told:
        self._in_room.add(event["call"])
        return Who.HUMAN, f"{self._called[event['call']]} waits in a room for the caller"

    # --- documents, requests, endings -----------------------------------------------------------

    def _fetch(self, event: Event) -> _Told:
        if "error" in event or event["status"] >= 400:
            fault = event.get("error") or f"status {event['status']}"
            return Who.APP, f"{event['what']}: no answer ({fault})", Weight.TROUBLE
        if event["what"] in ("play", "dial-music", "confirm") or "xml" not in event:
            return None
        name = self._called.get(event["call"])
        whom = f" for {name}" if name else ""
        return Who.APP, f"answers{whom}: {_outline(event['xml'])}", Weight.QUIET

    def _rest(self, event: Event) -> _Told:
        where = event["path"].partition("/Account/")[2].partition("/")[2].strip("/")
        what = f"{event['method']} {_short(where)}: {event['status']}"
        if event["method"] == "DELETE" and where.startswith("Call/") and where.count("/") == 1:
            if event["call"] in self._called:
                return Who.APP, f"hangs up on {self._called[event['call']]} ({what})"
            return Who.BOT, f"asks Plivo to hang the caller up ({what})", Weight.TROUBLE
        return Who.APP, f"asks Plivo: {what}", Weight.QUIET

    def _call_ended(self, event: Event) -> _Told:
        if event["source"] == "Caller":
            return Who.CALLER, "hangs up", Weight.MILESTONE
        text = f"the call is over: {event['cause']} ({event['code']}), by {event['source']}"
        return Who.PLIVO, text, Weight.MILESTONE

    def _stream_failed(self, event: Event) -> _Told:
        return Who.BOT, f"takes no media stream: {event['error']}", Weight.TROUBLE

    def _stream_ignored(self, event: Event) -> _Told:
        return Who.PLIVO, f"ignores what the bot sent: {event['reason']}", Weight.TROUBLE

    def _xml_refused(self, event: Event) -> _Told:
        return Who.PLIVO, f"refuses the document: {event['reason']}", Weight.TROUBLE

    def _emulator_error(self, event: Event) -> _Told:
        return Who.PLIVO, f"the local Plivo failed: {event['error']}", Weight.TROUBLE


def _outline(xml: str) -> str:
    """The elements of a document, in order: `Stream, then Redirect`."""
    try:
        return ", then ".join(_label(element) for element in ElementTree.fromstring(xml))
    except ElementTree.ParseError:
        return "not XML"


def _label(element: ElementTree.Element) -> str:
    inner = "".join(f" {child.tag}" for child in element)
    return f"<{element.tag}{inner}>"


def _short(path: str) -> str:
    """A path whose call id is cut to what tells it from others."""
    return "/".join(f"{part[:8]}..." if len(part) > 30 else part for part in path.split("/"))
