"""Play a year of calls in virtual time: `python benchmarks/simulate.py [calls] [seed]`.

The whole product (routes, machine, routing, documents) meets the local Plivo at moments of a year:
hours, holidays, clocks that are changed, telephones that do as they please, callbacks that are lost
and doubled. Each call is judged by the carrier's log alone: who may end it, who may be dialled at
that hour, and how long the caller may wait. The exit status is 1 if any call is wrong.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulation.oracle import judge, waited_s
from tests.simulation.year import simulate

# As many as are played by one process before it is asked for its results.
_PORTION = 500
_SHOWN = 10


def play(calls: int, seed: str) -> tuple[Counter[str], Counter[str], list[str], float, int]:
    """Return how calls ended, under which policies, what is wrong, and the longest wait."""
    logging.disable(logging.CRITICAL)
    ended: Counter[str] = Counter()
    policies: Counter[str] = Counter()
    wrong: list[str] = []
    longest_s, dialled = 0.0, 0
    for number, told in enumerate(simulate(calls, seed=seed)):
        report, problems = judge(told)
        ended[report.outcome] += 1
        policies[f"{told.policy.mode}, {told.policy.strategy}, {told.policy.last_resort}"] += 1
        wrong += [f"call {seed}/{number} at {told.at:%d %b %H:%M} UTC: {one}" for one in problems]
        longest_s = max(longest_s, waited_s(told))
        dialled += len(report.attempts)
    return ended, policies, wrong, longest_s, dialled


def main() -> int:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    began = time.perf_counter()
    portions = [min(_PORTION, calls - done) for done in range(0, calls, _PORTION)]
    seeds = [f"{seed}-{n}" for n in range(len(portions))]
    ended: Counter[str] = Counter()
    policies: Counter[str] = Counter()
    wrong: list[str] = []
    longest_s, dialled = 0.0, 0
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for portion in pool.map(play, portions, seeds):
            ended += portion[0]
            policies += portion[1]
            wrong += portion[2]
            longest_s, dialled = max(longest_s, portion[3]), dialled + portion[4]
    for outcome, count in ended.most_common():
        print(f"{outcome:12} {count:6,}")
    seconds = time.perf_counter() - began
    print(
        f"{calls:,} calls, {dialled:,} humans called, {len(policies)} policies, "
        f"longest wait with nobody {longest_s:.0f} s; wrong: {len(wrong)}; {seconds:.0f} s"
    )
    print(*wrong[:_SHOWN], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
