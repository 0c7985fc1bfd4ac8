"""How long the stages of a handoff took, and whether the caller heard its announcement out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from escalate.demo.record import Event, reply_in

_AT_ONCE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Handover:
    """The events around the moment in which the bot lets go of a caller for a human.

    `warm` says that the human was called while the bot still had him; what the bot says last is
    then said when the human has accepted, and his being connected is what it is followed by.
    """

    warm: bool = False
    asked: Event | None = None
    announced: Event | None = None
    announcement: Event | None = None
    closed: Event | None = None
    dialed: Event | None = None
    cut_ms: int | None = None

    @classmethod
    def find(cls, events: Sequence[Event]) -> Handover:
        """Read it from the log; what did not happen is None."""
        dialed = _first(events, "leg.dialed")
        warm = dialed is not None and dialed["call"] == dialed["leg"]
        after = _first(events, "leg.bridged") if warm else dialed
        closed = _last(events, "stream.closed", before=after)
        asked = _last(events, "caller.says", before=dialed if warm else closed)
        announced = _last(events, "heard.started", before=closed, source="bot")
        if closed is None or asked is None or announced is None:
            return cls(warm, asked, None, None, closed, dialed)
        if announced["at"] < asked["at"] + asked["seconds"]:
            # What he heard began before he had asked: it was no announcement.
            return cls(warm, asked, None, None, closed, dialed)
        begun = _broken_off(events) or announced if warm else announced
        cut_ms = closed["unplayed_ms"] + sum(
            event["dropped_ms"]
            for event in events
            if _is(event, "stream.cleared") and begun["seq"] < event["seq"] < closed["seq"]
        )
        # Logged after a pause, or when the stream closes: only its length says when it was over.
        announcement = _first(events, "heard.ended", after=announced, source="bot")
        return cls(warm, asked, announced, announcement, closed, dialed, cut_ms)

    @property
    def asked_until(self) -> float | None:
        """When the caller had asked."""
        return self.asked["at"] + self.asked["seconds"] if self.asked else None


def stages(events: Sequence[Event], handover: Handover, until: float) -> Iterator[tuple[str, int]]:
    """The stages from the request to the conversation, in order, as far as the call came."""
    bridged = _first(events, "leg.bridged")
    yield from (
        _warm(events, handover, bridged) if handover.warm else _cold(events, handover, bridged)
    )
    if bridged:
        its_leg = [event for event in events if event.get("leg") == bridged["leg"]]
        apart, over = _first(its_leg, "leg.unbridged"), _end_of(events)
        to = min([until, *(event["at"] for event in (apart, over) if event)])
        # One document at a time: the stream to the bot was over before they were connected.
        yield "bridged_after_bot_left", _ms(bridged["at"], to)


def _cold(
    events: Sequence[Event], handover: Handover, bridged: Event | None
) -> Iterator[tuple[str, int]]:
    asked_until, closed, dialed = handover.asked_until, handover.closed, handover.dialed
    if asked_until is not None and handover.announced:
        yield from _announcement("asked_to_announcement", asked_until, handover)
    if closed and dialed:
        yield "dialed", _ms(closed["at"], dialed["at"])
    if bridged:
        its_leg = [event for event in events if event.get("leg") == bridged["leg"]]
        called, answered = _first(its_leg, "leg.dialed"), _first(its_leg, "leg.answered")
        if called and answered:
            yield "answered", _ms(called["at"], answered["at"])
            yield "bridged", _ms(answered["at"], bridged["at"])


def _warm(
    events: Sequence[Event], handover: Handover, bridged: Event | None
) -> Iterator[tuple[str, int]]:
    """The human's stages come first here; they are those of the one who was connected, if any."""
    asked_until, closed, dialed = handover.asked_until, handover.closed, handover.dialed
    if asked_until is not None and dialed:
        yield "dialed", max(0, _ms(asked_until, dialed["at"]))
    if bridged is None:
        return
    its_call = [event for event in events if event["call"] == bridged["leg"]]
    called, answered = _first(its_call, "leg.dialed"), _first(its_call, "leg.answered")
    accepted = next((e for e in its_call if _is(e, "fetch") and _answers(e)), None)
    if called and answered:
        yield "answered", _ms(called["at"], answered["at"])
    if answered and accepted:
        yield "accepted", _ms(answered["at"], accepted["at"])
        if handover.announced:
            yield from _announcement("accepted_to_announcement", accepted["at"], handover)
    if closed:
        yield "bridged", _ms(closed["at"], bridged["at"])


def _announcement(name: str, since: float, handover: Handover) -> Iterator[tuple[str, int]]:
    """The announcement, how long after `since` it began, and how long the bot then stayed."""
    announced, announcement, closed = handover.announced, handover.announcement, handover.closed
    if announced is None or announcement is None or closed is None:
        return
    if announced["at"] < since:
        # He was still being told something else, and the one went over into the other.
        return
    length_ms = announcement["ms"]
    yield name, _ms(since, announced["at"])
    yield "announcement", length_ms
    yield "released", _ms(announced["at"] + length_ms / 1000, closed["at"])


def _broken_off(events: Sequence[Event]) -> Event | None:
    """The bot's breaking off what it was saying, once a human waits, to announce him at once."""
    waits = _first(events, "room.entered")
    cleared = _first(events, "stream.cleared", after=waits)
    if waits is None or cleared is None or cleared["at"] > waits["at"] + _AT_ONCE_S:
        return None
    return cleared


def _answers(event: Event) -> bool:
    return event["what"] == "action" and reply_in(event) is not None


def _end_of(events: Sequence[Event]) -> Event | None:
    """The end of the caller's own call, with which his log begins."""
    his = (event for event in events if event["call"] == events[0]["call"])
    return next((event for event in his if _is(event, "call.ended")), None)


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
