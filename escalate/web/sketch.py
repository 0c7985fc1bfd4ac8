"""A stored call as a picture: what we know of it, without asking the carrier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from escalate.page import Hearing, Person, Picture
from escalate.transfer import Attempt, Call, Escalation, State
from escalate.values import Outcome, Reason
from escalate.web.wording import STATES

_CALLER: Final = "caller"
_BOT: Final = "bot"
_WITH_BOT: Final = frozenset({State.CONSULTING, State.JOINING, State.ANNOUNCING})
# An attempt that ended for these went as it should.
_FINE: Final = frozenset({Reason.COMPLETED, Reason.CALLER_LEFT, Reason.LOST_RACE, Reason.CANCELLED})


def picture_of(call: Call) -> Picture:
    """Return who is on a call, and who hears whom."""
    held = call.open_escalation
    has_bot = not call.ended and not call.over and (held is None or held.state in _WITH_BOT)
    humans = list(_humans(call)) if call.escalation is not None else []
    lines = [human.id for human in humans if human.here and human.state == _TALKS]
    if has_bot and (held is not None or not lines):
        lines.append(_BOT)
    caller = Person(_CALLER, "caller", "Caller", _caller_in(call, held), here=not call.ended)
    bot = Person(_BOT, "bot", "Bot", "is on the call" if has_bot else "has left", here=has_bot)
    hearings = [pair for one in lines for pair in ((_CALLER, one), (one, _CALLER))]
    return Picture((caller, bot, *humans), tuple(Hearing(*pair) for pair in hearings))


_TALKS: Final = "talks to the caller"


def _caller_in(call: Call, held: Escalation | None) -> str:
    if call.ended:
        return "is off the line"
    return "is with the bot" if held is None else STATES[held.state].lower()


def _humans(call: Call) -> Iterator[Person]:
    """Every human who was tried last time, once, as he stands since the last try."""
    held = call.escalation
    latest = {one.destination: one for one in held.attempts} if held is not None else {}
    for attempt in latest.values():
        state, here, trouble = _stands(call, attempt)
        name = attempt.destination
        yield Person(f"human-{attempt.number}", "human", name, state, here=here, trouble=trouble)


def _stands(call: Call, attempt: Attempt) -> tuple[str, bool, bool]:
    """Return the state of a human, whether he is on the line, and whether something is wrong."""
    held = call.escalation
    ending = held.ending if held is not None else None
    if attempt.ended_at is not None and attempt.reason is not None:
        told = attempt.reason.value.replace("_", " ")
        return told, False, attempt.reason not in _FINE
    if ending is not None or call.ended:
        was_there = ending is not None and ending.outcome is Outcome.CONNECTED
        return ("has talked to the caller" if was_there else "was let go"), False, False
    if attempt.connected_at is not None:
        return _TALKS, True, False
    if attempt.accepted_at is not None:
        return "has accepted", True, False
    if attempt.answered_at is not None:
        return "has picked up", True, False
    return "is called", False, False
