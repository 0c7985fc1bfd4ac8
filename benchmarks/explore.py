"""Explore every world the transfer machine can get into: `python benchmarks/explore.py [depth]`.

Without a depth the walk goes on until nothing new is found. The two owners of the answer document
are walked side by side.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from escalate.transfer import TABLE, DocumentOwner
from tests.transfer.explorer import Explored, explore
from tests.transfer.laws import LAWS
from tests.transfer.world import Policy

FOR_EVER = 10_000


def walk(owner: DocumentOwner, deepest: int) -> tuple[Explored, float]:
    began = time.perf_counter()
    found = explore(owner, Policy(asks=1), deepest=deepest, go_on=True)
    return found, time.perf_counter() - began


def main() -> int:
    deepest = int(sys.argv[1]) if len(sys.argv) > 1 else FOR_EVER
    owners = list(DocumentOwner)
    with ProcessPoolExecutor(max_workers=len(owners)) as pool:
        walks = list(pool.map(walk, owners, [deepest] * len(owners)))
    rows: Counter[int] = Counter()
    for owner, (found, seconds) in zip(owners, walks, strict=True):
        rows += found.rows
        end = "closed" if found.closed else "cut off"
        print(
            f"document {owner}: {found.states:,} states, {found.transitions:,} transitions, "
            f"{end} after {found.depth} events, {seconds:.1f} s"
        )
        for law, story in found.violations.items():
            print(f"  broken: {law}", *story, sep="\n    ")
    broken = {law for found, _ in walks for law in found.violations}
    print(f"rows taken: {len(rows)} of {len(TABLE)}; laws: {len(LAWS) + 1}; broken: {len(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
