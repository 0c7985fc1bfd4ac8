"""The table with a mistake in it, drawn from a seed: in a guard, effect, target, order or place.

Mistakes that somebody thought of are named in `test_explore`; these are those that nobody did.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from escalate.transfer import TABLE, Row, State
from escalate.transfer import events as e
from escalate.transfer import rules as r
from escalate.transfer.moment import Moment

Table = tuple[Row, ...]


class Mutation(NamedTuple):
    """A table with one mistake, the row that it is in, and what the mistake is."""

    row: Row
    what: str
    table: Table

    def __str__(self) -> str:
        row = self.row
        return f"{row.state}, {row.on.__name__}, {row.when.__name__}: {self.what}"


# What these change is when somebody is looked after, which is explored where the clock runs.
_ONLY_TIMES: Final = (r.unchanged, r.wait_for_the_message, r.say_goodbye, r.look_again_later)


def never(_: Moment) -> bool:
    return False


def _guard(draw: random.Random, row: Row) -> tuple[str, Row] | None:
    if row.when is not r.always and draw.random() < 0.5:
        return "always taken", row._replace(when=r.always)
    return "never taken", row._replace(when=never)


def _effect(_: random.Random, row: Row) -> tuple[str, Row] | None:
    if row.effect in _ONLY_TIMES:
        return None
    return "changes nothing", row._replace(effect=r.unchanged)


def _target(draw: random.Random, row: Row) -> tuple[str, Row] | None:
    to = draw.choice([state for state in State if state is not row.to])
    return f"goes to {to}", row._replace(to=to)


def _orders(_: random.Random, row: Row) -> tuple[str, Row] | None:
    if row.orders is r.nothing:
        return None
    return "orders nothing", row._replace(orders=r.nothing)


_KINDS: Final[tuple[Callable[[random.Random, Row], tuple[str, Row] | None], ...]] = (
    _guard,
    _effect,
    _target,
    _orders,
)


def seeded(seed: str, rows: Sequence[Row]) -> Iterator[Mutation]:
    """Yield mutations of `rows` without end, the same for the same seed."""
    draw = random.Random(seed)
    while True:
        row = draw.choice(rows)
        if draw.random() < 0.15:
            found = _earlier(row, rows)
        else:
            changed = draw.choice(_KINDS)(draw, row)
            found = changed and (changed[0], _with(row, changed[1]))
        if found is not None:
            yield Mutation(row, *found)


def _with(row: Row, changed: Row) -> Table:
    return tuple(changed if one is row else one for one in TABLE)


def _earlier(row: Row, rows: Sequence[Row]) -> tuple[str, Table] | None:
    """The row before its turn: what stood above it for the same event is not asked any more."""
    same = [one for one in rows if (one.state, one.on) == (row.state, row.on)]
    # He is there or gone: the guards of a check exclude one another, in any order.
    if same[0] is row or row.on is e.CallerChecked:
        return None
    kept = [one for one in TABLE if one is not row]
    kept.insert(kept.index(same[0]), row)
    return "asked first", tuple(kept)
