"""What may happen next, and what happens when nobody wants anything any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from escalate.transfer import DocumentOwner, Mode
from escalate.values import Reason

from .letters import ABOUT_HUMANS, Letter, Order, Request, Thing, Word
from .product import LATER, LONG_AGO, NOW, Product, Record
from .world import (
    GOODBYE_SAID,
    HUNG_UP,
    Actor,
    At,
    Called,
    Guest,
    Phase,
    Place,
    Step,
    World,
    asks_for,
    begin,
    called,
    carried_out,
    dial_is_over,
    dialled,
    execute,
    gone,
    is_alone,
    is_wanted,
    may_be_recalled,
    may_matter,
    moved,
    once_together,
    places,
    sent,
    tell,
    together,
    without_guest,
)


def beginnings(product: Product, owner: DocumentOwner) -> Iterator[World]:
    """The worlds to start from; in a warm walk a human has been asked for already."""
    first = begin(product, owner)
    if product.policy.mode is not Mode.WARM:
        yield first
    else:
        yield from (step.after for step in _asks(product, first))


def is_over(product: Product, w: World) -> bool:
    """Whether a called human is all that is left of a warm handoff."""
    if product.policy.mode is not Mode.WARM or w.asked < product.policy.asks:
        return False
    return w.record.held is None


def essence(product: Product, w: World) -> World:
    """The same world without what changes nothing any more, or is explored elsewhere.

    After the end the caller's way is cold.
    """
    if is_over(product, w):
        safe = w.place.at in (At.STREAM, At.GONE)
        place = Place(At.GONE) if safe else w.place
        w = w._replace(place=place, moves_to=0, met=False, lasted=False, spoken=False)
    return w._replace(
        post=frozenset(letter for letter in w.post if matters(product, w, letter)),
        requests=frozenset(request for request in w.requests if matters(product, w, request)),
    )


def matters(product: Product, w: World, thing: Thing) -> bool:
    """Whether something under way may still change anything when it arrives."""
    if isinstance(thing, Request):
        if is_over(product, w) and thing.order not in ABOUT_HUMANS:
            return False
        return may_matter(w, thing)
    if thing.word is Word.CALL_PLACED:
        return may_be_recalled(w, thing)
    return not is_over(product, w) and not product.is_old(w.record, thing)


def steps(product: Product, w: World) -> Iterator[Step]:
    """Everything that may happen next."""
    # Sets have no order of their own; a story that is drawn has to be the same each time.
    in_order_of = sorted if product.clock else iter
    for request in in_order_of(w.requests):
        yield from arrives(product, w, request)
    for letter in in_order_of(w.post):
        yield from arrives(product, w, letter)
    yield from unprompted(product, w)


def arrives(product: Product, w: World, thing: Thing) -> Iterator[Step]:
    """What may become of something that is under way."""
    if isinstance(thing, Request):
        yield from carried_out(product, w, thing)
    else:
        yield tell(product, w, thing, Actor.NETWORK)


def unprompted(product: Product, w: World) -> Iterator[Step]:
    """What may happen whatever is under way."""
    for one in sorted(w.guests):
        yield from called(product, w, one)
    if is_over(product, w) and not product.clock:
        return
    if w.place.at is not At.GONE:
        yield Step(Actor.CALLER, "the caller hangs up", w, gone(w, HUNG_UP))
    yield from places(product, w)
    if w.human is not None:
        yield from dialled(w, w.human)
    if w.asked < product.policy.asks and not w.record.call.ended:
        yield from _asks(product, w)
    yield from _clock(product, w)


# --- the bot, and time --------------------------------------------------------------------------


def _asks(product: Product, w: World) -> Iterator[Step]:
    """Somebody asks for a human: the detector, the model, or the application."""
    name = f"esc-{w.asked + 1}"
    for last_resort in product.policy.last_resorts:
        letter = Letter(Word.ASKED, name, last_resort=last_resort)
        step = tell(product, w, letter, Actor.BOT)
        after = step.after._replace(asked=w.asked + 1)
        if after.record.held is not None and after.record.held.id == name:
            for word in (Word.ANNOUNCED, Word.RETRACTED, Word.MOVE_UNCLEAR):
                after = sent(after, Letter(word, name))
        yield step._replace(after=after)


def _clock(product: Product, w: World) -> Iterator[Step]:
    held = w.record.held
    if held is None:
        return
    deadline = held.deadline
    if deadline is not None and (not product.clock or w.now >= deadline):
        letter = Letter(Word.DEADLINE, held.id, deadline=deadline)
        yield tell(product, sent(w, letter) if product.clock else w, letter, Actor.CLOCK)
    if not product.clock and together(w) and not w.lasted:
        yield Step(Actor.CLOCK, "they talk for a while", w, _after_a_while(product, w))
    if not product.clock and held.give_up_at > NOW:
        yield Step(Actor.CLOCK, "patience runs out", w, w._replace(record=_late(product, w.record)))


def _late(product: Product, record: Record) -> Record:
    held = record.held
    assert held is not None
    since = None if record.call.stream_since is None else LONG_AGO
    late = replace(held, give_up_at=LONG_AGO)
    return product.record(replace(record.call, escalation=late, stream_since=since))


def _after_a_while(product: Product, w: World) -> World:
    held = w.record.held
    assert held is not None
    met = held.current
    if met is None or met.connected_at is None:
        return w._replace(lasted=True)
    longer = held.with_attempt(replace(met, connected_at=LONG_AGO))
    return w._replace(record=product.record(replace(w.record.call, escalation=longer)), lasted=True)


def wait(w: World, seconds: float) -> World:
    """Let time pass; the carrier lets nobody's phone ring longer than it was asked to."""
    if w.human is not None and w.human.phase is Phase.RINGING and w.now + seconds > w.human.until:
        return dial_is_over(w._replace(now=w.human.until), Reason.NO_ANSWER)
    for one in w.guests:
        if one.phase is Called.RINGING and w.now + seconds > one.until:
            return without_guest(w._replace(now=one.until), one, Reason.NO_ANSWER)
    return w._replace(now=w.now + seconds)


# --- fairness -----------------------------------------------------------------------------------


def go_on_alone(product: Product, w: World) -> World:
    """The world a little later if nobody wants anything and nothing under way ever arrives.

    A leg gets its documents, phones stop ringing, goodbyes end, deadlines pass, and the carrier
    answers truthfully whether the leg is there, alone in a room perhaps, which it leaves when we
    ask for that. All else is lost.
    """
    asked = w.requests
    checks = [request for request in asked if request.order is Order.CHECK]
    w = w._replace(post=frozenset(), requests=frozenset())
    for one in sorted(w.guests):
        w = _goes_on(product, w, one)
    if w.human is not None and w.human.phase is not Phase.BRIDGED:
        w = dial_is_over(w, Reason.NO_ANSWER)
    elif w.place.at is At.ASKING and w.place.asks is not None:
        w = tell(product, w, w.place.asks, Actor.CARRIER).after
        w = execute(product, w, w.record.document)
    elif w.place.at is At.KEPT:
        w = w._replace(place=w.place._replace(at=At.ASKING))
    elif w.place.at is At.MESSAGE:
        w = gone(w, HUNG_UP)
    elif w.place.at is At.GOODBYE:
        w = gone(w, GOODBYE_SAID)
    elif w.place.at is At.ROOM and not together(w):
        w = _alone(product, w, asked)
    for check in checks:
        word = Word.IS_GONE if w.place.at is At.GONE else Word.IS_LIVE
        w = tell(product, w, Letter(word, check.escalation, deadline=LATER), Actor.CARRIER).after
    held = w.record.held
    if held is not None and held.deadline is not None and w.place.at is not At.ASKING:
        letter = Letter(Word.DEADLINE, held.id, deadline=held.deadline)
        w = tell(product, w._replace(now=max(w.now, held.deadline)), letter, Actor.CLOCK).after
    return w._replace(post=frozenset())


def _alone(product: Product, w: World, asked: frozenset[Request]) -> World:
    """What becomes of a caller to whom no human comes: he waits until we bring him out."""
    for request in sorted(asked):
        if request.order is Order.LOOK and is_alone(w, request):
            alone = Letter(Word.IS_ALONE, request.escalation, request.number)
            w = tell(product, w, alone, Actor.CARRIER).after
        elif request.order is Order.MOVE:
            return moved(w, request.number)
    return w


def _goes_on(product: Product, w: World, one: Guest) -> World:
    """What becomes of a called human's leg. In a room to which nobody comes he gives up himself."""
    match one.phase:
        case Called.RINGING:
            return without_guest(w, one, Reason.NO_ANSWER)
        case Called.ASKED:
            reason = Reason.NOT_CONFIRMED
            silence = Letter(Word.HUMAN_DECLINED, one.escalation, one.number, reason)
            return asks_for(product, w, one, "silence", silence).after
        case Called.MEETING:
            there = one._replace(phase=Called.IN_ROOM)
            return once_together(w._replace(guests=w.guests - {one} | {there}))
        case Called.IN_ROOM:
            return (
                w if together(w) or _is_wanted(w, one) else without_guest(w, one, Reason.COMPLETED)
            )


def _is_wanted(w: World, one: Guest) -> bool:
    return is_wanted(w.record, one.escalation, one.number)


def nobody_is_left_behind(w: World) -> bool:
    """Once we have heard and been heard, the only human whom we called is the one we still want."""
    return all(_is_wanted(w, one) for one in w.guests)


def is_at_rest(w: World) -> bool:
    """Nothing has to happen any more: two people talk, or it is settled and the caller is safe."""
    if w.human is not None and w.human.phase is Phase.BRIDGED:
        return True
    if together(w):
        return True
    return w.record.held is None and w.place.at in (At.STREAM, At.GONE) and not w.guests
