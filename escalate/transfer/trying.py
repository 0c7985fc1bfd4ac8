"""Who is tried when: attempts that begin, end, and come again.

Humans are tried one after the other, or all at once, each destination by itself. One who asks for
time is called again when it has passed, if the caller still waits then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from escalate.transfer import events as e
from escalate.transfer.model import Attempt, Escalation, Leg, State
from escalate.transfer.moment import Moment, human_is_known, human_was_on, leg_of, reason_of
from escalate.transfer.outcomes import MEANINGS
from escalate.values import Reason


def ending(m: Moment) -> tuple[Attempt, ...]:
    """The attempts that this event ends. Of humans called side by side one fails by himself."""
    live = m.escalation.live
    if m.escalation.state is State.CONSULTING:
        if isinstance(m.event, e.DeadlinePassed):
            return tuple(one for one in live if one.due_at <= m.now)
        if isinstance(m.event, e.AttemptEvent):
            return (m.attempt,)
    if isinstance(m.event, e.HumanConnected):
        return tuple(one for one in live if one.number != m.event.attempt)
    if human_was_on(m) and m.attempt not in live:
        # Two people have talked, although the attempt was taken for a failure.
        return (*live, m.attempt)
    return live


def close(m: Moment, attempts: Iterable[Attempt]) -> Escalation:
    """Write their ends into attempts, and take the caller back from them.

    The plan keeps no destination that has failed for good.
    """
    held = replace(m.escalation, claimed_by=None)
    for told in attempts:
        held = held.with_attempt(_closed(m, told))
    ended = {one.destination: one.reason for one in held.attempts if one.ended_at is not None}
    hopeless = {where for where, why in ended.items() if why and not MEANINGS[why].retryable}
    return replace(held, plan=tuple(leg for leg in held.plan if leg.destination not in hopeless))


def _closed(m: Moment, told: Attempt) -> Attempt:
    own = isinstance(m.event, e.AttemptEvent) and m.event.attempt == told.number
    connected = (own and human_was_on(m) and human_is_known(m)) or told.connected_at is not None
    name, code = None, None
    if own and isinstance(m.event, e.DialEnded | e.HumanLegEnded):
        name, code = m.event.cause_name, m.event.cause_code
    return replace(
        told,
        touched=True,
        leg=leg_of(m) if own else told.leg,
        ended_at=m.now,
        connected_at=told.connected_at or (m.now if connected else None),
        reason=Reason.COMPLETED if connected else reason_of(m, told),
        cause_name=told.cause_name or name,
        cause_code=told.cause_code if told.cause_code is not None else code,
    )


def without_the_ended(m: Moment) -> Escalation:
    """The escalation without the attempts that this event ends, and with what they asked for."""
    held = close(m, ending(m))
    if isinstance(m.event, e.HumanDeclined) and m.event.reason is Reason.DEFERRED:
        return _put_off(held, m.event, m.now)
    return held


def without_who_left(m: Moment) -> Escalation:
    """As before, noting of a human who had the caller already that he is to go on without him."""
    held = without_the_ended(m)
    if m.escalation.state is not State.CONNECTED:
        return held
    return held.with_attempt(replace(held.attempts[m.attempt.number - 1], left_at_once=True))


def _put_off(held: Escalation, event: e.HumanDeclined, now: float) -> Escalation:
    """Plan to call a human again who asked for time: once, and if the caller can wait for it."""
    told = held.attempts[event.attempt - 1]
    asked = [one for one in held.attempts if one.destination == told.destination]
    others = tuple(leg for leg in held.plan if leg.destination != told.destination)
    again_at = now + (held.limits.defer_s if event.after_s is None else event.after_s)
    once = sum(one.reason is Reason.DEFERRED for one in asked) == 1
    if not once or again_at >= held.rings_until:
        return replace(held, plan=others)
    again = Leg(told.destination, told.ring_s, not_before=again_at, tier=told.tier)
    return replace(held, plan=(*others, again))


def to_be_called(held: Escalation, now: float) -> tuple[Leg, ...]:
    """The legs to begin at this moment: the next one, or one of each idle destination of a tier."""
    called = {one.destination for one in held.live}
    if now >= held.rings_until or (called and not held.together):
        return ()
    ready = [leg for leg in held.plan if leg.not_before <= now and leg.destination not in called]
    if not held.together:
        return tuple(ready[:1])
    tier = max((one.tier for one in held.live), default=min((r.tier for r in ready), default=1))
    ready = [leg for leg in ready if leg.tier <= tier]
    # Of several legs to one destination the first.
    return tuple({leg.destination: leg for leg in reversed(ready)}.values())[::-1]


def is_promising(held: Escalation, now: float) -> bool:
    """Whether anybody is called, can be called, or has asked to be called again in time."""
    later = any(_in_time(leg, held, now) for leg in held.plan)
    return later or bool(held.live or to_be_called(held, now))


def begin(held: Escalation, now: float) -> Escalation:
    """Begin attempts, ringing no longer than the caller's patience lasts."""
    for leg in to_be_called(held, now):
        ring_s = max(1.0, min(leg.ring_s, held.rings_until - now))
        due_at = now + ring_s + held.limits.ring_slack_s
        number = len(held.attempts) + 1
        attempt = Attempt(number, leg.destination, ring_s, now, due_at=due_at, tier=leg.tier)
        at = held.plan.index(leg)
        plan = held.plan[:at] + held.plan[at + 1 :]
        held = replace(held, plan=plan, attempts=(*held.attempts, attempt))
    return held


def look_at(held: Escalation, now: float) -> float:
    """When somebody has to look after the humans who are called, or will be."""
    due = [one.due_at for one in held.live]
    if held.together or not due:
        due += [leg.not_before for leg in held.plan if _in_time(leg, held, now)]
    return min(due)


def _in_time(leg: Leg, held: Escalation, now: float) -> bool:
    """Whether a human has asked to be called again, and the caller will still wait then."""
    return now < leg.not_before < held.rings_until


def won_by(m: Moment) -> Escalation:
    """Give the caller to the human who accepts. The others have lost, and may be asked again."""
    won = replace(m.attempt, touched=True, accepted_at=m.now)
    others = [one for one in m.escalation.live if one.number != won.number]
    held = close(m, others).with_attempt(won)
    again = tuple(Leg(one.destination, one.ring_s, tier=one.tier) for one in others)
    return replace(held, plan=(*again, *held.plan), claimed_by=won.number, nudges=0)
