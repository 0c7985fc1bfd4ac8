"""Explore every world the transfer machine can get into: `python benchmarks/explore.py [depth]`.

Each walk goes on until nothing new is found, or to as many events as stand beside it (or `depth`,
if that is less); the first event of a warm walk is that somebody is asked for. The two owners of
the answer document are walked side by side. After that the table loses one row at a time, and gets
one mistake at a time, named ones and some that are drawn from a seed; each has to be noticed.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.transfer import TABLE, DocumentOwner, Mode
from tests.transfer.explorer import LAWS_OF_WHAT_FOLLOWS, Explored, Explorer, nothing_collected
from tests.transfer.laws import LAWS
from tests.transfer.mutations import seeded
from tests.transfer.product import Policy
from tests.transfer.test_explore import (
    COLD,
    COLD_TOGETHER,
    DEFERRING,
    INTRODUCING,
    LAST,
    NAMED,
    NEEDED,
    TOGETHER,
    WARM_LAST,
    laws_broken_by,
    walks_for,
)

FOR_EVER = 10_000
SEED, DRAWN = "escalate", 20


class Walk(NamedTuple):
    """What is explored, and how many events deep."""

    name: str
    policy: Policy
    deepest: int = FOR_EVER

    @property
    def begun(self) -> int:
        """How many events come before the first world."""
        return 1 if self.policy.mode is Mode.WARM else 0


# The longest first, so that neither of two processes is left with one of them at the end.
WALKS = (
    Walk("warm, all at once", TOGETHER, 12),
    Walk("warm, asked for time", DEFERRING, 12),
    Walk("warm, introduced", INTRODUCING, 12),
    Walk("cold", COLD),
    Walk("cold, all at once", COLD_TOGETHER, 12),
    Walk("warm, to a last word", WARM_LAST, 12),
    Walk("cold, to a last word", LAST),
)


@nothing_collected()
def walk(told: Walk, owner: DocumentOwner, deepest: int) -> tuple[Explored, float]:
    began = time.process_time()
    deepest = min(deepest, told.deepest) - told.begun
    found = Explorer(told.policy).explore(owner, deepest=deepest, go_on=True)
    return found, time.process_time() - began


def main() -> int:
    deepest = int(sys.argv[1]) if len(sys.argv) > 1 else FOR_EVER
    rows: Counter[int] = Counter()
    broken: set[str] = set()
    began = time.perf_counter()
    walks = list(itertools.product(WALKS, DocumentOwner))
    with ProcessPoolExecutor(max_workers=2) as pool:
        results = pool.map(walk, *zip(*walks, strict=True), itertools.repeat(deepest))
        for (told, owner), (found, seconds) in zip(walks, results, strict=True):
            rows += found.rows
            broken |= set(found.violations)
            end = "closed" if found.closed else "cut off"
            events = found.depth + told.begun
            print(
                f"{told.name}, document {owner}: {found.states:,} states, "
                f"{found.transitions:,} transitions, {end} after {events} events, "
                f"{seconds:.1f} CPU s",
                flush=True,
            )
            for law, story in found.violations.items():
                print(f"  broken: {law}", *story, sep="\n    ")
        laws = len(LAWS) + len(LAWS_OF_WHAT_FOLLOWS)
        print(f"rows taken: {len(rows)} of {len(TABLE)}; laws: {laws}; broken: {len(broken)}")
        print(f"explored in {time.perf_counter() - began:.0f} s on {os.cpu_count()} processors")
        missed = _mutations(pool)
    return 1 if broken or missed else 0


def _mutations(pool: ProcessPoolExecutor) -> int:
    """Print which mistakes in the table are caught, and return how many are not."""
    began = time.perf_counter()
    named = [(walks, name) for walks, tables in NAMED.items() for name in tables]
    found = list(pool.map(caught_named, *zip(*named, strict=True)))
    drawn = list(pool.map(caught_drawn, range(DRAWN)))
    lost = list(pool.map(loss_noticed, range(len(NEEDED))))
    print(f"rows whose loss is noticed: {sum(map(bool, lost))} of {len(lost)}")
    print(f"mistakes with a name caught: {sum(map(bool, found))} of {len(found)}")
    print(f"mistakes drawn from a seed caught: {sum(bool(law) for _, law in drawn)} of {DRAWN}")
    for what, law in drawn:
        print(f"  {what} -> {law or 'MISSED'}")
    print(f"mistakes looked for in {time.perf_counter() - began:.0f} s")
    return (*found, *lost).count("") + sum(not law for _, law in drawn)


def loss_noticed(number: int) -> str:
    row = NEEDED[number]
    table = tuple(kept for kept in TABLE if kept is not row)
    return min(laws_broken_by(table, walks_for(row)), default="")


def caught_named(walks: str, name: str) -> str:
    return min(laws_broken_by(NAMED[walks][name], walks), default="")


def caught_drawn(number: int) -> tuple[str, str]:
    mutation = next(islice(seeded(SEED, NEEDED), number, None))
    return str(mutation), min(laws_broken_by(mutation.table, walks_for(mutation.row)), default="")


if __name__ == "__main__":
    sys.exit(main())
