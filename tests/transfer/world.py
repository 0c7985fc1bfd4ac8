"""A carrier, its callers and the network between us, small enough to be explored whole.

`World` is one moment: where the caller's leg and the human's really are, what is under way to us
and from us, and the call as our store has it. `steps` gives every moment that may come next. The
rules of the carrier are its own (Plivo's documents and streams); of the product it uses what the
carrier sees: events in, commands and documents out.

What is on the way to us stays there once it was sent. So each callback may come late, twice, in any
order, or never, without a rule for any of that. It is left out of the world when it is old, that is
about an attempt, a stream or an escalation before the present one; that old letters change nothing
is asked of every stored call that is ever reached.

The carrier is taken at its word in two things. The leg's own requests for its next document are
repeated until they are answered. A request of ours has been carried out or lost before a human who
is called after it can pick up: it times out sooner than anybody answers a telephone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from escalate.transfer import (
    Attempt,
    Call,
    DocumentOwner,
    Escalation,
    LastResort,
    Leg,
    Limits,
    machine,
)
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer import events as e
from escalate.transfer.documents import document_for
from escalate.values import Reason, Trigger

# --- what travels -------------------------------------------------------------------------------


class Word(StrEnum):
    """What a letter to us says."""

    # From the carrier's leg, which waits for the answer.
    ARRIVED = "arrived"
    DIAL_ENDED = "dial ended"
    # From the carrier, reporting.
    STREAM_STARTED = "stream started"
    HUMAN_ANSWERED = "human answered"
    HUMAN_CONNECTED = "human connected"
    HUMAN_LEG_ENDED = "human leg ended"
    HUNG_UP = "hung up"
    # From the carrier, answering a request of ours.
    MOVE_ACCEPTED = "move accepted"
    MOVE_REFUSED = "move refused"
    MOVE_UNCLEAR = "move unclear"
    IS_LIVE = "is live"
    IS_GONE = "is gone"
    # From the bot, and from ourselves.
    ASKED = "asked"
    ANNOUNCED = "announced"
    RETRACTED = "retracted"
    BOT_STARTED = "bot started"
    BOT_FINISHED = "bot finished"
    DEADLINE = "deadline"


class Letter(NamedTuple):
    """One thing somebody tells us. `number` is a stream's or an attempt's."""

    word: Word
    escalation: str = ""
    number: int = 0
    reason: Reason = Reason.UNKNOWN
    connected: bool = False
    last_resort: LastResort = LastResort.BOT
    deadline: float = 0.0


class Order(StrEnum):
    """What a request of ours asks of the carrier or of the bot."""

    MOVE = "move"
    STOP = "stop"
    CHECK = "check"
    HANG_UP = "hang up"


class Request(NamedTuple):
    """A request under way. `number` is the stream that the caller was on when it was made."""

    order: Order
    escalation: str = ""
    number: int = 0


_ORDERS: Final = {
    c.MoveCaller: Order.MOVE,
    c.StopStream: Order.STOP,
    c.ReleaseStream: Order.STOP,
    c.CheckCaller: Order.CHECK,
}

# --- where everybody is -------------------------------------------------------------------------


class At(StrEnum):
    """What the caller's leg is doing."""

    STREAM = "stream"
    ASKING = "asking"  # it asked us for its next document and waits
    KEPT = "kept"  # in the document that says "one moment" and asks again
    DIAL = "dial"
    GOODBYE = "goodbye"
    GONE = "gone"


class Place(NamedTuple):
    """Where the caller's leg is. `follows`: something of ours follows the stream it is on.

    `asks` is the request whose answer it waits for; `why` tells how it ended.
    """

    at: At
    number: int = 0
    follows: bool = True
    escalation: str = ""
    asks: Letter | None = None
    why: str = ""


class Phase(StrEnum):
    """What the human's leg is doing."""

    RINGING = "ringing"
    ANSWERED = "answered"
    BRIDGED = "bridged"


class Human(NamedTuple):
    """A human's leg, which lives inside the caller's Dial. It rings no longer than `until`."""

    phase: Phase
    until: float


HUNG_UP, OUR_DOCUMENT, OUR_REQUEST = "caller hung up", "our document", "our request"
NOTHING_FOLLOWED, GOODBYE_SAID = "nothing followed the stream", "goodbye"

# --- our side -----------------------------------------------------------------------------------


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
    """What our side is configured to do."""

    plan: tuple[Leg, ...] = (Leg("support", 20.0), Leg("duty", 30.0))
    budget_s: float = 60.0
    limits: Limits = field(default_factory=lambda: Limits(streams=1))
    asks: int = 2


class Product:
    """The code under test: the stored call, told letter by letter.

    Without `clock` time stands still: every time in a stored call is brought back to a constant, so
    that worlds which differ in nothing else are the same world, and results are remembered. A
    deadline may then pass at any moment, and patience runs out by a step of its own.
    """

    def __init__(self, policy: Policy, *, clock: bool = False) -> None:
        self.policy = policy
        self.clock = clock
        self._records: dict[Call, Record] = {}
        self._told: dict[tuple[Record, Letter], Told] = {}

    def record(self, call: Call) -> Record:
        """The one record of this call."""
        if self.clock:
            return Record(call)
        call = _timeless(call)
        known = self._records.get(call)
        if known is None:
            known = self._records[call] = Record(call)
            self._old_letters_change_nothing(known)
        return known

    def _old_letters_change_nothing(self, record: Record) -> None:
        for letter in _every_letter(record.call):
            if is_old(record, letter):
                told = machine.receive(record.call, self.event(letter), _SOON)
                assert not told.changed, f"an old letter changes nothing: {letter.word}"
                assert not told.commands, f"an old letter gives no orders: {letter.word}"

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
        again = machine.receive(first.call, event, now)
        assert not again.changed, f"a repeated callback changes nothing: {letter.word}"
        assert first.call.past[: len(record.call.past)] == record.call.past, "history is kept"
        return Told(self.record(first.call) if first.changed else record, first.commands)

    def event(self, letter: Letter) -> e.Event:
        """What our routes and adapters make of a letter."""
        escalation, number = letter.escalation, letter.number
        match letter.word:
            case Word.ARRIVED:
                rescue = self.request(f"rescue-{number}", LastResort.GOODBYE)
                return e.CallerArrived(number, replace(rescue, trigger=Trigger.BOT_LOST))
            case Word.DIAL_ENDED:
                return e.DialEnded(
                    escalation, number, connected=letter.connected, reason=letter.reason
                )
            case Word.STREAM_STARTED:
                return e.StreamStarted(number)
            case Word.HUMAN_ANSWERED:
                return e.HumanAnswered(escalation, number)
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
                return self.request(escalation, letter.last_resort)
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

    def request(self, name: str, last_resort: LastResort) -> e.Requested:
        """Ask for a human, as the policy has it."""
        policy = self.policy
        return e.Requested(
            name,
            Trigger.ASKED,
            "asked",
            policy.plan,
            policy.budget_s,
            last_resort,
            limits=policy.limits,
        )


def is_old(record: Record, letter: Letter) -> bool:
    """Whether a letter is about something that is over."""
    call, held = record.call, record.held
    if call.ended:
        return True
    if letter.word in _ABOUT_STREAMS:
        return letter.number < call.stream
    if letter.word in _ABOUT_THE_CALL:
        return False
    if held is None or held.id != letter.escalation:
        return True
    if letter.word is Word.DIAL_ENDED and letter.connected:
        return False
    current = held.current.number if held.current is not None else 0
    return letter.word in _ABOUT_ATTEMPTS and letter.number < current


def _every_letter(call: Call) -> Iterator[Letter]:
    """One letter of each kind that may have been sent until now."""
    yield Letter(Word.HUNG_UP)
    for word in _ABOUT_STREAMS:
        for number in range(1, call.stream + 1):
            yield Letter(word, number=number)
    if call.escalation is None:
        return
    name = call.escalation.id
    for word in Word:
        if word in _ABOUT_ATTEMPTS:
            for attempt in call.escalation.attempts:
                yield Letter(word, name, attempt.number, Reason.NO_ANSWER)
                yield Letter(word, name, attempt.number, Reason.COMPLETED, connected=True)
        elif word not in _ABOUT_STREAMS and word not in _ABOUT_THE_CALL:
            yield Letter(word, name, deadline=_SOON if word is Word.DEADLINE else 0.0)


_ABOUT_STREAMS: Final = (Word.ARRIVED, Word.STREAM_STARTED, Word.BOT_FINISHED)
_ABOUT_THE_CALL: Final = (Word.HUNG_UP, Word.BOT_STARTED, Word.ASKED)
_ABOUT_ATTEMPTS: Final = (
    Word.DIAL_ENDED,
    Word.HUMAN_ANSWERED,
    Word.HUMAN_CONNECTED,
    Word.HUMAN_LEG_ENDED,
)

_NOW, _SOON, _NEVER, _LONG_AGO = 0.0, 1.0, 1e6, -1e6
_TODAY = 1000.0


def _timeless(call: Call) -> Call:
    """The same call with constants for times, and without what can play no part any more."""
    since = call.stream_since
    return replace(
        call,
        opened_at=_NOW,
        stream_since=None if since is None else _either(since, _NOW),
        ended_at=_NOW if call.ended else None,
        escalation=_timeless_escalation(call.escalation),
        past=(),
        revision=0,
    )


def _either(time: float, lately: float) -> float:
    return _LONG_AGO if time < _NOW else lately


def _timeless_escalation(held: Escalation | None) -> Escalation | None:
    if held is None:
        return None
    ending = None if held.ending is None else replace(held.ending, at=_NOW)
    return replace(
        held,
        opened_at=_NOW,
        give_up_at=_either(held.give_up_at, _NEVER),
        deadline=None if held.deadline is None else _SOON,
        attempts=tuple(_timeless_attempt(attempt) for attempt in held.attempts),
        ending=ending,
    )


def _timeless_attempt(attempt: Attempt) -> Attempt:
    if attempt.ended_at is not None:
        return Attempt(
            attempt.number,
            attempt.destination,
            attempt.ring_s,
            _NOW,
            touched=attempt.touched,
            ended_at=_NOW,
            reason=attempt.reason,
        )
    return replace(
        attempt,
        started_at=_NOW,
        answered_at=None if attempt.answered_at is None else _NOW,
        connected_at=None if attempt.connected_at is None else _NOW,
        ended_at=None if attempt.ended_at is None else _NOW,
    )


# --- the world ----------------------------------------------------------------------------------


class World(NamedTuple):
    """One moment.

    `moves_to` is the stream named in a transfer that waits for the stream to end; zero is none.
    The last five are what an observer remembers who sees everything: `asked` how often somebody
    asked for a human, `talk_over` that the conversation ended as it should (the bot's recorded
    finish or the human's hang-up), `met` that the present escalation's human and the caller were
    bridged, `spoken` that a callback about the present attempt has reached us, and `stream` the
    number of the caller's latest stream.
    """

    record: Record
    place: Place
    human: Human | None = None
    moves_to: int = 0
    post: frozenset[Letter] = frozenset()
    requests: frozenset[Request] = frozenset()
    now: float = _NOW
    asked: int = 0
    talk_over: bool = False
    met: bool = False
    spoken: bool = False
    stream: int = 1


class Actor(StrEnum):
    """Whose move it is."""

    CALLER = "caller"
    HUMAN = "human"
    BOT = "bot"
    CARRIER = "carrier"
    NETWORK = "network"
    CLOCK = "clock"


class Step(NamedTuple):
    """From one moment to the next: who did what, what we were told, and what we had executed."""

    actor: Actor
    what: str
    before: World
    after: World
    told: Letter | None = None
    executed: d.Document | None = None
    commands: tuple[c.Command, ...] = ()


def begin(product: Product, owner: DocumentOwner) -> World:
    """A caller who has just been put on his first stream by the answer document of `owner`."""
    now = _TODAY if product.clock else _NOW
    record = product.record(Call("call-1", owner, opened_at=now))
    world = World(record, Place(At.GONE), now=now)
    return _on_stream(world, 1, follows=owner is DocumentOwner.OURS)


def steps(product: Product, w: World) -> Iterator[Step]:
    """Everything that may happen next."""
    if w.place.at is not At.GONE:
        yield Step(Actor.CALLER, "the caller hangs up", w, _gone(w, HUNG_UP))
    yield from _places(product, w)
    if w.human is not None:
        yield from _humans(w, w.human)
    for request in w.requests:
        yield from _carried_out(product, w, request)
    for letter in w.post:
        yield tell(product, w, letter, Actor.NETWORK)
    if w.asked < product.policy.asks and not w.record.call.ended:
        yield from _asks(product, w)
    yield from _clock(product, w)


def tell(product: Product, w: World, letter: Letter, actor: Actor) -> Step:
    """We are told something, and give our orders."""
    told = product.tell(w.record, letter, w.now)
    after = _noted(w, letter, told)
    if not product.clock:
        after = _without_old(after)
    return Step(actor, f"we are told: {letter.word}", w, after, letter, None, told.commands)


def _noted(w: World, letter: Letter, told: Told) -> World:
    """The world once our side has taken in a letter."""
    if told.record is w.record and not told.commands and letter.word is not Word.BOT_FINISHED:
        return w._replace(spoken=w.spoken or _speaks(w.record, letter))
    held, was = told.record.held, w.record.held
    name = held.id if held is not None else was.id if was is not None else ""
    orders = {
        Request(_ORDERS[type(command)], name, told.record.call.stream)
        for command in told.commands
        if type(command) in _ORDERS
    }
    talk_over = w.talk_over
    if letter.word is Word.BOT_FINISHED:
        talk_over = talk_over or (was is None and letter.number == w.stream)
        if told.record.call.over and told.record.call.document is DocumentOwner.THEIRS:
            # Nothing follows a foreign document's stream: the bot's process ends the call.
            orders.add(Request(Order.HANG_UP))
    spoken = _speaks(w.record, letter) or w.spoken
    if _attempt(told.record) != _attempt(w.record):
        spoken = False
    met = w.met and (was is not None or held is None)
    requests = w.requests | orders
    if was is None and held is not None:
        met = False
    return w._replace(
        record=told.record, requests=requests, talk_over=talk_over, spoken=spoken, met=met
    )


def _without_old(w: World) -> World:
    post = frozenset(letter for letter in w.post if not is_old(w.record, letter))
    held = w.record.held
    wanted = None if held is None else held.id
    requests = frozenset(
        request
        for request in w.requests
        if request.order is not Order.CHECK or request.escalation == wanted
    )
    return w._replace(post=post, requests=requests)


def _attempt(record: Record) -> tuple[str, int] | None:
    escalation = record.call.escalation
    if escalation is None or escalation.current is None:
        return None
    return escalation.id, escalation.current.number


def _speaks(record: Record, letter: Letter) -> bool:
    """Whether a letter is about the attempt in progress."""
    return letter.word in _ABOUT_ATTEMPTS and _attempt(record) == (letter.escalation, letter.number)


# --- the caller's leg ---------------------------------------------------------------------------


def _places(product: Product, w: World) -> Iterator[Step]:
    place = w.place
    match place.at:
        case At.STREAM:
            yield Step(Actor.NETWORK, "the stream ends", w, _stream_ends(w, NOTHING_FOLLOWED))
            yield tell(product, w, Letter(Word.BOT_STARTED), Actor.BOT)
        case At.ASKING if place.asks is not None:
            asked = tell(product, w, place.asks, Actor.CARRIER)
            # The letter may reach us once more, long after its answer has been executed.
            heard = _sent(asked.after, place.asks)
            yield asked._replace(what=f"unanswered: {place.asks.word}", after=heard)
            document = heard.record.document
            yield asked._replace(
                what=f"{place.asks.word} -> {type(document).__name__}",
                after=_execute(product, heard, document),
                executed=document,
            )
        case At.KEPT:
            again = w._replace(place=place._replace(at=At.ASKING))
            yield Step(Actor.CARRIER, "the kept caller's leg asks again", w, again)
        case At.GOODBYE:
            yield Step(Actor.CARRIER, "the goodbye is said", w, _gone(w, GOODBYE_SAID))
        case _:
            pass


def _execute(product: Product, w: World, document: d.Document) -> World:
    """The caller's leg runs the document it was given."""
    match document:
        case d.ConnectBot(stream):
            return _on_stream(w, stream, follows=True)
        case d.DialHuman(escalation, attempt):
            until = w.now + attempt.ring_s if product.clock else _NEVER
            place = Place(At.DIAL, attempt.number, escalation=escalation)
            return w._replace(place=place, human=Human(Phase.RINGING, until))
        case d.SayGoodbye():
            return w._replace(place=Place(At.GOODBYE))
        case d.HangUp():
            return _gone(w, OUR_DOCUMENT)
        case _:
            return w._replace(place=w.place._replace(at=At.KEPT))


def _on_stream(w: World, number: int, *, follows: bool) -> World:
    place = Place(At.STREAM, number, follows)
    started = _sent(w, Letter(Word.STREAM_STARTED, number=number))
    finished = _sent(started, Letter(Word.BOT_FINISHED, number=number))
    # Whoever is with the bot again is in a conversation again.
    return finished._replace(place=place, stream=number, talk_over=False)


def _stream_ends(w: World, otherwise: str) -> World:
    """A transfer that waits comes first, then what the document holds, then nothing."""
    if w.moves_to:
        asks = Letter(Word.ARRIVED, number=w.moves_to)
    elif w.place.follows:
        asks = Letter(Word.ARRIVED, number=w.place.number)
    else:
        return _gone(w, otherwise)
    return w._replace(place=Place(At.ASKING, asks=asks), moves_to=0)


def _gone(w: World, why: str) -> World:
    """The caller's leg ends, and a human's with it. Only our own application is told."""
    place = w.place
    useful = frozenset(r for r in w.requests if r.order in (Order.MOVE, Order.CHECK))
    after = w._replace(place=Place(At.GONE, why=why), human=None, moves_to=0, requests=useful)
    if w.human is not None:
        after = _sent(
            after, Letter(Word.HUMAN_LEG_ENDED, place.escalation, place.number, Reason.CANCELLED)
        )
        connected = w.human.phase is Phase.BRIDGED
        after = _sent(after, _dial_ended(place, Reason.CANCELLED, connected=connected))
    if w.record.call.document is DocumentOwner.OURS:
        after = _sent(after, Letter(Word.HUNG_UP))
    return after


def _sent(w: World, letter: Letter) -> World:
    return w._replace(post=w.post | {letter})


# --- the human's leg ----------------------------------------------------------------------------


def _humans(w: World, human: Human) -> Iterator[Step]:
    name, number = w.place.escalation, w.place.number
    if human.phase is Phase.BRIDGED:
        yield Step(
            Actor.HUMAN,
            "the human hangs up",
            w,
            _dial_is_over(w, Reason.COMPLETED)._replace(talk_over=True),
        )
        return
    if human.phase is Phase.RINGING:
        after = w._replace(human=Human(Phase.ANSWERED, _NEVER), requests=frozenset())
        after = _sent(after, Letter(Word.HUMAN_ANSWERED, name, number))
        yield Step(Actor.HUMAN, "the human answers", w, after)
    else:
        after = w._replace(human=Human(Phase.BRIDGED, _NEVER), met=True)
        after = _sent(after, Letter(Word.HUMAN_CONNECTED, name, number))
        yield Step(Actor.CARRIER, "caller and human are bridged", w, after)
    for reason in (Reason.NO_ANSWER, Reason.SIP_AUTH_FAILED):
        yield Step(Actor.HUMAN, f"the human's leg ends: {reason}", w, _dial_is_over(w, reason))


def _dial_is_over(w: World, reason: Reason) -> World:
    """The human's leg ended first; the caller's asks what comes next."""
    connected = w.human is not None and w.human.phase is Phase.BRIDGED
    asks = _dial_ended(w.place, reason, connected=connected)
    after = _sent(w, Letter(Word.HUMAN_LEG_ENDED, w.place.escalation, w.place.number, reason))
    return after._replace(human=None, place=Place(At.ASKING, asks=asks))


def _dial_ended(place: Place, reason: Reason, *, connected: bool) -> Letter:
    return Letter(Word.DIAL_ENDED, place.escalation, place.number, reason, connected)


# --- our requests -------------------------------------------------------------------------------


def _carried_out(product: Product, w: World, request: Request) -> Iterator[Step]:
    """What may become of a request. It may also never leave us: then nothing takes this step."""
    done = w._replace(requests=w.requests - {request})
    gone = w.place.at is At.GONE
    what = f"carried out: {request.order}"
    match request.order:
        case Order.MOVE if gone:
            yield Step(Actor.CARRIER, what, w, _sent(done, Letter(Word.HUNG_UP)))
        case Order.MOVE:
            if w.human is not None and w.human.phase is not Phase.RINGING:
                return
            refused = _sent(done, Letter(Word.MOVE_REFUSED, request.escalation))
            yield Step(Actor.CARRIER, "the move is refused", w, refused)
            accepted = _sent(done, Letter(Word.MOVE_ACCEPTED, request.escalation))
            yield Step(Actor.CARRIER, what, w, _moved(accepted, request.number))
        case Order.STOP if w.place.at is At.STREAM:
            yield Step(Actor.CARRIER, what, w, _stream_ends(done, OUR_REQUEST))
        case Order.CHECK:
            word = Word.IS_GONE if gone else Word.IS_LIVE
            letter = Letter(word, request.escalation)
            if gone:
                yield Step(Actor.CARRIER, what, w, _sent(done, letter))
            else:
                # An old "he is there" says nothing: it is taken in at once or lost.
                yield tell(product, done, letter, Actor.CARRIER)._replace(before=w)
        case Order.HANG_UP if not gone:
            yield Step(Actor.CARRIER, what, w, _gone(done, OUR_REQUEST))
        case _:
            yield Step(Actor.CARRIER, f"too late: {request.order}", w, done)


def _moved(w: World, stream: int) -> World:
    """A stream is played to its end first; whatever else the leg does is broken off."""
    if w.place.at is At.STREAM:
        return w._replace(moves_to=stream)
    after = w
    if w.human is not None:
        name, number = w.place.escalation, w.place.number
        after = _sent(after, Letter(Word.HUMAN_LEG_ENDED, name, number, Reason.CANCELLED))
    asks = Letter(Word.ARRIVED, number=stream)
    return after._replace(human=None, place=Place(At.ASKING, asks=asks))


# --- the bot, and time --------------------------------------------------------------------------


def _asks(product: Product, w: World) -> Iterator[Step]:
    """Somebody asks for a human: the detector, the model, or the application."""
    name = f"esc-{w.asked + 1}"
    for last_resort in LastResort:
        letter = Letter(Word.ASKED, name, last_resort=last_resort)
        step = tell(product, w, letter, Actor.BOT)
        after = step.after._replace(asked=w.asked + 1)
        if after.record.held is not None and after.record.held.id == name:
            for word in (Word.ANNOUNCED, Word.RETRACTED, Word.MOVE_UNCLEAR):
                after = _sent(after, Letter(word, name))
        yield step._replace(after=after)


def _clock(product: Product, w: World) -> Iterator[Step]:
    held = w.record.held
    if held is None:
        return
    deadline = held.deadline
    if deadline is not None and (not product.clock or w.now >= deadline):
        letter = Letter(Word.DEADLINE, held.id, deadline=deadline)
        yield tell(product, _sent(w, letter) if product.clock else w, letter, Actor.CLOCK)
    if not product.clock and held.give_up_at > _NOW:
        yield Step(Actor.CLOCK, "patience runs out", w, w._replace(record=_late(product, w.record)))


def _late(product: Product, record: Record) -> Record:
    held = record.held
    assert held is not None
    since = None if record.call.stream_since is None else _LONG_AGO
    late = replace(held, give_up_at=_LONG_AGO)
    return product.record(replace(record.call, escalation=late, stream_since=since))


def wait(w: World, seconds: float) -> World:
    """Let time pass; the carrier lets nobody's phone ring longer than it was asked to."""
    if w.human is not None and w.human.phase is Phase.RINGING and w.now + seconds > w.human.until:
        return _dial_is_over(w._replace(now=w.human.until), Reason.NO_ANSWER)
    return w._replace(now=w.now + seconds)


# --- fairness -----------------------------------------------------------------------------------


def hear_all(product: Product, w: World) -> World:
    """The world once all that is under way to us has arrived."""
    for letter in sorted(w.post):
        w = tell(product, w, letter, Actor.NETWORK).after
    return w


def go_on_alone(product: Product, w: World) -> World:
    """The world a little later if nobody wants anything and nothing under way ever arrives.

    The caller's leg gets its documents, phones stop ringing, goodbyes end, deadlines pass, and the
    carrier answers truthfully whether the leg is there. All else is lost.
    """
    checks = [request for request in w.requests if request.order is Order.CHECK]
    w = w._replace(post=frozenset(), requests=frozenset())
    if w.human is not None and w.human.phase is not Phase.BRIDGED:
        w = _dial_is_over(w, Reason.NO_ANSWER)
    elif w.place.at is At.ASKING and w.place.asks is not None:
        w = tell(product, w, w.place.asks, Actor.CARRIER).after
        w = _execute(product, w, w.record.document)
    elif w.place.at is At.KEPT:
        w = w._replace(place=w.place._replace(at=At.ASKING))
    elif w.place.at is At.GOODBYE:
        w = _gone(w, GOODBYE_SAID)
    for check in checks:
        word = Word.IS_GONE if w.place.at is At.GONE else Word.IS_LIVE
        w = tell(product, w, Letter(word, check.escalation), Actor.CARRIER).after
    held = w.record.held
    if held is not None and held.deadline is not None and w.place.at is not At.ASKING:
        letter = Letter(Word.DEADLINE, held.id, deadline=held.deadline)
        w = tell(product, w._replace(now=max(w.now, held.deadline)), letter, Actor.CLOCK).after
    return w._replace(post=frozenset())


def is_at_rest(w: World) -> bool:
    """Nothing has to happen any more: two people talk, or it is settled and the caller is safe."""
    if w.human is not None and w.human.phase is Phase.BRIDGED:
        return True
    return w.record.held is None and w.place.at in (At.STREAM, At.GONE)
