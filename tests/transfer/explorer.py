"""Breadth first through every world that can be reached, law by law, and on to a fair end."""

from __future__ import annotations

import gc
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from unittest.mock import patch

from escalate.transfer import TABLE, DocumentOwner, Escalation, Row, machine
from escalate.transfer.moment import Moment
from escalate.transfer.rules import Effect

from .laws import LAWS_OF_DOCUMENTS, LAWS_OF_THE_RECORD, LAWS_OF_THE_WORLD, Law, broken
from .life import (
    beginnings,
    essence,
    go_on_alone,
    in_order,
    is_at_rest,
    nobody_is_left_behind,
    steps,
)
from .product import Policy, Product
from .world import Step, World

# A deadline, a check and a document each: more than the longest way from anywhere to an end.
FAIR_STEPS: Final = 20
LIVENESS: Final = "a_fair_continuation_settles"
LEFT_BEHIND: Final = nobody_is_left_behind.__name__
# What the machine refuses to compute, and what it computes differently when told twice.
SOUNDNESS: Final = "the_machine_is_sound"
LAWS_OF_WHAT_FOLLOWS: Final = (LIVENESS, LEFT_BEHIND, SOUNDNESS)


@dataclass
class Explored:
    """What an exploration has seen. `violations` maps the name of a law to the shortest story."""

    states: int = 0
    transitions: int = 0
    depth: int = 0
    closed: bool = True
    rows: Counter[int] = field(default_factory=Counter)
    violations: dict[str, list[str]] = field(default_factory=dict)


def explore(
    owner: DocumentOwner,
    policy: Policy | None = None,
    *,
    table: Sequence[Row] = TABLE,
    most_states: int = 10_000_000,
    deepest: int = 10_000,
    go_on: bool = False,
    after: Sequence[str] = (),
) -> Explored:
    """Visit every world within the bounds; stop at the first broken law unless told to `go_on`.

    `after` names steps that have been taken already, so that what follows them is reached sooner.
    """
    found = Explored()
    with the_table(table, found.rows), _nothing_collected():
        _Exploration(Product(policy or Policy()), found, most_states, deepest, go_on).run(
            owner, after
        )
    return found


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Leave the collector out: all worlds are kept, and looking through them takes ever longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def the_table(table: Sequence[Row], taken: Counter[int]) -> Iterator[None]:
    """Have the machine walk `table`, and count in `taken` how often each row was taken."""
    rows = (row._replace(effect=_counted(row.effect, taken, i)) for i, row in enumerate(table))
    with patch.object(machine, "TABLE", tuple(rows)):
        yield


def _counted(effect: Effect, taken: Counter[int], index: int) -> Effect:
    def counted(moment: Moment) -> Escalation:
        taken[index] += 1
        return effect(moment)

    return counted


class _Exploration:
    """One walk."""

    def __init__(
        self, product: Product, found: Explored, most_states: int, deepest: int, go_on: bool
    ) -> None:
        self._product = product
        self._found = found
        self._most_states = most_states
        self._deepest = deepest
        self._go_on = go_on
        self._came_from: dict[World, tuple[World, str] | None] = {}
        self._settles: set[World] = set()
        self._lawful: set[object] = set()

    def run(self, owner: DocumentOwner, after: Sequence[str]) -> None:
        """Visit level by level, so that the first story of a broken law is a shortest one."""
        level = deque(beginnings(self._product, owner))
        for what in after:
            level = deque(
                step.after for w in level for step in steps(self._product, w) if step.what == what
            )
        self._came_from.update(dict.fromkeys(level))
        while level and (self._go_on or not self._found.violations):
            if self._found.depth >= self._deepest or len(self._came_from) >= self._most_states:
                self._found.closed = False
                break
            level = deque(self._next(level))
            self._found.depth += 1
        self._found.states = len(self._came_from)

    def _next(self, level: deque[World]) -> Iterator[World]:
        for world in level:
            try:
                self._ask_for_a_fair_end(world)
                yield from self._after(world)
            except (AssertionError, ValueError) as error:
                self._report(SOUNDNESS, world, str(error))
            if self._found.violations and not self._go_on:
                return

    def _ask_for_a_fair_end(self, world: World) -> None:
        if not self._settles_from(world):
            self._report(LIVENESS, world, "all that is under way is lost")
        heard = in_order(self._product, world)
        if not nobody_is_left_behind(heard):
            self._report(LEFT_BEHIND, world, "all that is under way arrives")
        if not self._settles_from(heard):
            self._report(LIVENESS, world, "all that is under way arrives")

    def _after(self, world: World) -> Iterator[World]:
        came_from = self._came_from
        for step in steps(self._product, world):
            self._found.transitions += 1
            law = self._broken(step)
            if law is not None:
                self._report(law.__name__, world, step.what)
                continue
            after = essence(self._product, step.after)
            if after not in came_from:
                came_from[after] = (world, step.what)
                yield after

    def _broken(self, step: Step) -> Law | None:
        law = broken(step, LAWS_OF_THE_WORLD)
        if law is None and step.executed is not None:
            law = broken(step, LAWS_OF_DOCUMENTS)
        told = (step.before.record, step.after.record, step.told, step.before.lasted)
        if law is None and told not in self._lawful:
            law = broken(step, LAWS_OF_THE_RECORD)
            if law is None:
                self._lawful.add(told)
        return law

    def _settles_from(self, world: World) -> bool:
        """Whether the world, left alone, comes to rest within a bounded number of steps."""
        # Nothing that is under way arrives, whatever it is.
        world = world._replace(post=frozenset())
        way: list[World] = []
        for _ in range(FAIR_STEPS):
            if world in self._settles or is_at_rest(world):
                self._settles.update(way)
                return True
            way.append(world)
            world = go_on_alone(self._product, world)
        return False

    def _report(self, law: str, world: World, last: str) -> None:
        if law in self._found.violations:
            return
        story = [last]
        came = self._came_from[world]
        while came is not None:
            world, what = came
            story.append(what)
            came = self._came_from[world]
        self._found.violations[law] = story[::-1]
