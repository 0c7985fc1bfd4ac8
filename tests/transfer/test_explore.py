"""Every world that can be reached keeps the laws; a table that is wrong in one place does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any, Final, NamedTuple

import pytest

from escalate.transfer import (
    TABLE,
    DocumentOwner,
    Escalation,
    LastResort,
    Leg,
    Limits,
    Mode,
    Row,
    State,
)
from escalate.transfer import commands as c
from escalate.transfer import events as e
from escalate.transfer import rules as r
from escalate.transfer import table as t
from escalate.transfer.moment import Moment, human_was_on
from escalate.transfer.trying import without_the_ended
from escalate.values import Outcome, Reason

from .explorer import Explorer, nothing_collected
from .mutations import Mutation, seeded
from .product import Policy
from .world import ACCEPTED, ALONE, ASKED, MET, ONE_FAILED, SENT_BACK

# Bounded by the number of worlds, not by a clock: a busy machine takes its time.
pytestmark = pytest.mark.timeout(300)

COLD: Final = Policy(asks=1)
# What a lost bot does to a caller is explored where nobody is called first.
WARM: Final = Policy(asks=1, mode=Mode.WARM, thorough=False, limits=Limits(streams=0))
# What a caller hears last is the same whoever was called before.
LAST: Final = Policy(
    plan=(Leg("support", 20.0),),
    asks=1,
    last_resorts=(LastResort.VOICEMAIL, LastResort.CALLBACK),
)
CLOSED: Final = replace(LAST, plan=())
WARM_LAST_OF_TWO: Final = replace(WARM, last_resorts=LAST.last_resorts)
WARM_LAST: Final = replace(WARM_LAST_OF_TWO, plan=LAST.plan)
COLD_TOGETHER: Final = replace(COLD, together=True)
TIERED: Final = replace(
    COLD_TOGETHER, plan=(Leg("support", 20.0), Leg("desk", 20.0), Leg("duty", 30.0, tier=2))
)
INTRODUCING: Final = replace(WARM, introduce=True)
DEFERRING: Final = replace(WARM, defers=True)
TOGETHER: Final = replace(DEFERRING, together=True)
Table = tuple[Row, ...]


class Walk(NamedTuple):
    """How far to look for a broken law, from where."""

    policy: Policy
    deepest: int
    after: tuple[str, ...] = ()
    owners: tuple[DocumentOwner, ...] = tuple(DocumentOwner)


DEEP: Final = {
    "cold": Walk(COLD, 7),
    "cold, all at once": Walk(COLD_TOGETHER, 7),
    "warm": Walk(WARM, 5),
    "warm, from the room": Walk(INTRODUCING, 5, ACCEPTED),
    "warm, not yet": Walk(DEFERRING, 3, ASKED),
    "warm, all at once": Walk(TOGETHER, 3, ASKED),
    "warm, all at once, from the room": Walk(TOGETHER, 4, ACCEPTED),
    "cold, by tiers": Walk(TIERED, 6),
    "cold, all at once, of whom one fails": Walk(
        COLD_TOGETHER, 6, ONE_FAILED, (DocumentOwner.OURS,)
    ),
    "warm, alone in the room": Walk(WARM, 4, ALONE, (DocumentOwner.OURS,)),
    "cold, to a last word": Walk(LAST, 7),
    "warm, to a last word": Walk(WARM_LAST, 5),
}
# Nearly every mistake shows within a few events; a few need a longer story.
SHALLOW: Final = {
    "cold": (Walk(COLD, 6), Walk(COLD, 5, SENT_BACK), Walk(COLD, 9)),
    "warm": (
        Walk(WARM, 4),
        Walk(WARM, 3, MET),
        Walk(WARM, 4, ASKED),
        Walk(WARM, 7, ACCEPTED),
        Walk(WARM, 7),
    ),
    "warm, alone": (Walk(WARM, 4, ALONE), Walk(WARM_LAST, 4, ALONE), Walk(WARM, 5, ALONE[:-1])),
    "warm, introduced": (Walk(INTRODUCING, 3, ACCEPTED), Walk(INTRODUCING, 3, MET)),
    "cold, all at once": (Walk(COLD_TOGETHER, 8),),
    "cold, one failed": (Walk(COLD_TOGETHER, 7, ONE_FAILED),),
    "warm, all at once": (Walk(TOGETHER, 4, ASKED),),
    "cold, to a last word": (Walk(CLOSED, 8),),
    "warm, to a last word": (
        Walk(WARM_LAST, 4),
        Walk(WARM_LAST, 3, ACCEPTED),
        Walk(WARM_LAST_OF_TWO, 3),
        Walk(WARM_LAST_OF_TWO, 4, ASKED),
    ),
}


@nothing_collected()
def test_no_order_loss_or_repetition_of_events_breaks_a_law() -> None:
    """All worlds within that many events, and a fair end from each; no row is but a rumour."""
    taken: set[int] = set()
    walks = [(name, walk, owner) for name, walk in DEEP.items() for owner in walk.owners]
    explorers = {walk.policy: Explorer(walk.policy) for walk in DEEP.values()}
    for name, walk, owner in walks:
        explorer = explorers[walk.policy]
        found = explorer.explore(owner, deepest=walk.deepest, after=walk.after)
        assert {} == found.violations, (name, owner)
        assert walk.deepest == found.depth
        assert 300 < found.states < found.transitions
        taken.update(found.rows)
    assert [] == [row for index, row in enumerate(TABLE) if index not in taken]


@pytest.mark.parametrize("owner", DocumentOwner)
@pytest.mark.parametrize(("mode", "deepest"), [(Mode.COLD, 7), (Mode.WARM, 4)])
def test_a_caller_who_asks_a_second_time_is_as_safe_as_the_first(
    mode: Mode, deepest: int, owner: DocumentOwner
) -> None:
    """What is left of an escalation that ended does not disturb the next."""
    twice = Policy(asks=2, mode=mode, thorough=False)
    assert {} == Explorer(twice).explore(owner, deepest=deepest).violations


# --- mistakes -----------------------------------------------------------------------------------

# `benchmarks/explore.py` takes away every row, one at a time; each loss but these is noticed.
# Without these rows the caller is served as well, by the rows around them: the way is longer, or
# the record shorter.
SPARE: Final = {
    (State.JOINING, e.AnnouncementEnded, r.document_is_ours),
    (State.JOINING, e.DeadlinePassed, r.document_is_ours),
    (State.ANNOUNCING, e.AnnouncementEnded, r.document_is_ours),
    (State.ANNOUNCING, e.DeadlinePassed, r.document_is_ours),
    (State.MOVING, e.DeadlinePassed, r.late_once),
    (State.MOVING, e.DeadlinePassed, r.late_twice),
    (State.MOVING, e.DeadlinePassed, r.late_thrice),
    (State.CONNECTED, e.HumanLegEnded, r.always),
}


@nothing_collected()
def laws_broken_by(table: Table, walks: str) -> set[str]:
    explorers = {walk.policy: Explorer(walk.policy, table) for walk in SHALLOW[walks]}
    for walk in SHALLOW[walks]:
        for owner in DocumentOwner:
            explorer = explorers[walk.policy]
            found = explorer.explore(owner, deepest=walk.deepest, after=walk.after)
            if found.violations:
                return set(found.violations)
    return set()


def walks_for(row: Row) -> str:
    """Where a row is first needed: a few are there only for humans who were called first."""
    if row.on is e.DialEnded and row.state in (State.RETURNING, State.LEAVING):
        return "cold, one failed"
    if row.when is r.introduction_is_due:
        return "warm, introduced"
    if row.on is e.CallerAlone or row.when is r.human_was_called_first:
        return "warm, alone"
    if (row.state, row.on) == (State.CONNECTED, e.CallerArrived):
        return "warm, alone"
    rooms = row.on is e.RoomClosed or row.when in (r.human_waits, r.never_talked)
    warm = rooms or row.state in (State.CONSULTING, State.JOINING)
    messages = row.on is e.MessageEnded or row.when in (r.message_may_follow, r.call_has_ended)
    last = messages or row.when is r.bot_lets_him_go
    return ("warm" if warm else "cold") + (", to a last word" if last else "")


NEEDED: Final = [row for row in TABLE if (row.state, row.on, row.when) not in SPARE]


def changed(state: State, on: type[e.Event], to: State, when: r.Guard = r.always) -> Change:
    """Point at one row by what it says; the returned function changes it."""
    index = next(
        i
        for i, row in enumerate(TABLE)
        if (row.state, row.on, row.to) == (state, on, to) and row.when is when
    )

    def change(**fields: Any) -> Table:
        return (*TABLE[:index], TABLE[index]._replace(**fields), *TABLE[index + 1 :])

    return change


Change = Callable[..., Table]


def without_a_deadline(m: Moment) -> Escalation:
    return replace(m.escalation, deadline=None)


def somebody_left_whatever_the_hour(m: Moment) -> bool:
    return bool(m.escalation.plan)


CONSULTING, JOINING, ANNOUNCING, MOVING, RINGING, CONNECTED, RETURNING, LEAVING, ENDED = State
TO_HUMAN, TO_BOT = r.somebody_left_to_call, r.bot_takes_over
TO_MORE = r.somebody_may_accept
CANCEL = r.settle(Outcome.CANCELLED, Reason.RETRACTED)

MISTAKES: Final[dict[str, Table]] = {
    "a foreign stream is released unmoved": changed(ANNOUNCING, e.AnnouncementEnded, MOVING)(
        orders=t.RELEASE
    ),
    "a foreign stream is stopped unmoved": changed(ANNOUNCING, e.DeadlinePassed, MOVING)(
        orders=t.STOP
    ),
    "an accepted move releases nothing": changed(MOVING, e.MoveAccepted, MOVING)(orders=r.nothing),
    "an arrival rings nobody": changed(MOVING, e.CallerArrived, RINGING, TO_HUMAN)(
        effect=r.unchanged
    ),
    "somebody is called although nobody is left": changed(
        MOVING, e.CallerArrived, RINGING, TO_HUMAN
    )(when=r.always),
    "a refused move waits on": changed(MOVING, e.MoveRefused, ENDED)(to=MOVING, effect=r.unchanged),
    "a caller who is on his way can take it back": (
        Row(MOVING, e.Retracted, ENDED, r.always, CANCEL),
        *TABLE,
    ),
    "a connection claims nobody": changed(RINGING, e.HumanConnected, CONNECTED)(effect=r.unchanged),
    "a connection goes unnoticed": changed(RINGING, e.HumanConnected, CONNECTED)(to=RINGING),
    "credentials stay open after the answer": changed(RINGING, e.HumanAnswered, RINGING)(
        effect=r.unchanged
    ),
    "patience has no bound": changed(RINGING, e.DialEnded, RINGING, TO_HUMAN)(
        when=somebody_left_whatever_the_hour
    ),
    "a broken destination alarms nobody": changed(RINGING, e.DialEnded, RINGING, TO_HUMAN)(
        orders=r.nothing
    ),
    "a conversation is followed by the next human": changed(
        RINGING, e.DialEnded, ENDED, human_was_on
    )(when=lambda _: False),
    "a conversation counts as a return": changed(RINGING, e.DialEnded, ENDED, human_was_on)(
        effect=r.settle(Outcome.RETURNED)
    ),
    "whoever was promised a goodbye gets the bot": changed(RINGING, e.DialEnded, RETURNING, TO_BOT)(
        when=r.always
    ),
    "a goodbye is recorded before it is said": changed(RINGING, e.DialEnded, LEAVING)(
        to=ENDED, effect=r.settle(Outcome.GOODBYE)
    ),
    "nobody looks for a caller whose human rings": changed(RINGING, e.DeadlinePassed, RINGING)(
        orders=r.nothing
    ),
    "a caller is looked for once and never again": changed(RINGING, e.DeadlinePassed, RINGING)(
        effect=without_a_deadline
    ),
    "a caller who is there counts as gone": changed(
        RINGING, e.CallerChecked, ENDED, r.caller_is_gone
    )(when=r.always),
    "a check ends a conversation": changed(CONNECTED, e.CallerChecked, ENDED, r.caller_is_gone)(
        when=r.always
    ),
    "who hangs up while it rings has talked": changed(RINGING, e.CallerHungUp, ENDED)(
        effect=t.TALKED
    ),
    "a lost bot is tried for ever": changed(RETURNING, e.CallerArrived, RETURNING, TO_BOT)(
        when=r.always
    ),
    "a return is never looked after": changed(RETURNING, e.DeadlinePassed, RETURNING)(
        effect=r.unchanged, orders=r.nothing
    ),
    "a check that comes twice ends a return": changed(
        RETURNING, e.CallerChecked, ENDED, r.return_went_unreported
    )(when=r.caller_is_there),
    "a step in a conversation moves the caller": changed(CONNECTED, e.DeadlinePassed, CONNECTED)(
        orders=r.order(c.MoveCaller())
    ),
}


LAST_MISTAKES: Final[dict[str, Table]] = {
    "a caller who hangs up while he speaks has left nothing": tuple(
        row for row in TABLE if row.when is not r.message_may_follow
    ),
    "a message is kept for nobody": changed(LEAVING, e.MessageEnded, ENDED, r.message_was_left)(
        orders=r.nothing
    ),
    "whoever is asked for a message has left one": changed(
        LEAVING, e.MessageEnded, ENDED, r.message_was_left
    )(when=r.always, orders=r.nothing),
    "a silent caller is asked again and again": changed(
        LEAVING, e.MessageEnded, LEAVING, r.message_was_asked_for
    )(effect=r.look_again_later),
    "a call back is promised by nobody": changed(MOVING, e.CallerArrived, LEAVING)(
        orders=r.nothing
    ),
    "a promise counts as a goodbye": changed(LEAVING, e.CallerHungUp, ENDED)(
        effect=r.settle(Outcome.GOODBYE)
    ),
}


def accepted_by_anybody(m: Moment) -> Escalation:
    return replace(r.give_to_the_acceptor(m), claimed_by=None)


def still_claimed(m: Moment) -> Escalation:
    return replace(without_the_ended(m), claimed_by=m.escalation.claimed_by)


CALL_MORE, AT_ONCE = r.call_more, r.human_left_at_once_but_more
WARM_MISTAKES: Final[dict[str, Table]] = {
    "an answer counts as a yes": changed(CONSULTING, e.HumanAnswered, CONSULTING)(
        to=JOINING, effect=r.give_to_the_acceptor
    ),
    "an answered leg is forgotten": changed(CONSULTING, e.HumanAnswered, CONSULTING)(
        effect=r.unchanged
    ),
    "a placed call is forgotten": changed(CONSULTING, e.CallPlaced, CONSULTING)(effect=r.unchanged),
    "whoever accepts does not get the caller": changed(CONSULTING, e.HumanAccepted, JOINING)(
        effect=accepted_by_anybody
    ),
    "the caller moves before a human has accepted": (
        Row(CONSULTING, e.AnnouncementEnded, MOVING, r.always, r.wait_for_the_move, t.MOVE),
        *TABLE,
    ),
    "a bot that loses the caller sends him to a human who was not asked": (
        Row(CONSULTING, e.CallerArrived, CONNECTED, r.always, r.claim_the_caller),
        *TABLE,
    ),
    "the next is called while the first rings": changed(
        CONSULTING, e.DeadlinePassed, CONSULTING, TO_MORE
    )(orders=CALL_MORE),
    "the next is begun but not called": changed(CONSULTING, e.HumanDeclined, CONSULTING, TO_MORE)(
        orders=r.nothing
    ),
    "a human who said no is called again and again": changed(
        CONSULTING, e.HumanDeclined, CONSULTING, TO_MORE
    )(effect=r.unchanged),
    "a machine is left to talk": changed(CONSULTING, e.MachineAnswered, CONSULTING, TO_MORE)(
        orders=CALL_MORE
    ),
    "a human who has accepted is taken for a machine": (
        Row(JOINING, e.MachineAnswered, ENDED, r.always, t.NOBODY, r.nothing),
        *TABLE,
    ),
    "a refused call alarms nobody": changed(CONSULTING, e.CallRefused, ENDED)(orders=r.nothing),
    "the last one goes on ringing": changed(CONSULTING, e.DeadlinePassed, ENDED)(orders=r.nothing),
    "a caller who hangs up leaves a phone ringing": changed(CONSULTING, e.CallerHungUp, ENDED)(
        orders=r.nothing
    ),
    "a caller who changes his mind leaves a phone ringing": changed(CONSULTING, e.Retracted, ENDED)(
        orders=r.nothing
    ),
    "a caller who changes his mind leaves a human waiting": changed(JOINING, e.Retracted, ENDED)(
        orders=r.nothing
    ),
    "a caller who hangs up leaves a human waiting": changed(JOINING, e.CallerHungUp, ENDED)(
        orders=r.nothing
    ),
    "a refused move leaves a human waiting": changed(MOVING, e.MoveRefused, ENDED)(
        orders=r.order(c.RaiseAlarm(c.Alarm.MOVE_REFUSED))
    ),
    "a caller who hangs up on his way leaves a human waiting": changed(
        MOVING, e.CallerHungUp, ENDED
    )(orders=r.nothing),
    "a foreign stream is left unmoved": changed(JOINING, e.AnnouncementEnded, MOVING)(
        orders=t.RELEASE
    ),
    "a human who has left still counts as waiting": changed(
        MOVING, e.HumanLegEnded, MOVING, r.human_waits
    )(effect=still_claimed),
    "a caller who arrives is dialled for although a human waits": changed(
        MOVING, e.CallerArrived, CONNECTED, r.human_waits
    )(when=lambda _: False),
    "a room that closes at once counts as a conversation": changed(
        CONNECTED, e.RoomClosed, RINGING, AT_ONCE
    )(to=ENDED, effect=t.TALKED),
    "a human who left at once alarms nobody": changed(CONNECTED, e.RoomClosed, RINGING, AT_ONCE)(
        orders=r.part
    ),
    "a conversation is followed by the next human": changed(
        CONNECTED, e.RoomClosed, RINGING, AT_ONCE
    )(when=TO_HUMAN),
}


def others_forgotten(m: Moment) -> Escalation:
    """Whoever accepts has the caller, but nobody has lost him."""
    won = r.give_to_the_acceptor(m)
    return replace(
        won, attempts=m.escalation.with_attempt(won.attempts[m.attempt.number - 1]).attempts
    )


def nobody_may_accept(m: Moment) -> bool:
    """One refusal is everybody's."""
    return not without_the_ended(m).live and r.somebody_may_accept(m)


TOGETHER_MISTAKES: Final[dict[str, Table]] = {
    "those who lost the caller go on ringing": changed(CONSULTING, e.HumanAccepted, JOINING)(
        orders=r.nothing
    ),
    "those who lost the caller may still accept": (
        Row(JOINING, e.HumanAccepted, JOINING, r.always, r.give_to_the_acceptor),
        *changed(CONSULTING, e.HumanAccepted, JOINING)(effect=others_forgotten),
    ),
    "who declines takes the others with him": changed(
        CONSULTING, e.HumanDeclined, CONSULTING, TO_MORE
    )(when=nobody_may_accept),
    "whose leg ends takes the others with him": changed(
        CONSULTING, e.HumanLegEnded, CONSULTING, TO_MORE
    )(when=nobody_may_accept),
    "a caller who hangs up leaves one of them ringing": changed(CONSULTING, e.CallerHungUp, ENDED)(
        orders=lambda m: r.part(m)[:1]
    ),
    "the last of them does not end it": changed(CONSULTING, e.HumanDeclined, CONSULTING, TO_MORE)(
        when=r.always, effect=r.unchanged
    ),
}


INTRODUCTIONS: Final[dict[str, Table]] = {
    "nobody is introduced": changed(CONNECTED, e.CallerEntered, CONNECTED, r.introduction_is_due)(
        orders=r.nothing
    ),
    "they are introduced twice": changed(
        CONNECTED, e.CallerEntered, CONNECTED, r.introduction_is_due
    )(when=r.always, orders=r.order(c.Introduce())),
}


ALONE_MISTAKES: Final[dict[str, Table]] = {
    "nobody looks whether the caller is alone": changed(
        CONNECTED, e.DeadlinePassed, CONNECTED, r.human_was_called_first
    )(orders=t.CHECK),
    "a caller who is alone is left there": changed(CONNECTED, e.CallerAlone, CONNECTED)(
        orders=r.nothing
    ),
    "a caller who was alone has talked": changed(CONNECTED, e.CallerAlone, CONNECTED)(
        effect=r.look_again_later
    ),
    "a caller who comes out of the room is sent back into it": tuple(
        row for row in TABLE if (row.state, row.on) != (CONNECTED, e.CallerArrived)
    ),
}


def all_may_have_him(m: Moment) -> Escalation:
    """Whoever is connected has the caller, but nobody has lost him."""
    held = r.claim_the_caller(m)
    won = held.attempts[m.attempt.number - 1]
    return replace(held, attempts=m.escalation.with_attempt(won).attempts)


DIAL_MISTAKES: Final[dict[str, Table]] = {
    "those who lost the race may still be connected": changed(RINGING, e.HumanConnected, CONNECTED)(
        effect=all_may_have_him
    ),
    "a destination that is broken beside one that answers alarms nobody": changed(
        RINGING, e.HumanConnected, CONNECTED
    )(orders=r.nothing),
    "one failure ends what the others ring for": (
        Row(RINGING, e.HumanLegEnded, RETURNING, TO_BOT, r.send_back),
        *TABLE,
    ),
}


# --- mistakes that nobody thought of --------------------------------------------------------------

NAMED: Final[dict[str, dict[str, Table]]] = {
    "cold": MISTAKES,
    "cold, to a last word": LAST_MISTAKES,
    "cold, all at once": DIAL_MISTAKES,
    "warm": WARM_MISTAKES,
    "warm, introduced": INTRODUCTIONS,
    "warm, alone": ALONE_MISTAKES,
    "warm, all at once": TOGETHER_MISTAKES,
}


@pytest.mark.parametrize(
    ("walks", "name"),
    [(walks, name) for walks, tables in NAMED.items() for name in list(tables)[::6]],
)
def test_a_mistake_in_the_table_breaks_a_law(walks: str, name: str) -> None:
    """What the exploration cannot see it cannot prove; `benchmarks/explore.py` makes them all."""
    assert laws_broken_by(NAMED[walks][name], walks)


@pytest.mark.parametrize("mutation", list(islice(seeded("tests", NEEDED), 3)), ids=str)
def test_a_mistake_that_is_drawn_breaks_a_law(mutation: Mutation) -> None:
    """Guards, effects, targets, orders, places; `benchmarks/explore.py` draws twenty."""
    assert laws_broken_by(mutation.table, walks_for(mutation.row))
