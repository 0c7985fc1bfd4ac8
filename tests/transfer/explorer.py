"""Breadth first through every world that can be reached, law by law, and on to a fair end."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from unittest.mock import patch

from escalate.transfer import TABLE, DocumentOwner, Escalation, Row, machine
from escalate.transfer.moment import Moment
from escalate.transfer.rules import Effect

from .cores import Cores, State
from .laws import LAWS_OF_DOCUMENTS, LAWS_OF_THE_RECORD, LAWS_OF_THE_WORLD, Law, broken
from .life import beginnings, essence, nobody_is_left_behind, steps
from .product import Policy, Product
from .world import Step

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


class Explorer:
    """Walks through the worlds of one policy. What one walk has found out, the next one knows."""

    def __init__(self, policy: Policy | None = None, table: Sequence[Row] = TABLE) -> None:
        self._table = table
        self._rows: Counter[int] = Counter()
        self._product = Product(policy or Policy(), table=table)
        self._cores = Cores(self._product)
        self._lawful: set[object] = set()

    def explore(
        self,
        owner: DocumentOwner,
        *,
        most_states: int = 10_000_000,
        deepest: int = 10_000,
        go_on: bool = False,
        after: Sequence[str] = (),
    ) -> Explored:
        """Visit every world within the bounds; stop at the first broken law unless told to `go_on`.

        `after` names steps that have been taken already, so that what follows is reached sooner.
        """
        found = Explored(rows=self._rows)
        with the_table(self._table, self._rows), nothing_collected():
            walk = _Walk(self._product, self._cores, self._lawful, found, go_on=go_on)
            walk.run(owner, after, most_states, deepest)
        return found


@contextmanager
def nothing_collected() -> Iterator[None]:
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


class _Walk:
    """One walk, and where it came from to each world."""

    def __init__(
        self, product: Product, cores: Cores, lawful: set[object], found: Explored, *, go_on: bool
    ) -> None:
        self._product = product
        self._cores = cores
        self._lawful = lawful
        self._found = found
        self._go_on = go_on
        self._came_from: dict[State, tuple[State, str] | None] = {}

    def run(
        self, owner: DocumentOwner, after: Sequence[str], most_states: int, deepest: int
    ) -> None:
        """Visit level by level, so that the first story of a broken law is a shortest one."""
        found = self._found
        level = self._first(owner, after)
        while level and (self._go_on or not found.violations):
            if found.depth >= deepest or len(self._came_from) >= most_states:
                found.closed = False
                break
            level = self._next(level)
            found.depth += 1
        found.states = len(self._came_from)

    def _first(self, owner: DocumentOwner, after: Sequence[str]) -> list[State]:
        worlds = list(beginnings(self._product, owner))
        try:
            for what in after:
                found = [step for w in worlds for step in steps(self._product, w)]
                worlds = [essence(self._product, s.after) for s in found if s.what == what]
        except AssertionError as error:
            self._found.violations[SOUNDNESS] = [*after, str(error)]
            return []
        self._came_from.update(dict.fromkeys(map(self._cores.state, worlds)))
        return list(self._came_from)

    def _next(self, level: Sequence[State]) -> list[State]:
        beyond: list[State] = []
        for state in level:
            try:
                self._ask_for_a_fair_end(state)
                self._go_on_from(state, beyond)
            except (AssertionError, ValueError) as error:
                self._report(SOUNDNESS, state, str(error))
            if self._found.violations and not self._go_on:
                break
        return beyond

    def _ask_for_a_fair_end(self, state: State) -> None:
        if not self._cores.settles(*state):
            self._report(LIVENESS, state, "all that is under way is lost")
        heard, left = self._cores.in_order(*state)
        if not nobody_is_left_behind(heard.world):
            self._report(LEFT_BEHIND, state, "all that is under way arrives")
        if not self._cores.settles(heard, left):
            self._report(LIVENESS, state, "all that is under way arrives")

    def _go_on_from(self, state: State, beyond: list[State]) -> None:
        came_from = self._came_from
        core, under = state
        for move in self._cores.moves(core, under):
            self._found.transitions += 1
            if move.step is not None:
                self._product.old_letters_change_nothing(move.after.world.record)
                move.law = self._broken(move.step)
                move.step = None
            if move.law is not None:
                self._report(move.law.__name__, state, move.what)
                continue
            after = (move.after, self._cores.after(move, under))
            if after not in came_from:
                came_from[after] = (state, move.what)
                beyond.append(after)

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

    def _report(self, law: str, state: State, last: str) -> None:
        if law in self._found.violations:
            return
        story = [last]
        came = self._came_from[state]
        while came is not None:
            state, what = came
            story.append(what)
            came = self._came_from[state]
        self._found.violations[law] = story[::-1]
