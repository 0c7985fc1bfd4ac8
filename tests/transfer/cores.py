"""What may happen in a world, found out once for all worlds that differ only in what is under way.

What is under way, letters to us and requests of ours, changes nothing until it arrives, and no law
looks at it. So a world is a core, that is a world with nothing under way, and a set of things under
way. A move leads from core to core; besides it puts things under way and ends others. Sets of
things are numbers here, a bit for each thing. That all this makes no difference is tested against
a walk from world to world.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .laws import Law
from .letters import ABOUT_HUMANS, Order, Request, Thing
from .life import arrives, essence, go_on_alone, is_at_rest, matters, unprompted
from .product import Product
from .world import Step, World

# A deadline, a check and a document each: more than the longest way from anywhere to an end.
FAIR_STEPS: Final = 20


class _Other(Request):
    """A request that is the same as no other, to see what a step makes of those under way."""

    __slots__ = ()
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__


class Move:
    """A step from a core: what it leads to, puts under way and ends of what was under way.

    The step itself is kept until it was judged.
    """

    __slots__ = ("after", "ends", "law", "puts", "step", "what")

    def __init__(self, step: Step, after: Core, puts: int, ends: int) -> None:
        self.step: Step | None = step
        self.what = step.what
        self.law: Law | None = None
        self.after = after
        self.puts = puts
        self.ends = ends


class Core:
    """A world with nothing under way, and what is known of it.

    `moves` has for each thing what its arrival leads to, and at `UNPROMPTED` what may happen
    whatever is under way; they tell what becomes of each request that is in `knew`. `matter` are
    the things, of those that were `judged`, that may still change anything. With whatever requests
    in `settled` under way it comes to rest.
    """

    __slots__ = ("judged", "knew", "matter", "moves", "settled", "world")

    def __init__(self, world: World, knew: int) -> None:
        self.world = world
        self.knew = knew
        self.moves: dict[int, list[Move]] = {}
        self.settled: set[int] = set()
        self.matter = 0
        self.judged = 0


UNPROMPTED: Final = -1
State = tuple[Core, int]


class Cores:
    """All cores of a walk, and all things that were ever under way in it."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._cores: dict[World, Core] = {}
        self._things: list[Thing] = []
        self._bits: dict[Thing, int] = {}
        self._requests = 0
        self._about_humans = 0
        self._for_the_end = 0
        self._others: dict[_Other, int] = {}
        self._sorted: dict[int, tuple[int, ...]] = {}
        self._settled: set[World] = set()

    def __del__(self) -> None:
        """Leave the collector nothing to do: moves lead from core to core in circles."""
        for core in self._cores.values():
            core.moves.clear()

    def state(self, world: World) -> State:
        """A world as its core and what is under way."""
        core = self._core(_bare(essence(self._product, world)))
        return core, self._mattering(core, self._set(world.post | world.requests))

    def moves(self, core: Core, under: int) -> Iterator[Move]:
        """Everything that may happen next."""
        self._forget_if_ignorant(core, under)
        yield from core.moves.get(UNPROMPTED) or self._unprompted(core)
        for thing in self._in_order(under):
            yield from self._arrivals(core, thing)

    def after(self, move: Move, under: int) -> int:
        """What is under way after a move."""
        return self._mattering(move.after, under & ~move.ends | move.puts)

    def in_order(self, core: Core, under: int) -> State:
        """The world once all has arrived, what we have asked about humans as well."""
        for _ in range(2):
            core, under = self._all_arrive(core, under, under & ~self._requests)
            core, under = self._all_arrive(core, under, under & self._about_humans)
        return core, under

    def _all_arrive(self, core: Core, under: int, things: int) -> State:
        for thing in self._in_order(things):
            if under >> thing & 1:
                self._forget_if_ignorant(core, under)
                first = self._arrivals(core, thing)[0]
                core, under = first.after, self.after(first, under)
        return core, under

    def settles(self, core: Core, under: int) -> bool:
        """Whether the world, left alone, comes to rest within a bounded number of steps.

        Nothing that is under way to us arrives, whatever it is.
        """
        asked = under & self._for_the_end
        if asked in core.settled:
            return True
        things = (self._things[thing] for thing in self._in_order(asked))
        requests = frozenset(thing for thing in things if isinstance(thing, Request))
        world = _unobserved(core.world._replace(requests=requests))
        way: list[World] = []
        for _ in range(FAIR_STEPS):
            if world in self._settled or is_at_rest(world):
                self._settled.update(way)
                core.settled.add(asked)
                return True
            way.append(world)
            world = _unobserved(go_on_alone(self._product, world))
        return False

    # --- things, and sets of them ---------------------------------------------------------------

    def _set(self, things: Iterable[Thing]) -> int:
        numbers = 0
        for thing in things:
            known = self._bits.get(thing)
            numbers |= 1 << (self._met_first(thing) if known is None else known)
        return numbers

    def _met_first(self, thing: Thing) -> int:
        number = self._bits[thing] = len(self._things)
        self._things.append(thing)
        if isinstance(thing, Request):
            self._requests |= 1 << number
            self._others[_Other(*thing)] = 1 << number
            if thing.order in ABOUT_HUMANS:
                self._about_humans |= 1 << number
            if thing.order in _FOR_THE_END:
                self._for_the_end |= 1 << number
        return number

    def _in_order(self, things: int) -> tuple[int, ...]:
        known = self._sorted.get(things)
        if known is None:
            numbers = [number for number in range(things.bit_length()) if things >> number & 1]
            known = self._sorted[things] = tuple(sorted(numbers, key=self._things.__getitem__))
        return known

    def _mattering(self, core: Core, under: int) -> int:
        if under & ~core.judged:
            for thing in self._in_order(under & ~core.judged):
                if matters(self._product, core.world, self._things[thing]):
                    core.matter |= 1 << thing
            core.judged |= under
        return under & core.matter

    # --- cores, and what happens in them --------------------------------------------------------

    def _core(self, world: World) -> Core:
        known = self._cores.get(world)
        if known is None:
            known = self._cores[world] = Core(world, self._requests)
        return known

    def _forget_if_ignorant(self, core: Core, under: int) -> None:
        if under & self._requests & ~core.knew:
            core.moves.clear()
            core.knew = self._requests

    def _unprompted(self, core: Core) -> list[Move]:
        others = frozenset(self._others)
        steps = unprompted(self._product, core.world._replace(requests=others))
        return self._kept(core, UNPROMPTED, steps)

    def _arrivals(self, core: Core, number: int) -> list[Move]:
        known = core.moves.get(number)
        if known is not None:
            return known
        thing, others = self._things[number], frozenset(self._others)
        if isinstance(thing, Request):
            world = core.world._replace(requests=others | {thing})
        else:
            world = core.world._replace(requests=others, post=frozenset({thing}))
        return self._kept(core, number, arrives(self._product, world, thing))

    def _kept(self, core: Core, number: int, steps: Iterator[Step]) -> list[Move]:
        known = self._requests
        arrived = 1 << number if number != UNPROMPTED else 0
        moves: list[Move] = []
        for step in steps:
            after = self._core(essence(self._product, _bare(step.after)))
            others = {r for r in step.after.requests if isinstance(r, _Other)}
            puts = self._set((*step.after.post, *(step.after.requests - others)))
            stay = sum(self._others[other] for other in others)
            moves.append(Move(step, after, puts, known & ~stay | arrived))
        core.moves[number] = moves
        return moves


_FOR_THE_END: Final = (Order.CHECK, Order.LOOK, Order.MOVE)


def _bare(w: World) -> World:
    return w._replace(post=frozenset(), requests=frozenset())


def _unobserved(w: World) -> World:
    """The same world without what only an observer remembers, and what is under way to us."""
    return w._replace(
        post=frozenset(), asked=0, talk_over=False, met=False, lasted=False, spoken=False, stream=0
    )
