"""What became of a call, read from the local Plivo's log and from nothing else.

What our own side believed does not count here: the log of the carrier says who was connected to
whom, and who ended the caller's leg.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from escalate.plivo.causes import HangupSource, reason_for
from escalate.values import Reason

Event = Mapping[str, Any]

_NORMAL: Final = 4000
_BROKEN: Final = ("abort", "plivo")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A destination that was dialled; cause and code are None while its leg is up."""

    destination: str
    cause: str | None
    code: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one call.

    Attributes:
        outcome: `connected`, `returned` (nobody was reached, the bot has him again), `with_bot`,
            `finished` (the bot ended the call on purpose), `goodbye` (nobody was reached and he
            was told so), `caller_left`, `lost`, or `waiting` when the watch ended in between.
        reason: Why, as a `Reason`; for a lost caller by whom, where that says more.
        destination: The configured name of the human he was connected to.
        caller_connected_to: `human` or `bot` at the end of the watch; None for nobody. (The local
            Plivo records nothing, so it is never `voicemail` here.)
        caller_lost: Whether his leg was ended by anything but himself, the human, a spoken
            goodbye, or the bot's own recorded finish.
        announcement_cut_ms: How much of what the bot said last, before somebody was dialled, the
            caller did not hear; None if nobody was dialled, or he was told nothing.
        stages_ms: How long each stage took, as far as the call came.
    """

    scenario: str
    outcome: str
    reason: str | None
    destination: str | None
    attempts: tuple[Attempt, ...]
    caller_connected_to: str | None
    caller_lost: bool
    announcement_cut_ms: int | None
    stages_ms: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Leg:
    leg: str
    destination: str
    bridged_at: float | None = None
    unbridged_at: float | None = None
    ended: Event | None = None

    @property
    def talked_until_hung_up(self) -> bool:
        """Whether the human was on and his leg ended on its own, not with the caller's."""
        return self.bridged_at is not None and self.ended is not None


@dataclass(slots=True)
class _Told:
    """What the log says, gathered in one pass."""

    legs: dict[str, _Leg] = field(default_factory=dict)
    streaming: bool = False
    stream_broke: bool = False
    closed_by: str | None = None
    steps: list[str] = field(default_factory=list)
    spoken: bool = False
    ended: Event | None = None

    def take_in(self, event: Event, names: Mapping[str, str]) -> None:
        """Note what one event changes."""
        match event["kind"]:
            case "leg.dialed":
                leg = event["leg"]
                self.legs[leg] = _Leg(leg, names.get(_plain(event["to"]), event["to"]))
            case "leg.bridged":
                self.legs[event["leg"]].bridged_at = event["at"]
            case "leg.unbridged":
                self.legs[event["leg"]].unbridged_at = event["at"]
            case "leg.ended":
                self.legs[event["leg"]].ended = event
            case "stream.opened":
                self.streaming, self.closed_by = True, None
            case "stream.closed":
                self.streaming, self.closed_by = False, event["by"]
                self.stream_broke |= event["by"] in _BROKEN
            case "xml.step":
                self.steps.append(event["element"])
                self.spoken &= event["element"] == "Hangup"
            case "heard.ended" if event["source"] == "speak":
                self.spoken = True
            case "call.ended":
                self.ended = event

    @property
    def bridged(self) -> _Leg | None:
        """The human the caller was connected to last."""
        legs = [leg for leg in self.legs.values() if leg.bridged_at is not None]
        return legs[-1] if legs else None

    @property
    def talking(self) -> bool:
        """Whether caller and human are connected."""
        human = self.bridged
        return human is not None and human.unbridged_at is None and self.ended is None


def build_report(
    scenario: str, events: Sequence[Event], names: Mapping[str, str], *, until: float
) -> Report:
    """Read what became of a call.

    Args:
        scenario: Its name, for the reader.
        events: The local Plivo's log of this one call, in order.
        names: The configured name of each destination, by the address that is dialled.
        until: When the watch ended, in the log's own seconds.
    """
    told = _Told()
    known = {_plain(address): name for address, name in names.items()}
    for event in events:
        told.take_in(event, known)
    outcome = _outcome(told)
    handover = _Handover.find(events)
    return Report(
        scenario=scenario,
        outcome=outcome,
        reason=_reason(told, outcome),
        destination=told.bridged.destination if told.bridged else None,
        attempts=tuple(_attempt(leg) for leg in told.legs.values()),
        caller_connected_to=_connected_to(told),
        caller_lost=outcome == "lost",
        announcement_cut_ms=handover.cut_ms,
        stages_ms=dict(_stages(events, handover, until)),
    )


def _outcome(told: _Told) -> str:
    if told.ended is not None:
        return _ending(told, told.ended)
    if told.talking:
        return "connected"
    if told.streaming:
        return "returned" if told.legs else "with_bot"
    return "waiting"


def _ending(told: _Told, ended: Event) -> str:
    """How a call that is over has ended: by somebody who may end it, or else it is lost."""
    human, source = told.bridged, ended["source"]
    if source == HangupSource.CALLER:
        return "connected" if human else "caller_left"
    meant = ended["code"] == _NORMAL and told.steps[-1:] == ["Hangup"]
    if source != HangupSource.ANSWER_XML or not meant:
        return "lost"
    if told.spoken:
        return "goodbye"
    if human and human.talked_until_hung_up:
        return "connected"
    # The one bare Hangup that is left is the bot's own: its socket closed and nobody was dialled.
    closed_by_bot = told.closed_by == "app" and told.steps[-3:] == ["Stream", "Redirect", "Hangup"]
    return "finished" if closed_by_bot else "lost"


def _reason(told: _Told, outcome: str) -> str | None:
    ends = [leg.ended for leg in told.legs.values() if leg.ended is not None]
    if outcome == "lost" and told.ended is not None:
        if told.ended["source"] == HangupSource.API_REQUEST:
            return "api_request"
        return str(reason_for(cause_code=told.ended["code"]))
    if outcome in ("connected", "finished"):
        return str(Reason.COMPLETED)
    if outcome == "caller_left":
        return str(Reason.CALLER_LEFT)
    if outcome in ("returned", "goodbye") and ends:
        last = ends[-1]
        return str(reason_for(status=last.get("dial_status"), cause_code=last["code"]))
    return str(Reason.STREAM_LOST) if told.stream_broke else None


def _connected_to(told: _Told) -> str | None:
    if told.ended is not None:
        return None
    if told.talking:
        return "human"
    return "bot" if told.streaming else None


def _attempt(leg: _Leg) -> Attempt:
    ended = leg.ended or {}
    return Attempt(leg.destination, ended.get("cause"), ended.get("code"))


# --- the announcement, and how long the stages took -----------------------------------------------


@dataclass(frozen=True, slots=True)
class _Handover:
    """The events around the moment in which the bot lets go of a caller for whom a human rings."""

    asked: Event | None = None
    announced: Event | None = None
    announcement: Event | None = None
    closed: Event | None = None
    dialed: Event | None = None
    cut_ms: int | None = None

    @classmethod
    def find(cls, events: Sequence[Event]) -> _Handover:
        """Read it from the log; what did not happen is None."""
        dialed = _first(events, "leg.dialed")
        closed = _last(events, "stream.closed", before=dialed)
        asked = _last(events, "caller.says", before=closed)
        announced = _last(events, "heard.started", before=closed, source="bot")
        if closed is None or asked is None or announced is None:
            return cls(asked, None, None, closed, dialed)
        if announced["at"] < asked["at"] + asked["seconds"]:
            # What he heard began before he had asked: it was no announcement.
            return cls(asked, None, None, closed, dialed)
        cut_ms = closed["unplayed_ms"] + sum(
            event["dropped_ms"]
            for event in events
            if _is(event, "stream.cleared") and announced["seq"] < event["seq"] < closed["seq"]
        )
        # Logged after a pause, or when the stream closes: only its length says when it was over.
        announcement = _first(events, "heard.ended", after=announced, source="bot")
        return cls(asked, announced, announcement, closed, dialed, cut_ms)


def _stages(
    events: Sequence[Event], handover: _Handover, until: float
) -> Iterator[tuple[str, int]]:
    """The stages from the request to the conversation, in order, as far as the call came."""
    asked, announced, closed = handover.asked, handover.announced, handover.closed
    if asked and announced and closed and handover.announcement:
        length_ms = handover.announcement["ms"]
        yield "asked_to_announcement", _ms(asked["at"] + asked["seconds"], announced["at"])
        yield "announcement", length_ms
        yield "released", _ms(announced["at"] + length_ms / 1000, closed["at"])
    if closed and handover.dialed:
        yield "dialed", _ms(closed["at"], handover.dialed["at"])
    if bridged := _first(events, "leg.bridged"):
        yield from _bridged(events, bridged, until)


def _bridged(events: Sequence[Event], bridged: Event, until: float) -> Iterator[tuple[str, int]]:
    its_leg = [event for event in events if event.get("leg") == bridged["leg"]]
    called, answered = _first(its_leg, "leg.dialed"), _first(its_leg, "leg.answered")
    if called and answered:
        yield "answered", _ms(called["at"], answered["at"])
        yield "bridged", _ms(answered["at"], bridged["at"])
    apart, over = _first(its_leg, "leg.unbridged"), _first(events, "call.ended")
    to = min([until, *(event["at"] for event in (apart, over) if event)])
    # One document at a time: the stream to the bot was over before anybody was dialled.
    yield "bridged_after_bot_left", _ms(bridged["at"], to)


def _ms(begin: float, end: float) -> int:
    return round((end - begin) * 1000)


def _first(
    events: Sequence[Event], kind: str, *, after: Event | None = None, source: str | None = None
) -> Event | None:
    seq = after["seq"] if after else -1
    return next((e for e in events if e["seq"] > seq and _is(e, kind, source)), None)


def _last(
    events: Sequence[Event], kind: str, *, before: Event | None, source: str | None = None
) -> Event | None:
    if before is None:
        return None
    found = (e for e in reversed(events) if e["seq"] < before["seq"] and _is(e, kind, source))
    return next(found, None)


def _is(event: Event, kind: str, source: str | None = None) -> bool:
    return event["kind"] == kind and source in (None, event.get("source"))


def _plain(address: str) -> str:
    """An address as the carrier dials it: a number without `+`, a SIP URI without parameters."""
    return address.partition(";")[0].lower() if address.startswith("sip:") else address.lstrip("+")
