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
from enum import StrEnum
from typing import Final, NamedTuple

from escalate.transfer import Call, DocumentOwner, Escalation, Mode, State
from escalate.transfer import commands as c
from escalate.transfer import documents as d
from escalate.transfer.documents import human_document_for
from escalate.values import Reason

from .letters import ABOUT_HUMANS, ORDERS, Letter, Order, Request, Word
from .product import ABOUT_ATTEMPTS, LATER, NEVER, NOW, TODAY, Product, Record, Told

# --- where everybody is -------------------------------------------------------------------------


class At(StrEnum):
    """What the caller's leg is doing."""

    STREAM = "stream"
    ASKING = "asking"  # it asked us for its next document and waits
    KEPT = "kept"  # in the document that says "one moment" and asks again
    DIAL = "dial"
    ROOM = "room"  # where the human waits, if he still does
    MESSAGE = "message"  # what he says is recorded
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
    """A human's leg, which lives inside the caller's Dial. It rings no longer than `until`.

    The number of his attempt is that of the caller's place; `others` ring beside him.
    """

    phase: Phase
    until: float
    others: frozenset[int] = frozenset()


class Called(StrEnum):
    """What the leg of a human is doing whom we have called."""

    RINGING = "ringing"
    ASKED = "asked"
    MEETING = "meeting"  # on the way into the room
    IN_ROOM = "in the room"


class Guest(NamedTuple):
    """The leg of a human whom we have called; it does not depend on the caller's.

    Once he is told to go he is as good as gone, and no longer in the world.
    """

    escalation: str
    number: int
    phase: Called
    until: float


HUNG_UP, OUR_DOCUMENT, OUR_REQUEST = "caller hung up", "our document", "our request"
NOTHING_FOLLOWED, GOODBYE_SAID = "nothing followed the stream", "goodbye"

# --- the world ----------------------------------------------------------------------------------


class World(NamedTuple):
    """One moment.

    `moves_to` is the stream named in a transfer that waits for the stream to end; zero is none.
    The last six are what an observer remembers who sees everything: `asked` how often somebody
    asked for a human, `talk_over` that the conversation ended as it should (the bot's recorded
    finish or the human's hang-up), `met` that the present escalation's human and the caller were
    bridged, `lasted` that they were for longer than a line takes to fail (only where time stands
    still), `spoken` that a callback about the present attempt has reached us, and `stream` the
    number of the caller's latest stream.
    """

    record: Record
    place: Place
    human: Human | None = None
    guests: frozenset[Guest] = frozenset()
    moves_to: int = 0
    post: frozenset[Letter] = frozenset()
    requests: frozenset[Request] = frozenset()
    now: float = NOW
    asked: int = 0
    talk_over: bool = False
    met: bool = False
    lasted: bool = False
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
    now = TODAY if product.clock else NOW
    record = product.record(Call("call-1", owner, opened_at=now))
    world = World(record, Place(At.GONE), now=now)
    return _on_stream(world, 1, follows=owner is DocumentOwner.OURS)


def tell(product: Product, w: World, letter: Letter, actor: Actor) -> Step:
    """We are told something, and give our orders."""
    told = product.tell(w.record, letter, w.now)
    after = _noted(w, letter, told)
    return Step(actor, _TOLD[letter.word], w, after, letter, None, told.commands)


_TOLD: Final = {word: f"we are told: {word}" for word in Word}


def _noted(w: World, letter: Letter, told: Told) -> World:
    """The world once our side has taken in a letter."""
    if letter.word is Word.CALL_PLACED:
        w = _recalled_unless_wanted(w, letter, told.record)
    if told.record is w.record and not told.commands and letter.word is not Word.BOT_FINISHED:
        speaks = not w.spoken and _speaks(w.record, letter)
        return w._replace(spoken=True) if speaks else w
    held, was = told.record.held, w.record.held
    name = held.id if held is not None else was.id if was is not None else ""
    orders = set(_requests(w, name, told))
    talk_over, met = w.talk_over, w.met and (was is not None or held is None)
    if letter.word is Word.ROOM_CLOSED and _talked_as_far_as_told(w):
        talk_over = met = True
    if letter.word is Word.BOT_FINISHED:
        recorded = was is None and not w.record.call.ended
        talk_over |= recorded and letter.number == w.stream == w.record.call.stream
        if told.record.call.over and told.record.call.document is DocumentOwner.THEIRS:
            # Nothing follows a foreign document's stream: the bot's process ends the call.
            orders.add(Request(Order.HANG_UP))
    spoken = _speaks(w.record, letter) or w.spoken
    if _attempt(told.record) != _attempt(w.record):
        spoken = False
    requests = w.requests | orders
    lasted = w.lasted
    if was is None and held is not None:
        met = lasted = False
    return w._replace(
        record=told.record,
        requests=requests,
        talk_over=talk_over,
        spoken=spoken,
        met=met,
        lasted=lasted,
    )


def _talked_as_far_as_told(w: World) -> bool:
    """With a clock that runs: whether, by all that was told in time, the human stayed to talk."""
    held = w.record.held
    met = held.current if held is not None else None
    if w.now == NOW or held is None or met is None or met.connected_at is None:
        return False
    return (met.ended_at or w.now) - met.connected_at >= held.limits.at_once_s


def _requests(w: World, escalation: str, told: Told) -> Iterator[Request]:
    """What our orders ask of the carrier and the bot."""
    for command in told.commands:
        match command:
            case c.CallHuman(number):
                yield Request(Order.CALL, escalation, number)
            case c.LookForHuman(number):
                yield Request(Order.LOOK, escalation, number)
            case c.LetHumanGo(number):
                yield from _letting_go(w.record, number)
            case _ if type(command) in ORDERS:
                yield Request(ORDERS[type(command)], escalation, told.record.call.stream)
            case _:
                pass


def _letting_go(record: Record, number: int) -> Iterator[Request]:
    """An answered leg is told to go; a request is taken back, if we know its name."""
    held = record.call.escalation
    assert held is not None
    attempt = held.attempts[number - 1]
    if attempt.leg is not None:
        yield Request(Order.LET_GO, held.id, number)
    elif attempt.request_uuid is not None:
        yield Request(Order.RECALL, held.id, number)


def _recalled_unless_wanted(w: World, placed: Letter, record: Record) -> World:
    """Who placed the call hears of it once, and takes it back when nobody waits for it."""
    w = w._replace(post=w.post - {placed})
    if is_wanted(record, placed.escalation, placed.number):
        return w
    recall = Request(Order.RECALL, placed.escalation, placed.number)
    return w._replace(requests=w.requests | {recall})


def is_wanted(record: Record, escalation: str, number: int) -> bool:
    """Whether the stored call says that this human is being called, asked or waited for."""
    held = record.held
    live = held.live if held is not None and held.id == escalation else ()
    return any(one.number == number for one in live)


def may_matter(w: World, request: Request) -> bool:
    """Whether a request may still change anything when it is carried out."""
    match request.order:
        case Order.CHECK:
            return w.record.held is not None and request.escalation == w.record.held.id
        case Order.LOOK:
            held = w.record.held
            return held is not None and held.claimed_by == request.number
        case Order.CALL:
            # The answer to it is given up long before the phone of the next would ring.
            return is_wanted(w.record, request.escalation, request.number)
        case Order.RECALL | Order.LET_GO:
            return guest(w, request.escalation, request.number) is not None
        case _:
            return True


def may_be_recalled(w: World, placed: Letter) -> bool:
    """Whether the word that a call was placed may still be noted, or have the call taken back."""
    name, number = placed.escalation, placed.number
    return is_wanted(w.record, name, number) or guest(w, name, number) is not None


def _attempt(record: Record) -> tuple[str, int] | None:
    escalation = record.call.escalation
    if escalation is None or escalation.current is None:
        return None
    return escalation.id, escalation.current.number


def _speaks(record: Record, letter: Letter) -> bool:
    """Whether a letter is about the attempt in progress."""
    return letter.word in ABOUT_ATTEMPTS and is_wanted(record, letter.escalation, letter.number)


# --- the caller's leg ---------------------------------------------------------------------------


def places(product: Product, w: World) -> Iterator[Step]:
    place = w.place
    match place.at:
        case At.STREAM:
            yield Step(Actor.NETWORK, "the stream ends", w, _stream_ends(w, NOTHING_FOLLOWED))
            yield tell(product, w, Letter(Word.BOT_STARTED), Actor.BOT)
        case At.ASKING if place.asks is not None:
            asked = tell(product, w, place.asks, Actor.CARRIER)
            # The letter may reach us once more, long after its answer has been executed.
            heard = sent(asked.after, place.asks)
            yield asked._replace(what=f"unanswered: {place.asks.word}", after=heard)
            document = heard.record.document
            yield asked._replace(
                what=f"{place.asks.word} -> {type(document).__name__}",
                after=execute(product, heard, document),
                executed=document,
            )
        case At.KEPT:
            again = w._replace(place=place._replace(at=At.ASKING))
            yield Step(Actor.CARRIER, "the kept caller's leg asks again", w, again)
        case At.MESSAGE:
            for recorded in (True, False):
                asks = _message_ended(place, recorded=recorded)
                what = "the caller has spoken" if recorded else "nothing is recorded"
                # The carrier reports it as well as asking what comes next.
                after = sent(w, asks)._replace(place=Place(At.ASKING, asks=asks))
                yield Step(Actor.CARRIER, what, w, after)
        case At.GOODBYE:
            yield Step(Actor.CARRIER, "the goodbye is said", w, gone(w, GOODBYE_SAID))
        case At.ROOM if not together(w):
            yield Step(Actor.CARRIER, "the caller is alone in the room", w, room_closed(w))
        case _:
            pass


def execute(product: Product, w: World, document: d.Document) -> World:
    """The caller's leg runs the document it was given."""
    match document:
        case d.ConnectBot(stream):
            return _on_stream(w, stream, follows=True)
        case d.DialHuman(escalation, attempt, others):
            ring_s = max(one.ring_s for one in (attempt, *others))
            until = w.now + ring_s if product.clock else NEVER
            place = Place(At.DIAL, attempt.number, escalation=escalation)
            beside = frozenset(one.number for one in others)
            return w._replace(place=place, human=Human(Phase.RINGING, until, beside))
        case d.JoinRoom(escalation):
            place = Place(At.ROOM, _held(w).claimed_by or 0, escalation=escalation)
            after = once_together(w._replace(place=place))
            entered = Letter(Word.CALLER_ENTERED, escalation)
            return sent(after, entered) if product.policy.introduce else after
        case d.TakeMessage(escalation):
            return w._replace(place=Place(At.MESSAGE, escalation=escalation))
        case d.SayGoodbye() | d.ThankForMessage():
            return w._replace(place=Place(At.GOODBYE))
        case d.HangUp():
            return gone(w, OUR_DOCUMENT)
        case _:
            return w._replace(place=w.place._replace(at=At.KEPT))


def _on_stream(w: World, number: int, *, follows: bool) -> World:
    place = Place(At.STREAM, number, follows)
    started = sent(w, Letter(Word.STREAM_STARTED, number=number))
    finished = sent(started, Letter(Word.BOT_FINISHED, number=number))
    # Whoever is with the bot again is in a conversation again.
    return finished._replace(place=place, stream=number, talk_over=False)


def _stream_ends(w: World, otherwise: str) -> World:
    """A transfer that waits comes first, then what the document holds, then nothing."""
    if w.moves_to:
        asks = Letter(Word.ARRIVED, number=w.moves_to)
    elif w.place.follows:
        asks = Letter(Word.ARRIVED, number=w.place.number)
    else:
        return gone(w, otherwise)
    return w._replace(place=Place(At.ASKING, asks=asks), moves_to=0)


def gone(w: World, why: str) -> World:
    """The caller's leg ends, and with it that of a human who is with him."""
    place = w.place
    useful = frozenset(r for r in w.requests if r.order not in (Order.STOP, Order.HANG_UP))
    after = w._replace(place=Place(At.GONE, why=why), human=None, moves_to=0, requests=useful)
    for number in _dialled_legs(w):
        ended = Letter(Word.HUMAN_LEG_ENDED, place.escalation, number, Reason.CANCELLED)
        after = sent(after, ended)
    if w.human is not None:
        connected = w.human.phase is Phase.BRIDGED
        after = sent(after, _dial_ended(place, Reason.CANCELLED, connected=connected))
    for one in companions(w):
        after = without_guest(after, one, Reason.COMPLETED)
    if place.at is At.MESSAGE:
        after = sent(after, _message_ended(place, recorded=True))
    if _is_reported(w):
        after = sent(after, Letter(Word.HUNG_UP))
    return after


def _message_ended(place: Place, *, recorded: bool) -> Letter:
    return Letter(Word.MESSAGE_ENDED, place.escalation, connected=recorded)


def _is_reported(w: World) -> bool:
    """Only our own application is told of the end; else the bot asks while a human is called."""
    held = w.record.held
    asks = held is not None and held.state in (State.CONSULTING, State.JOINING)
    return asks or w.record.call.document is DocumentOwner.OURS


def sent(w: World, letter: Letter) -> World:
    return w if letter in w.post else w._replace(post=w.post | {letter})


# --- the human's leg ----------------------------------------------------------------------------


def dialled(w: World, human: Human) -> Iterator[Step]:
    if human.phase is Phase.BRIDGED:
        yield Step(
            Actor.HUMAN,
            "the human hangs up",
            w,
            dial_is_over(w, Reason.COMPLETED)._replace(talk_over=True),
        )
        return
    if human.phase is Phase.RINGING:
        for one in sorted({w.place.number, *human.others}):
            yield Step(Actor.HUMAN, "the human answers", w, _picks_up(w, human, one))
    else:
        yield Step(Actor.CARRIER, "caller and human are bridged", w, _bridged(w, human))
        if w.record.held is not None and w.record.held.mode is not Mode.COLD:
            refused = _fails(w, human, Reason.COMPLETED)
            if not human.others:
                # The carrier calls that completed, too.
                refused = dial_is_over(w, Reason.COMPLETED, connected=True)
            yield Step(Actor.HUMAN, "the human hangs up before he has confirmed", w, refused)
    for reason in (Reason.NO_ANSWER, Reason.SIP_AUTH_FAILED):
        yield Step(Actor.HUMAN, f"the human's leg ends: {reason}", w, _fails(w, human, reason))


def _picks_up(w: World, human: Human, number: int) -> World:
    # What was asked before has been carried out or was lost.
    useful = frozenset(r for r in w.requests if r.order in ABOUT_HUMANS)
    others = human.others - {number} | ({w.place.number} - {number})
    answered = Human(Phase.ANSWERED, NEVER, others)
    after = w._replace(human=answered, requests=useful, place=w.place._replace(number=number))
    return sent(after, Letter(Word.HUMAN_ANSWERED, w.place.escalation, number))


def _bridged(w: World, human: Human) -> World:
    """The others have lost the race."""
    after = w._replace(human=Human(Phase.BRIDGED, NEVER), met=True)
    for one in sorted(human.others):
        lost = Letter(Word.HUMAN_LEG_ENDED, w.place.escalation, one, Reason.LOST_RACE)
        after = sent(after, lost)
    return sent(after, Letter(Word.HUMAN_CONNECTED, w.place.escalation, w.place.number))


def _fails(w: World, human: Human, reason: Reason) -> World:
    """One leg ends; the Dial goes on while others ring."""
    if not human.others:
        return dial_is_over(w, reason)
    name, number = w.place.escalation, w.place.number
    after = sent(w, Letter(Word.HUMAN_LEG_ENDED, name, number, reason))
    first, *others = sorted(human.others)
    rings = Human(Phase.RINGING, human.until, frozenset(others))
    return after._replace(human=rings, place=w.place._replace(number=first))


def dial_is_over(w: World, reason: Reason, *, connected: bool = False) -> World:
    """The human's leg ended first, and those beside it; the caller's asks what comes next."""
    connected |= w.human is not None and w.human.phase is Phase.BRIDGED
    asks = _dial_ended(w.place, reason, connected=connected)
    after = w
    for one in _dialled_legs(w):
        after = sent(after, Letter(Word.HUMAN_LEG_ENDED, w.place.escalation, one, reason))
    return after._replace(human=None, place=Place(At.ASKING, asks=asks))


def _dialled_legs(w: World) -> list[int]:
    return sorted({w.place.number, *w.human.others}) if w.human is not None else []


def _dial_ended(place: Place, reason: Reason, *, connected: bool) -> Letter:
    return Letter(Word.DIAL_ENDED, place.escalation, place.number, reason, connected)


# --- the room, and humans who were called ---------------------------------------------------------


def _held(w: World) -> Escalation:
    assert w.record.held is not None
    return w.record.held


def guest(w: World, escalation: str, number: int) -> Guest | None:
    """The leg of the human who was called in this attempt."""
    for one in w.guests:
        if (one.escalation, one.number) == (escalation, number):
            return one
    return None


def companions(w: World) -> tuple[Guest, ...]:
    """The humans who are in one room with the caller."""
    if w.place.at is not At.ROOM:
        return ()
    name = w.place.escalation
    return tuple(g for g in w.guests if g.escalation == name and g.phase is Called.IN_ROOM)


def together(w: World) -> bool:
    """Whether caller and human are in one room."""
    return bool(companions(w))


def is_alone(w: World, request: Request) -> bool:
    """Whether the caller is in the room, and the line of the human of this attempt is dead."""
    there = (w.place.at, w.place.escalation) == (At.ROOM, request.escalation)
    return there and not together(w) and guest(w, request.escalation, request.number) is None


def once_together(w: World) -> World:
    """The world in which it is noted if somebody has come into the room to somebody."""
    if not together(w):
        return w
    # What was asked before has been carried out or was lost when two people begin to talk.
    useful = frozenset(r for r in w.requests if r.order not in (Order.MOVE, Order.STOP))
    return w._replace(met=True, requests=useful)


def room_closed(w: World) -> World:
    """The room is over for the caller, and his leg asks what comes next."""
    asks = Letter(Word.ROOM_CLOSED, w.place.escalation, w.place.number)
    return w._replace(place=Place(At.ASKING, asks=asks), met=w.met and (w.lasted or w.now > NOW))


def without_guest(w: World, one: Guest, reason: Reason) -> World:
    """A called human's leg ends; a room in which he met the caller ends with it."""
    useful = frozenset(
        r
        for r in w.requests
        if r.order not in ABOUT_HUMANS or (r.escalation, r.number) != (one.escalation, one.number)
    )
    after = w._replace(guests=w.guests - {one}, requests=useful)
    after = sent(after, Letter(Word.HUMAN_LEG_ENDED, one.escalation, one.number, reason))
    if one in companions(w):
        after = room_closed(after)
        after = after._replace(talk_over=w.talk_over or w.lasted)
    return after


def called(product: Product, w: World, one: Guest) -> Iterator[Step]:
    """What a human may do who was called. His leg's requests are repeated until answered."""
    name, number = one.escalation, one.number
    match one.phase:
        case Called.RINGING:
            yield asks_for(product, w, one, "the called human answers", answered(one))
            for reason in _either(product, one, Reason.SIP_AUTH_FAILED, Reason.NO_ANSWER):
                what = f"the called human's leg ends: {reason}"
                yield Step(Actor.HUMAN, what, w, without_guest(w, one, reason))
            return
        case Called.ASKED:
            accepted = Letter(Word.HUMAN_ACCEPTED, name, number)
            yield asks_for(product, w, one, ACCEPTS, accepted)
            for reason in _refusals(product, one):
                declined = Letter(Word.HUMAN_DECLINED, name, number, reason)
                yield asks_for(product, w, one, f"the called human says no: {reason}", declined)
        case Called.MEETING:
            there = one._replace(phase=Called.IN_ROOM)
            after = w._replace(guests=w.guests - {one} | {there})
            after = sent(after, Letter(Word.HUMAN_ENTERED, name, number))
            yield Step(Actor.CARRIER, "the human enters the room", w, once_together(after))
        case Called.IN_ROOM:
            pass
    # The carrier's ear is slow, and may be wrong; from here on it may tell us so at any time.
    machine = Letter(Word.MACHINE_ANSWERED, name, number, leg=f"leg-{number}")
    yield tell(product, w, machine, Actor.CARRIER)
    yield Step(Actor.HUMAN, HANGS_UP, w, without_guest(w, one, Reason.COMPLETED))


def _either(product: Product, one: Guest, first: Reason, second: Reason) -> tuple[Reason, ...]:
    if product.policy.thorough:
        return (first, second)
    return (first,) if one.number == 1 else (second,)


def _refusals(product: Product, one: Guest) -> tuple[Reason, ...]:
    plain = _either(product, one, Reason.DECLINED, Reason.NOT_CONFIRMED)
    return (*plain, Reason.DEFERRED) if product.policy.defers else plain


ACCEPTS, HANGS_UP = "the called human accepts", "the called human hangs up"
# The shortest ways to the moments from which more is explored.
ASKED = ("carried out: call the human", "the called human answers")
ACCEPTED = (*ASKED, ACCEPTS, "the human enters the room")
MET = (*ACCEPTED, "the stream ends", "arrived -> JoinRoom")
SENT_BACK = (
    "we are told: asked",
    "we are told: announced",
    "the stream ends",
    "arrived -> DialHuman",
    "the human's leg ends: no_answer",
    "dial ended -> DialHuman",
    "the human's leg ends: no_answer",
    "dial ended -> ConnectBot",
)
# Of two phones one fails; that the other is answered need never be told.
ONE_FAILED = (
    "we are told: asked",
    "we are told: announced",
    "the stream ends",
    "arrived -> DialHuman",
    "the human's leg ends: no_answer",
    "we are told: human leg ended",
)
ALONE = (
    *ACCEPTED,
    HANGS_UP,
    "the stream ends",
    "arrived -> JoinRoom",
    "we are told: deadline",
    "we are told: is alone",
)


def answered(one: Guest) -> Letter:
    """His leg asks for its first document."""
    return Letter(Word.HUMAN_ANSWERED, one.escalation, one.number, leg=f"leg-{one.number}")


def asks_for(product: Product, w: World, one: Guest, what: str, letter: Letter) -> Step:
    """His leg tells us something, and runs the document that we answer.

    What he does before he has the document is what he may do with it as well. The letter may reach
    us once more, long after.
    """
    step = tell(product, sent(w, letter), letter, Actor.HUMAN)
    document = human_document_for(step.after.record.call, one.escalation, one.number)
    after = step.after
    match document:
        case d.AskHuman():
            phase = Called.ASKED
        case d.MeetCaller():
            phase = one.phase if one.phase is Called.IN_ROOM else Called.MEETING
        case _:
            after = without_guest(after, one, Reason.COMPLETED)
            return step._replace(what=what, before=w, after=after, executed=document)
    then = one._replace(phase=phase, until=NEVER)
    after = after._replace(guests=after.guests - {one} | {then})
    return step._replace(what=what, before=w, after=after, executed=document)


# --- our requests -------------------------------------------------------------------------------


def carried_out(product: Product, w: World, request: Request) -> Iterator[Step]:
    """What may become of a request. It may also never leave us: then nothing takes this step."""
    done = w._replace(requests=w.requests - {request})
    has_gone = w.place.at is At.GONE
    what = f"carried out: {request.order}"
    match request.order:
        case Order.MOVE if has_gone:
            yield Step(Actor.CARRIER, what, w, sent(done, Letter(Word.HUNG_UP)))
        case Order.MOVE:
            if together(w) or (w.human is not None and w.human.phase is not Phase.RINGING):
                return
            refused = sent(done, Letter(Word.MOVE_REFUSED, request.escalation))
            yield Step(Actor.CARRIER, "the move is refused", w, refused)
            accepted = sent(done, Letter(Word.MOVE_ACCEPTED, request.escalation))
            yield Step(Actor.CARRIER, what, w, moved(accepted, request.number))
        case Order.STOP if w.place.at is At.STREAM:
            yield Step(Actor.CARRIER, what, w, _stream_ends(done, OUR_REQUEST))
        case Order.CHECK:
            word = Word.IS_GONE if has_gone else Word.IS_LIVE
            # It was asked because a deadline had passed.
            letter = Letter(word, request.escalation, deadline=LATER)
            if has_gone:
                yield Step(Actor.CARRIER, what, w, sent(done, letter))
            else:
                # An old "he is there" says nothing: it is taken in at once or lost.
                yield tell(product, done, letter, Actor.CARRIER)._replace(before=w)
        case Order.LOOK if is_alone(w, request):
            # Said of this moment: it is taken in at once or lost.
            alone = Letter(Word.IS_ALONE, request.escalation, request.number)
            yield tell(product, done, alone, Actor.CARRIER)._replace(before=w)
        case Order.CALL:
            yield from _called(product, w, done, request)
        case Order.RECALL | Order.LET_GO:
            yield _let_go(product, w, done, request)
        case Order.HANG_UP if not has_gone:
            yield Step(Actor.CARRIER, what, w, gone(done, OUR_REQUEST))
        case _:
            yield Step(Actor.CARRIER, f"too late: {request.order}", w, done)


def _called(product: Product, w: World, done: World, request: Request) -> Iterator[Step]:
    """A phone rings, or will not. The carrier need not have noticed yet that the caller left."""
    name, number = request.escalation, request.number
    until = w.now + _ring_s(w, request) if product.clock else NEVER
    rings = done._replace(guests=done.guests | {Guest(name, number, Called.RINGING, until)})
    placed = sent(rings, Letter(Word.CALL_PLACED, name, number))
    yield Step(Actor.CARRIER, f"carried out: {request.order}", w, placed)
    if w.place.at is At.GONE:
        told = sent(done, Letter(Word.HUNG_UP))
    else:
        told = sent(done, Letter(Word.CALL_REFUSED, name, number, Reason.NOT_PERMITTED))
    yield Step(Actor.CARRIER, f"refused: {request.order}", w, told)


def _ring_s(w: World, request: Request) -> float:
    call = w.record.call
    wanted = (one for one in (call.escalation, *call.past) if one and one.id == request.escalation)
    return next(wanted).attempts[request.number - 1].ring_s


def _let_go(product: Product, w: World, done: World, request: Request) -> Step:
    what = f"carried out: {request.order}"
    one = guest(w, request.escalation, request.number)
    if one is not None and request.order is Order.LET_GO:
        # His leg asks for the document it had first; the answer is another now.
        return asks_for(product, done, one, what, answered(one))._replace(before=w)
    if one is not None and one.phase is Called.RINGING:
        return Step(Actor.CARRIER, what, w, without_guest(done, one, Reason.CANCELLED))
    return Step(Actor.CARRIER, f"too late: {request.order}", w, done)


def moved(w: World, stream: int) -> World:
    """A stream is played to its end first; whatever else the leg does is broken off."""
    if w.place.at is At.STREAM:
        return w._replace(moves_to=stream)
    after = w
    for one in _dialled_legs(w):
        ended = Letter(Word.HUMAN_LEG_ENDED, w.place.escalation, one, Reason.CANCELLED)
        after = sent(after, ended)
    asks = Letter(Word.ARRIVED, number=stream)
    return after._replace(human=None, place=Place(At.ASKING, asks=asks))
