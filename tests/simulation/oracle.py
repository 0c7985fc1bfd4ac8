"""Judges a simulated call by the carrier's log alone, with none of the product's own rules.

Only who was open, how long a wait may be, and what may end a call is known here, each worked out
anew from what the desks' own people would say.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any, Final

from escalate.demo.record import Belonging
from escalate.demo.report import Report, build_report
from escalate.transfer import Mode, Strategy
from escalate.values import Outcome

from .year import DESKS, Told

NAMES: Final = {desk.address: desk.name for desk in DESKS}
PERMITTED: Final = {
    "connected",
    "returned",
    "with_bot",
    "finished",
    "goodbye",
    "voicemail",
    "caller_left",
}
# What a caller may wait beyond his patience: the last phone's set-up, a repeated request, a
# sentence; and how long a human takes who confirms or answers.
SLACK_S: Final = 25.0
# Whoever leaves a room, or a human who has just picked up, sooner than this may count as one who
# was never there, or not: a report that is lost comes a second later.
AT_ONCE_S: Final = {Mode.WARM: 4.0, Mode.CONFIRM: 1.0, Mode.COLD: 1.0}


def judge(told: Told) -> tuple[Report, list[str]]:
    """Return what became of a call, and everything that is wrong with that."""
    events = _his(told)
    report = build_report("simulated", events, NAMES, until=events[-1]["at"])
    return report, list(_wrong(told, events, report))


def waited_s(told: Told) -> float:
    """Return how long a caller was with nobody, at the longest."""
    return _longest_wait_s(_his(told))


def _his(told: Told) -> list[dict[str, Any]]:
    assert told.stored is not None, "we have never heard of the call"
    belonging = Belonging(told.stored.call_uuid)
    return [one for event in told.events if belonging.has(event) for one in with_sound(event)]


def with_sound(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """In virtual time nothing is heard; a sentence that was begun is taken to be heard out."""
    yield event
    if event["kind"] == "xml.step" and event["element"] == "Speak":
        yield {**event, "kind": "heard.ended", "source": "speak", "text": "", "ms": 1}


def _wrong(told: Told, events: list[dict[str, Any]], report: Report) -> Iterator[str]:
    if report.outcome not in PERMITTED or report.caller_lost:
        yield f"the caller ended as {report.outcome} ({report.reason})"
    yield from _wrongly_dialled(told, events)
    yield from _out_of_turn(told, events)
    yield from _left_ringing(told, events)
    waited = _longest_wait_s(events)
    if waited > told.policy.budget_s + SLACK_S:
        yield f"he waited for {waited:.1f} s with a budget of {told.policy.budget_s} s"
    assert told.stored is not None
    held = told.stored.escalation
    if held is not None and held.ending is None:
        yield f"the escalation is still {held.state}"
    if held is not None and held.ending is not None:
        if _met_for_s(events) >= AT_ONCE_S[told.policy.mode]:
            yield from _told_otherwise(held.ending.outcome, report)


def _wrongly_dialled(told: Told, events: list[dict[str, Any]]) -> Iterator[str]:
    """Whoever is closed when a human is asked for has no phone that rings, nobody too often."""
    zero = min(event["at"] for event in told.events)
    dialled = [event for event in events if event["kind"] == "leg.dialed"]
    asked_at = next((e["at"] for e in events if e["kind"] == "stream.opened"), zero)
    since = told.at + timedelta(seconds=asked_at - events[0]["at"])
    configured = {desk.name: desk for desk in told.policy.desks}
    for name, times in Counter(NAMES[_full(event["to"])] for event in dialled).items():
        desk = configured.get(name)
        if desk is None:
            yield f"{name} is not configured and was dialled"
            continue
        # The request comes within seconds after the stream; a caller may be asked for once more.
        moments = (since + timedelta(seconds=s) for s in (0, 10, 25, 60, 200))
        if not any(desk.is_open(at.astimezone(UTC)) for at in moments):
            yield f"{name} is closed and was dialled"
        asks = 2 if told.policy.mode is Mode.WARM else 1
        if times > desk.attempts * asks:
            yield f"{name} was dialled {times} times"


def _out_of_turn(told: Told, events: list[dict[str, Any]]) -> Iterator[str]:
    """Nobody's phone is dialled while one of an earlier tier has just begun to ring."""
    if told.policy.strategy is not Strategy.PARALLEL:
        return
    tiers = {
        desk.name: tier for desk, tier in zip(told.policy.desks, told.policy.tiers, strict=False)
    }
    dialled = [event for event in events if event["kind"] == "leg.dialed"]
    # The first of the two counts.
    quiet = {
        e["leg"]: e["at"] for e in reversed(events) if e["kind"] in ("leg.ended", "leg.answered")
    }
    for one, other in itertools.permutations(dialled, 2):
        first, second = (NAMES[_full(event["to"])] for event in (one, other))
        rings = one["at"] <= other["at"] < min(one["at"] + 15, quiet.get(one["leg"], math.inf) - 1)
        if rings and tiers.get(first, 1) < tiers.get(second, 1):
            yield f"{second} was dialled beside {first}, who comes first"


def _full(address: str) -> str:
    return address if address.startswith(("sip:", "+")) else f"+{address}"


def _left_ringing(told: Told, events: list[dict[str, Any]]) -> Iterator[str]:
    """No human's leg outlives the caller by more than a callback, a request and a farewell."""
    assert told.stored is not None
    his = [event for event in events if event["call"] == told.stored.call_uuid]
    over = next((event["at"] for event in his if event["kind"] == "call.ended"), None)
    ends = {e["leg"]: e["at"] for e in events if e["kind"] == "leg.ended"}
    for event in events:
        if event["kind"] == "leg.dialed" and event["leg"] not in ends:
            yield f"the leg to {event['to']} never ended"
        elif event["kind"] == "leg.dialed" and over is not None:
            late_s = ends[event["leg"]] - over
            if late_s > 60.0:
                yield f"the leg to {event['to']} outlived the caller by {late_s:.0f} s"


def _longest_wait_s(events: list[dict[str, Any]]) -> float:
    """How long he was with nobody at a stretch: neither bot, human, machine nor a sentence."""
    longest, since = 0.0, None
    for event in events:
        match event["kind"]:
            case "stream.closed":
                since = event["at"]
            case "stream.opened" | "leg.bridged" | "record.started" | "call.ended":
                longest = max(longest, event["at"] - (since if since is not None else event["at"]))
                since = None
    return longest


_SAME: Final = {
    Outcome.CONNECTED: {"connected"},
    Outcome.RETURNED: {"returned", "finished", "with_bot", "caller_left"},
    Outcome.REFUSED: {"with_bot", "finished", "returned", "caller_left"},
    Outcome.VOICEMAIL: {"voicemail"},
    Outcome.CALLBACK: {"goodbye", "caller_left"},
    Outcome.GOODBYE: {"goodbye", "caller_left", "voicemail"},
    Outcome.CALLER_LEFT: {"caller_left"},
    Outcome.CANCELLED: set(),
}


def _met_for_s(events: list[dict[str, Any]]) -> float:
    """How long caller and human were together, at the longest; for ever if they never met."""
    begun = {e["leg"]: e["at"] for e in events if e["kind"] == "leg.bridged"}
    over = {e["leg"]: e["at"] for e in events if e["kind"] == "leg.unbridged"}
    return max((over[leg] - at for leg, at in begun.items() if leg in over), default=math.inf)


def _told_otherwise(outcome: Outcome, report: Report) -> Iterator[str]:
    """What we wrote down is what the carrier saw."""
    if report.outcome not in _SAME[outcome]:
        yield f"we say {outcome}, the carrier {report.outcome}"
