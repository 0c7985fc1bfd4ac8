"""The local Plivo's log of one caller: which events are his, and what they say when gathered.

A human who is called for him in a warm handoff has a call of his own. It belongs to the caller
because the carrier was told so (`parent_call_uuid`), and its events count here like his own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from escalate.plivo.causes import HangupSource

Event = Mapping[str, Any]

_BROKEN: Final = ("abort", "plivo")


class Belonging:
    """Picks the events of one caller out of the log of all; hand it every event, in order."""

    def __init__(self, call_uuid: str) -> None:
        self._calls = {call_uuid}

    def has(self, event: Event) -> bool:
        """Whether an event is about him, or about a human who is called for him."""
        if event["kind"] == "call.started" and event.get("parent") in self._calls:
            self._calls.add(event["call"])
        if event["kind"] == "rest" and event["call"] is None:
            # The order of a call, or its withdrawal, goes by the number of the request.
            told = f"{event['path']} {event['response']}"
            return any(call in told for call in self._calls)
        return event["call"] in self._calls


@dataclass(slots=True)
class Line:
    """One call's way through its documents: the caller's, or that of a human called for him.

    `last_words` are what the carrier said last, `told_in_room` what was told to all in a room;
    `recording` says that he is being recorded, `message` that what he said was kept.
    """

    steps: list[str] = field(default_factory=list)
    spoken: bool = False
    last_words: str = ""
    told_in_room: str = ""
    recording: bool = False
    message: bool = False
    ended: Event | None = None

    def take_in(self, event: Event) -> None:
        """Note what one event changes."""
        match event["kind"]:
            case "xml.step":
                self.steps.append(event["element"])
                self.spoken &= event["element"] == "Hangup"
            case "heard.ended" if event["source"] == "speak":
                self.spoken = True
                self.last_words = event.get("text", "")
            case "room.says":
                self.told_in_room = event["text"]
            case "record.started":
                self.recording = True
            case "record.ended":
                self.recording, self.message = False, event["ms"] > 0
            case "call.ended":
                self.ended = event

    @property
    def told_goodbye(self) -> bool:
        """Whether he heard something out and was then hung up on."""
        return self.spoken and self.steps[-1:] == ["Hangup"] and self.ended is not None


@dataclass(slots=True)
class Leg:
    """A human's leg, in a Dial or called for itself; `line` is None in a Dial.

    `answer` is what he said to the question whether he takes the caller, in keys or words;
    `machine` that the carrier took him for an answering machine, to which nothing is said.
    """

    leg: str
    destination: str
    line: Line | None = None
    answered: bool = False
    answer: str | None = None
    machine: bool = False
    bridged_at: float | None = None
    unbridged_at: float | None = None
    ended: Event | None = None

    def take_in(self, event: Event) -> None:
        """Note what one event changes."""
        match event["kind"]:
            case "leg.answered":
                self.answered = True
            case "leg.detected":
                self.machine = event["machine"]
            case "leg.bridged":
                self.bridged_at = event["at"]
            case "leg.unbridged":
                self.unbridged_at = event["at"]
            case "leg.ended":
                self.ended = event
            case "leg.digit":
                # In a Dial the key takes the caller; who was called for himself tells us by action.
                self.answer = event["digit"] if self.line is None else self.answer
            case "fetch" if event["what"] == "action":
                self.answer = reply_in(event) or self.answer
        if self.line is not None and event["call"] == self.leg:
            self.line.take_in(event)

    @property
    def talked_until_hung_up(self) -> bool:
        """Whether the human was on and his leg ended on its own, not with the caller's."""
        return self.bridged_at is not None and self.ended is not None

    @property
    def let_go(self) -> bool:
        """Whether a human who was called for nothing was told so, or hung up himself."""
        if self.line is None or self.line.ended is None:
            return False
        return (
            self.machine
            or self.line.told_goodbye
            or self.line.ended["source"] == HangupSource.CALLEE
        )


@dataclass(slots=True)
class Record:
    """What the log says about one caller, gathered in one pass."""

    names: Mapping[str, str]
    caller: Line = field(default_factory=Line)
    legs: dict[str, Leg] = field(default_factory=dict)
    streaming: bool = False
    stream_broke: bool = False
    left_bot: bool = False
    closed_by: str | None = None

    @classmethod
    def of(cls, events: Sequence[Event], names: Mapping[str, str]) -> Record:
        """Gather the events of one caller; `names` are those of destinations by address."""
        record = cls({plain(address): name for address, name in names.items()})
        for event in events:
            record._take_in(event)
        return record

    def _take_in(self, event: Event) -> None:
        if event["kind"] == "leg.dialed":
            own = Line() if event["leg"] == event["call"] else None
            name = self.names.get(plain(event["to"]), event["to"])
            self.legs[event["leg"]] = Leg(event["leg"], name, own)
        # In a room the meeting is told of the caller's call, all else of the human's own.
        elif leg := self.legs.get(event.get("leg") or event["call"] or ""):
            leg.take_in(event)
        elif not is_humans_own(event):
            self.caller.take_in(event)
            self._follow_stream(event)

    def _follow_stream(self, event: Event) -> None:
        match event["kind"]:
            case "stream.opened":
                self.streaming, self.closed_by = True, None
            case "stream.closed":
                self.streaming, self.closed_by = False, event["by"]
                self.left_bot |= event["by"] != "caller"
                self.stream_broke |= event["by"] in _BROKEN

    @property
    def bridged(self) -> Leg | None:
        """The human the caller was connected to last."""
        legs = [leg for leg in self.legs.values() if leg.bridged_at is not None]
        return legs[-1] if legs else None

    @property
    def introduction(self) -> str | None:
        """What caller and human were both told once they were in one room."""
        human = self.bridged
        told = human.line.told_in_room if human is not None and human.line is not None else ""
        return told if told and told == self.caller.told_in_room else None

    @property
    def talking(self) -> bool:
        """Whether caller and human are connected."""
        human = self.bridged
        return human is not None and human.unbridged_at is None and self.caller.ended is None

    def abandoned(self, leg: Leg) -> bool:
        """Whether a human who had answered waits for nobody, or was cut off without a word."""
        if leg.line is None or not leg.answered or leg.bridged_at is not None or leg.let_go:
            return False
        needless = self.caller.ended is not None or self.bridged is not None
        return needless or leg.ended is not None


def is_humans_own(event: Event) -> bool:
    """Whether an event opens the call of a human who is called for a caller."""
    return event["kind"] == "call.started" and "parent" in event


def reply_in(event: Event) -> str | None:
    """What was answered to a question, in the callback that reports it: keys, or words."""
    told = event["params"]
    return told.get("Digits") or told.get("Speech") or None


def plain(address: str) -> str:
    """An address as the carrier dials it: a number without `+`, a SIP URI without parameters."""
    return address.partition(";")[0].lower() if address.startswith("sip:") else address.lstrip("+")
