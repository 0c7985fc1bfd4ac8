"""What became of a call, read from the local Plivo's log and from nothing else.

What our own side believed does not count here: the log of the carrier says who was connected to
whom, and who ended the caller's leg.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from escalate.demo.record import Event, Leg, Record
from escalate.demo.stages import Handover, stages
from escalate.plivo.causes import HangupSource, reason_for
from escalate.values import Reason

_NORMAL: Final = 4000


@dataclass(frozen=True, slots=True)
class Attempt:
    """A destination that was dialled; cause and code are None while its leg is up.

    Attributes:
        answer: What a human who was called first (warm) answered to the question whether he takes
            the caller: keys, or words. None if he was not asked or said nothing.
        abandoned: Whether a human who had picked up and did not get the caller was cut off without
            a word, or left to wait.
    """

    destination: str
    cause: str | None
    code: int | None
    answer: str | None = None
    abandoned: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one call.

    Attributes:
        outcome: `connected`, `returned` (nobody was reached, the bot has him), `with_bot`,
            `finished` (the bot ended the call on purpose), `voicemail` (nobody was reached and he
            left a message), `goodbye` (nobody was reached and he was told so), `caller_left`,
            `lost`, or `waiting` when the watch ended in between.
        reason: Why, as a `Reason`; for a lost caller by whom, where that says more.
        destination: The configured name of the human he was connected to.
        caller_connected_to: `human`, `bot` or `voicemail` at the end of the watch; None for nobody.
            A message that was left counts for whom he reached last.
        caller_lost: Whether his leg was ended by anything but himself, the human, a completed
            voicemail, a spoken goodbye, or the bot's own recorded finish.
        last_words: What the carrier said to him last; empty if it said nothing.
        introduction: What he and the human were both told once they were together.
        left_bot: Whether the bot let go of him, or he was taken or cut off from it.
        announcement_cut_ms: How much of what the bot said last, before it let go of him for a
            human, he did not hear; None if it did not, or he was told nothing.
        stages_ms: How long each stage took, as far as the call came.
    """

    scenario: str
    outcome: str
    reason: str | None
    destination: str | None
    attempts: tuple[Attempt, ...]
    caller_connected_to: str | None
    caller_lost: bool
    left_bot: bool
    last_words: str
    introduction: str | None
    announcement_cut_ms: int | None
    stages_ms: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


def build_report(
    scenario: str, events: Sequence[Event], names: Mapping[str, str], *, until: float
) -> Report:
    """Read what became of a call.

    Args:
        scenario: Its name, for the reader.
        events: The local Plivo's log of one caller (`record.Belonging` picks it), in order.
        names: The configured name of each destination, by the address that is dialled.
        until: When the watch ended, in the log's own seconds.
    """
    record = Record.of(events, names)
    outcome = _outcome(record)
    handover = Handover.find(events)
    return Report(
        scenario=scenario,
        outcome=outcome,
        reason=_reason(record, outcome),
        destination=record.bridged.destination if record.bridged else None,
        attempts=tuple(_attempt(record, leg) for leg in record.legs.values()),
        caller_connected_to=_connected_to(record),
        caller_lost=outcome == "lost",
        left_bot=record.left_bot,
        last_words=record.caller.last_words,
        introduction=record.introduction,
        announcement_cut_ms=handover.cut_ms,
        stages_ms=dict(stages(events, handover, until)),
    )


def _outcome(record: Record) -> str:
    if record.caller.ended is not None:
        return _ending(record, record.caller.ended)
    if record.talking:
        return "connected"
    if record.streaming:
        tried = [leg.ended for leg in record.legs.values()]
        return "returned" if tried and all(tried) else "with_bot"
    return "waiting"


def _ending(record: Record, ended: Event) -> str:
    """How a call that is over has ended: by somebody who may end it, or else it is lost."""
    human, source, steps = record.bridged, ended["source"], record.caller.steps
    if source == HangupSource.CALLER:
        alone = "voicemail" if record.caller.message else "caller_left"
        return "connected" if human else alone
    meant = ended["code"] == _NORMAL and steps[-1:] == ["Hangup"]
    if source != HangupSource.ANSWER_XML or not meant:
        return "lost"
    if record.caller.message:
        return "voicemail"
    if record.caller.spoken:
        return "goodbye"
    if human and human.talked_until_hung_up:
        return "connected"
    # The one bare Hangup that is left is the bot's own: its socket closed and nobody was dialled.
    closed_by_bot = record.closed_by == "app" and steps[-3:] == ["Stream", "Redirect", "Hangup"]
    return "finished" if closed_by_bot else "lost"


def _reason(record: Record, outcome: str) -> str | None:
    ended = record.caller.ended
    if outcome == "lost" and ended is not None:
        if ended["source"] == HangupSource.API_REQUEST:
            return "api_request"
        return str(reason_for(cause_code=ended["code"]))
    if outcome in ("connected", "finished"):
        return str(Reason.COMPLETED)
    if outcome == "caller_left":
        return str(Reason.CALLER_LEFT)
    if outcome in ("returned", "voicemail", "goodbye"):
        failed = [why for leg in record.legs.values() if (why := _why_not(leg)) is not None]
        if failed:
            return failed[-1]
    return str(Reason.STREAM_LOST) if record.stream_broke else None


def _why_not(leg: Leg) -> str | None:
    """Why a human did not get the caller, once his leg has ended."""
    if leg.ended is None:
        return None
    if leg.machine:
        return str(Reason.MACHINE)
    if leg.line is not None and leg.answered:
        return str(Reason.DECLINED if leg.answer else Reason.NOT_CONFIRMED)
    return str(reason_for(status=leg.ended.get("dial_status"), cause_code=leg.ended["code"]))


def _connected_to(record: Record) -> str | None:
    if record.caller.recording or record.caller.message:
        return "voicemail"
    if record.caller.ended is not None:
        return None
    if record.talking:
        return "human"
    return "bot" if record.streaming else None


def _attempt(record: Record, leg: Leg) -> Attempt:
    ended = leg.ended or {}
    return Attempt(
        leg.destination,
        ended.get("cause"),
        ended.get("code"),
        leg.answer,
        record.abandoned(leg),
    )
