"""Every world that can be reached keeps the laws; a table that is wrong in one place does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from escalate.transfer import TABLE, DocumentOwner, Escalation, Row, State
from escalate.transfer import commands as c
from escalate.transfer import events as e
from escalate.transfer import rules as r
from escalate.transfer import table as t
from escalate.values import Outcome, Reason

from .explorer import Explored, explore
from .world import Policy

# Bounded by the number of worlds, not by a clock: a busy machine takes its time.
pytestmark = pytest.mark.timeout(300)

DEEP: Final = 12
# Nearly every mistake shows within a few events; a few need a longer story.
SHALLOW: Final = (6, 9)

ONE_REQUEST: Final = Policy(asks=1)
Table = tuple[Row, ...]


@pytest.fixture(scope="module")
def explored() -> dict[DocumentOwner, Explored]:
    return {owner: explore(owner, ONE_REQUEST, deepest=DEEP) for owner in DocumentOwner}


@pytest.mark.parametrize("owner", DocumentOwner)
def test_no_order_loss_or_repetition_of_events_breaks_a_law(
    explored: dict[DocumentOwner, Explored], owner: DocumentOwner
) -> None:
    """All worlds within twelve events, and a fair end from each of them."""
    found = explored[owner]
    assert {} == found.violations
    assert DEEP == found.depth
    assert 20_000 < found.states < found.transitions


@pytest.mark.parametrize("owner", DocumentOwner)
def test_a_caller_who_asks_a_second_time_is_as_safe_as_the_first(owner: DocumentOwner) -> None:
    """What is left of an escalation that ended does not disturb the next."""
    assert {} == explore(owner, Policy(asks=2), deepest=9).violations


def is_cold(row: Row) -> bool:
    """Whether a row can be taken without a human who was called first."""
    warm_events = (e.RoomClosed, e.CallerEntered)
    return not (
        row.state in (State.CONSULTING, State.JOINING)
        or row.when is r.human_waits
        or row.on in warm_events
    )


def test_every_row_of_the_table_is_taken(explored: dict[DocumentOwner, Explored]) -> None:
    """A row that nothing can reach is not a rule but a rumour."""
    taken = explored[DocumentOwner.OURS].rows + explored[DocumentOwner.THEIRS].rows
    assert [] == [row for index, row in enumerate(TABLE) if is_cold(row) and not taken[index]]


# --- mistakes -----------------------------------------------------------------------------------

# Without these rows the caller is served as well, by the rows around them: the way is longer, or
# the record shorter.
SPARE: Final = {
    (State.ANNOUNCING, e.AnnouncementEnded, r.document_is_ours),
    (State.ANNOUNCING, e.DeadlinePassed, r.document_is_ours),
    (State.MOVING, e.DeadlinePassed, r.late_once),
    (State.MOVING, e.DeadlinePassed, r.late_twice),
    (State.MOVING, e.DeadlinePassed, r.late_thrice),
    (State.CONNECTED, e.HumanLegEnded, r.always),
}


def name_of(row: Row) -> str:
    return f"{row.state}-{row.on.__name__}-{row.to}-{row.when.__name__}"


def laws_broken_by(table: Table) -> set[str]:
    for depth in SHALLOW:
        for owner in DocumentOwner:
            found = explore(owner, ONE_REQUEST, table=table, deepest=depth)
            if found.violations:
                return set(found.violations)
    return set()


NEEDED: Final = [
    row for row in TABLE if is_cold(row) and (row.state, row.on, row.when) not in SPARE
]


@pytest.mark.parametrize("row", NEEDED, ids=name_of)
def test_a_table_without_a_row_breaks_a_law(row: Row) -> None:
    """Each row is there for a reason."""
    assert laws_broken_by(tuple(kept for kept in TABLE if kept is not row))


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


def without_a_deadline(m: r.Moment) -> Escalation:
    return replace(m.escalation, deadline=None)


def somebody_left_whatever_the_hour(m: r.Moment) -> bool:
    return bool(r.legs_left(m))


_, _, ANNOUNCING, MOVING, RINGING, CONNECTED, RETURNING, LEAVING, ENDED = State
TO_HUMAN, TO_BOT = r.somebody_left_to_call, r.bot_takes_over
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
        RINGING, e.DialEnded, ENDED, r.human_was_on
    )(when=lambda _: False),
    "a conversation counts as a return": changed(RINGING, e.DialEnded, ENDED, r.human_was_on)(
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


@pytest.mark.parametrize("table", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_table_breaks_a_law(table: Table) -> None:
    """What the exploration cannot see it cannot prove."""
    assert laws_broken_by(table)
