"""Our side: the code under test, told letter by letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, NamedTuple

from escalate.transfer import (
    TABLE,
    Attempt,
    Call,
    Escalation,
    LastResort,
    Leg,
    Limits,
    Mode,
    Row,
    State,
    machine,
)
from escalate.transfer import commands as c
from escalate.transfer import events as e
from escalate.transfer.documents import document_for
from escalate.values import Reason, Trigger

from .letters import Letter, Word

NOW, SOON, LATER, NEVER, LONG_AGO = 0.0, 1.0, 2.0, 1e6, -1e6
TODAY = 1000.0
RECORDING = "recording-1"
# What a human asks for who asks for time (seconds).
DEFER_S = 20.0


class Record:
    """The stored call, and what can be said of it once for all worlds that share it."""

    __slots__ = ("call", "document", "held")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.held = call.open_escalation
        self.document = document_for(call)


class Told(NamedTuple):
    """What a letter made of the stored call."""

    record: Record
    commands: tuple[c.Command, ...]


@dataclass(frozen=True)
class Policy:
    """What our side is configured to do, and how much of what others do makes a difference.

    Where two things that a called human may do lead to the same rows, only a `thorough` walk takes
    both ways; else the first destination stands for the one and the second for the other.
    """

    plan: tuple[Leg, ...] = (Leg("support", 20.0), Leg("duty", 30.0))
    budget_s: float = 60.0
    limits: Limits = field(default_factory=lambda: Limits(streams=1))
    asks: int = 2
    mode: Mode = Mode.COLD
    together: bool = False
    introduce: bool = False
    defers: bool = False
    last_resorts: tuple[LastResort, ...] = (LastResort.BOT, LastResort.GOODBYE)
    thorough: bool = True


class Product:
    """The code under test: the stored call, told letter by letter.

    Without `clock` time stands still: every time in a stored call is brought back to a constant, so
    that worlds which differ in nothing else are the same world, and results are remembered. A
    deadline may then pass at any moment, and patience runs out by a step of its own.
    """

    def __init__(
        self, policy: Policy, *, clock: bool = False, table: Sequence[Row] = TABLE
    ) -> None:
        self.policy = policy
        self.clock = clock
        self._records: dict[Call, Record] = {}
        self._asked: set[Record] = set()
        self._told: dict[tuple[Record, Letter], Told] = {}
        self._events: dict[Letter, e.Event] = {}
        # A row that a mistake has taken away is missed only if its letters still arrive.
        self._heeded = _heeded((*TABLE, *table))

    def record(self, call: Call) -> Record:
        """The one record of this call."""
        if self.clock:
            return Record(call)
        call = _timeless(call)
        known = self._records.get(call)
        if known is None:
            known = self._records[call] = Record(call)
        return known

    def old_letters_change_nothing(self, record: Record) -> None:
        """Ask that of the machine, once for each record.

        Raises:
            AssertionError: An old letter changes something.
        """
        if record in self._asked:
            return
        self._asked.add(record)
        for letter in _every_letter(record.call):
            if self.is_old(record, letter):
                told = machine.receive(record.call, self.event(letter), SOON)
                assert not told.changed, f"an old letter changes nothing: {letter.word}"
                assert not told.commands, f"an old letter gives no orders: {letter.word}"

    def is_old(self, record: Record, letter: Letter) -> bool:
        """Whether a letter can change nothing any more, now or later."""
        if _is_over(record, letter):
            return True
        if letter.word not in _ABOUT_THE_ESCALATION or record.held is None:
            return False
        return not isinstance(self.event(letter), self._heeded[record.held.state])

    def tell(self, record: Record, letter: Letter, now: float) -> Told:
        """Apply a letter.

        Raises:
            AssertionError: Telling it twice is not the same as telling it once.
        """
        if self.clock:
            return self._tell(record, letter, now)
        known = self._told.get((record, letter))
        if known is None:
            known = self._told[record, letter] = self._tell(record, letter, now)
        return known

    def _tell(self, record: Record, letter: Letter, now: float) -> Told:
        now = max(now, letter.deadline)
        event = self.event(letter)
        first = machine.receive(record.call, event, now)
        # The machine is a function: where nothing changed it would say the same once more.
        again = machine.receive(first.call, event, now) if first.changed else first
        assert not again.changed, f"a repeated callback changes nothing: {letter.word}"
        if letter.word is Word.DEADLINE:
            assert not again.commands, "a deadline that has passed does not pass again"
        if not first.changed:
            return Told(record, first.commands)
        assert first.call.past[: len(record.call.past)] == record.call.past, "history is kept"
        assert _names_are_kept(record.call, first.call), "each leg keeps the name it was told by"
        return Told(self.record(first.call), first.commands)

    def event(self, letter: Letter) -> e.Event:
        """What our routes and adapters make of a letter."""
        known = self._events.get(letter)
        if known is None:
            known = self._events[letter] = self._event(letter)
        return known

    def _event(self, letter: Letter) -> e.Event:
        escalation, number = letter.escalation, letter.number
        match letter.word:
            case Word.ARRIVED:
                rescue = self.request(f"rescue-{number}", LastResort.GOODBYE, Mode.COLD)
                return e.CallerArrived(number, replace(rescue, trigger=Trigger.BOT_LOST))
            case Word.DIAL_ENDED:
                return e.DialEnded(
                    escalation, number, connected=letter.connected, reason=letter.reason
                )
            case Word.STREAM_STARTED:
                return e.StreamStarted(number)
            case Word.HUMAN_ANSWERED:
                # In a Dial the human's leg has no name of its own that we would use.
                return e.HumanAnswered(escalation, number, letter.leg or None)
            case Word.MACHINE_ANSWERED:
                return e.MachineAnswered(escalation, number, letter.leg or None)
            case Word.HUMAN_ACCEPTED:
                return e.HumanAccepted(escalation, number)
            case Word.HUMAN_DECLINED:
                after_s = DEFER_S if letter.reason is Reason.DEFERRED else None
                return e.HumanDeclined(escalation, number, letter.reason, after_s)
            case Word.CALLER_ENTERED:
                return e.CallerEntered(escalation)
            case Word.HUMAN_ENTERED:
                return e.HumanEntered(escalation, number)
            case Word.CALL_PLACED:
                return e.CallPlaced(escalation, number, f"request-{number}")
            case Word.CALL_REFUSED:
                return e.CallRefused(escalation, number, letter.reason)
            case Word.ROOM_CLOSED:
                return e.RoomClosed(escalation)
            case Word.MESSAGE_ENDED:
                return e.MessageEnded(escalation, RECORDING if letter.connected else None)
            case Word.IS_ALONE:
                return e.CallerAlone(escalation, number)
            case Word.HUMAN_CONNECTED:
                return e.HumanConnected(escalation, number)
            case Word.HUMAN_LEG_ENDED:
                return e.HumanLegEnded(escalation, number, letter.reason)
            case Word.HUNG_UP:
                return e.CallerHungUp()
            case Word.MOVE_ACCEPTED:
                return e.MoveAccepted(escalation)
            case Word.MOVE_REFUSED:
                return e.MoveRefused(escalation)
            case Word.MOVE_UNCLEAR:
                return e.MoveUnclear(escalation)
            case Word.IS_LIVE | Word.IS_GONE:
                return e.CallerChecked(escalation, alive=letter.word is Word.IS_LIVE)
            case Word.ASKED:
                return self.request(escalation, letter.last_resort, self.policy.mode)
            case Word.ANNOUNCED:
                return e.AnnouncementEnded(escalation)
            case Word.RETRACTED:
                return e.Retracted(escalation)
            case Word.BOT_STARTED:
                return e.StreamStarted()
            case Word.BOT_FINISHED:
                return e.BotFinished(number)
            case Word.DEADLINE:
                return e.DeadlinePassed(escalation, letter.deadline)

    def request(self, name: str, last_resort: LastResort, mode: Mode) -> e.Requested:
        """Ask for a human, as the policy has it."""
        policy = self.policy
        return e.Requested(
            name,
            Trigger.ASKED,
            "asked",
            policy.plan,
            policy.budget_s,
            last_resort,
            mode,
            together=policy.together,
            introduce=policy.introduce,
            limits=policy.limits,
        )


def _names_are_kept(before: Call, after: Call) -> bool:
    """Whether every human can be let go by his own leg, as the world calls it, as before."""
    was, held = before.escalation, after.escalation
    if was is None or held is None or was.id != held.id:
        return True
    return all(
        (one.leg in (None, f"leg-{one.number}")) and (one.leg or was_one.leg is None)
        for was_one, one in zip(was.attempts, held.attempts, strict=False)
    )


def _heeded(rows: Iterable[Row]) -> dict[State, tuple[type[e.Event], ...]]:
    """For each state the events of which a row says anything, there or in a state that may follow.

    Nothing but a row changes the state of an escalation that is open.
    """
    events = {state: {row.on for row in rows if row.state is state} for state in State}
    following = {state: {row.to for row in rows if row.state is state} for state in State}
    for _ in State:
        for then in following.values():
            then |= {later for one in then for later in following[one]}
    return {s: tuple(events[s].union(*(events[t] for t in following[s]))) for s in State}


def _is_over(record: Record, letter: Letter) -> bool:
    """Whether a letter is about something that is over."""
    call, held = record.call, record.held
    if call.ended:
        awaited = held is not None and held.id == letter.escalation
        return not awaited or letter.word not in _AFTER_THE_END
    if letter.word in _ABOUT_STREAMS:
        return letter.number < call.stream
    if letter.word in _ABOUT_THE_CALL:
        return False
    if held is None or held.id != letter.escalation:
        return True
    if letter.word is Word.DIAL_ENDED and letter.connected:
        return False
    if letter.word is Word.IS_ALONE:
        return letter.number != held.claimed_by
    if letter.word is Word.ROOM_CLOSED:
        return held.current is not None and letter.number < held.current.number
    return letter.word in ABOUT_ATTEMPTS and all(letter.number != one.number for one in held.live)


def _every_letter(call: Call) -> tuple[Letter, ...]:
    """One letter of each kind that may have been sent until now."""
    held = call.escalation
    if held is None:
        return _letters(call.stream, "", 0, in_room=False)
    last = held.current
    in_room = last is not None and last.accepted_at is not None
    return _letters(call.stream, held.id, len(held.attempts), in_room=in_room)


@cache
def _letters(streams: int, name: str, attempts: int, *, in_room: bool) -> tuple[Letter, ...]:
    letters = [Letter(Word.HUNG_UP)]
    for word in _ABOUT_STREAMS:
        letters += [Letter(word, number=number) for number in range(1, streams + 1)]
    for word in Word if name else ():
        if word in ABOUT_ATTEMPTS:
            # The caller goes into one room, once.
            last_only = word is Word.ROOM_CLOSED and in_room
            for number in range(attempts if last_only else 1, attempts + 1):
                letters.append(Letter(word, name, number, Reason.NO_ANSWER))
                if word in _WITH_A_REASON:
                    letters.append(Letter(word, name, number, Reason.COMPLETED, connected=True))
        elif word not in _ABOUT_STREAMS and word not in _ABOUT_THE_CALL:
            letters.append(Letter(word, name, deadline=SOON if word is Word.DEADLINE else 0.0))
    return tuple(letters)


_ABOUT_STREAMS: Final = (Word.ARRIVED, Word.STREAM_STARTED, Word.BOT_FINISHED)
_WITH_A_REASON: Final = (
    Word.DIAL_ENDED,
    Word.HUMAN_LEG_ENDED,
    Word.HUMAN_DECLINED,
    Word.CALL_REFUSED,
)
_ABOUT_THE_ESCALATION: Final = (
    Word.CALLER_ENTERED,
    Word.MOVE_ACCEPTED,
    Word.MOVE_REFUSED,
    Word.MOVE_UNCLEAR,
    Word.MESSAGE_ENDED,
    Word.ANNOUNCED,
    Word.RETRACTED,
)
# What is awaited of a caller who has gone, and how long.
_AFTER_THE_END: Final = (Word.MESSAGE_ENDED, Word.DEADLINE)
_ABOUT_THE_CALL: Final = (Word.HUNG_UP, Word.BOT_STARTED, Word.ASKED)
ABOUT_ATTEMPTS: Final = (
    Word.DIAL_ENDED,
    Word.HUMAN_ANSWERED,
    Word.MACHINE_ANSWERED,
    Word.HUMAN_CONNECTED,
    Word.HUMAN_LEG_ENDED,
    Word.HUMAN_ACCEPTED,
    Word.HUMAN_DECLINED,
    Word.HUMAN_ENTERED,
    Word.CALL_PLACED,
    Word.CALL_REFUSED,
    Word.ROOM_CLOSED,
    Word.IS_ALONE,
)


def _timeless(call: Call) -> Call:
    """The same call with constants for times, and without what can play no part any more."""
    since = call.stream_since
    return replace(
        call,
        opened_at=NOW,
        stream_since=None if since is None else _either(since, NOW),
        ended_at=NOW if call.ended else None,
        escalation=_timeless_escalation(call.escalation),
        past=(),
        revision=0,
    )


def _either(time: float, lately: float) -> float:
    return LONG_AGO if time < NOW else lately


def _timeless_escalation(held: Escalation | None) -> Escalation | None:
    if held is None:
        return None
    ending = None if held.ending is None else replace(held.ending, at=NOW)
    attempts = tuple(_timeless_attempt(attempt) for attempt in held.attempts)
    return replace(
        held,
        opened_at=NOW,
        give_up_at=_either(held.give_up_at, NEVER),
        deadline=None if held.deadline is None else _timeless_deadline(held, attempts),
        plan=tuple(map(_timeless_leg, held.plan)),
        attempts=attempts,
        ending=ending,
        nudges=_timeless_nudges(held),
    )


def _timeless_nudges(held: Escalation) -> int:
    """How often somebody was looked for, as far as a row asks: three times is as good as more."""
    if not held.is_open:
        return 0
    return min(held.nudges, 1 if held.state is State.RETURNING else 3)


def _timeless_deadline(held: Escalation, attempts: tuple[Attempt, ...]) -> float:
    """Of those who are called side by side one is given up before the other."""
    if held.state is not State.CONSULTING:
        return SOON
    return min((one.due_at for one in attempts if one.ended_at is None), default=LATER)


@cache
def _timeless_leg(leg: Leg) -> Leg:
    return replace(leg, not_before=LATER if leg.not_before else 0.0)


@cache
def _timeless_attempt(attempt: Attempt) -> Attempt:
    if attempt.ended_at is not None and attempt.accepted_at is None:
        return Attempt(
            attempt.number,
            attempt.destination,
            attempt.ring_s,
            NOW,
            touched=attempt.touched,
            ended_at=NOW,
            reason=attempt.reason,
        )
    return replace(
        attempt,
        started_at=NOW,
        due_at=SOON + attempt.number / 100,
        answered_at=None if attempt.answered_at is None else NOW,
        accepted_at=None if attempt.accepted_at is None else NOW,
        joined_at=None if attempt.joined_at is None else NOW,
        entered_at=None if attempt.entered_at is None else NOW,
        connected_at=None if attempt.connected_at is None else _either(attempt.connected_at, NOW),
        ended_at=None if attempt.ended_at is None else NOW,
    )
