"""Explore every world the transfer machine can get into: `python benchmarks/explore.py [depth]`.

Without a depth the walk goes on until nothing new is found. The two owners of the answer document
are walked side by side, first where the caller leaves the bot before a human is dialled, then
where humans are called first.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.transfer import TABLE, DocumentOwner, Limits, Mode
from tests.transfer.explorer import LAWS_OF_WHAT_FOLLOWS, Explored, explore
from tests.transfer.laws import LAWS
from tests.transfer.product import Policy

FOR_EVER = 10_000
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
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
