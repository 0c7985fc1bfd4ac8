"""Explore every world the transfer machine can get into: `python benchmarks/explore.py [depth]`.

Without a depth the walk goes on until nothing new is found. The two owners of the answer document
are walked side by side, first where the caller leaves the bot before a human is dialled, then
where humans are called first. After that the table gets one mistake at a time, named ones and some
that are drawn from a seed, and each has to be noticed.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.transfer import TABLE, DocumentOwner, Limits, Mode
from tests.transfer.explorer import LAWS_OF_WHAT_FOLLOWS, Explored, explore
from tests.transfer.laws import LAWS
from tests.transfer.mutations import seeded
from tests.transfer.product import Policy
from tests.transfer.test_explore import NAMED, NEEDED, laws_broken_by, walks_for

FOR_EVER = 10_000
SEED, DRAWN = "escalate", 20
# What a lost bot does to a caller is explored in the cold walk.
POLICIES = (
    Policy(asks=1),
    Policy(asks=1, mode=Mode.WARM, limits=Limits(streams=0)),
)


def walk(policy: Policy, owner: DocumentOwner, deepest: int) -> tuple[Explored, float]:
    began = time.perf_counter()
    found = explore(owner, policy, deepest=deepest, go_on=True)
    return found, time.perf_counter() - began


def main() -> int:
    deepest = int(sys.argv[1]) if len(sys.argv) > 1 else FOR_EVER
    rows: Counter[int] = Counter()
    broken: set[str] = set()
    walks = list(itertools.product(POLICIES, DocumentOwner))
    with ProcessPoolExecutor(max_workers=2) as pool:
        results = pool.map(walk, *zip(*walks, strict=True), itertools.repeat(deepest))
        for (policy, owner), (found, seconds) in zip(walks, results, strict=True):
            rows += found.rows
            broken |= set(found.violations)
            end = "closed" if found.closed else "cut off"
            print(
                f"{policy.mode}, document {owner}: {found.states:,} states, "
                f"{found.transitions:,} transitions, {end} after {found.depth} events, "
                f"{seconds:.1f} s"
            )
            for law, story in found.violations.items():
                print(f"  broken: {law}", *story, sep="\n    ")
        laws = len(LAWS) + len(LAWS_OF_WHAT_FOLLOWS)
        print(f"rows taken: {len(rows)} of {len(TABLE)}; laws: {laws}; broken: {len(broken)}")
        missed = _mutations(pool)
    return 1 if broken or missed else 0


def _mutations(pool: ProcessPoolExecutor) -> int:
    """Print which mistakes in the table are caught, and return how many are not."""
    began = time.perf_counter()
    named = [(walks, name) for walks, tables in NAMED.items() for name in tables]
    found = list(pool.map(caught_named, *zip(*named, strict=True)))
    drawn = list(pool.map(caught_drawn, range(DRAWN)))
    print(f"mistakes with a name caught: {sum(map(bool, found))} of {len(found)}")
    print(f"mistakes drawn from a seed caught: {sum(bool(law) for _, law in drawn)} of {DRAWN}")
    for what, law in drawn:
        print(f"  {what} -> {law or 'MISSED'}")
    print(f"mistakes looked for in {time.perf_counter() - began:.0f} s")
    return found.count("") + sum(not law for _, law in drawn)


def caught_named(walks: str, name: str) -> str:
    return min(laws_broken_by(NAMED[walks][name], walks), default="")


def caught_drawn(number: int) -> tuple[str, str]:
    mutation = next(islice(seeded(SEED, NEEDED), number, None))
    return str(mutation), min(laws_broken_by(mutation.table, walks_for(mutation.row)), default="")


if __name__ == "__main__":
    sys.exit(main())
