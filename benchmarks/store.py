"""How long a change takes, and how soon another process hears of it, on each engine.

    python benchmarks/store.py [redis://127.0.0.1:6379/15]

SQLite is measured in a temporary file, Redis on the server that is named; it writes a few keys
there, which expire. A second process makes the changes; both read one monotonic clock.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from escalate.store import Store, open_store
from escalate.transfer import Call, DocumentOwner, Received

CHANGES = 300
PAUSE_S = 0.01


def touch(call_uuid: str, revision: int) -> Received:
    call = Call(call_uuid, DocumentOwner.OURS, opened_at=time.time(), revision=revision)
    return Received(replace(call, ended_at=time.time()), (), changed=True)


async def write(where: str, call_uuid: str) -> None:
    """Make the changes, and print when each was there and how long it took (nanoseconds)."""
    async with open_store(where, retention_s=1.0) as store:
        for revision in range(1, CHANGES + 1):
            await asyncio.sleep(PAUSE_S)
            started = time.monotonic_ns()
            await store.apply(call_uuid, lambda _, n=revision: touch(call_uuid, n))  # type: ignore[misc]
            ended = time.monotonic_ns()
            print(ended, ended - started, flush=True)


async def hear(store: Store, call_uuid: str) -> list[int]:
    """Return when each change was heard of (nanoseconds)."""
    heard: list[int] = []
    while len(heard) < CHANGES:
        call = await store.watch(call_uuid, after=len(heard), timeout_s=30.0)
        if call is None:
            raise SystemExit("nothing was heard for 30 s")
        # Two changes in one wake-up were heard of at the same time.
        heard += [time.monotonic_ns()] * (call.revision - len(heard))
    return heard


async def measure(where: str) -> None:
    call_uuid = f"benchmark-{secrets.token_hex(4)}"
    async with open_store(where) as store:
        hearing = asyncio.create_task(hear(store, call_uuid))
        writer = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--write", where, call_uuid, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await writer.communicate()
        heard = await hearing
    lines = [tuple(map(int, line.split())) for line in output.decode().splitlines()]
    show("  a change takes", [took for _, took in lines])
    # Negative when it was heard of before the writer had its answer.
    show("  heard of after", [at - made for at, (made, _) in zip(heard, lines, strict=True)])


def show(what: str, nanoseconds: Sequence[int]) -> None:
    ordered = sorted(one / 1e6 for one in nanoseconds)
    p99 = ordered[int(len(ordered) * 0.99)]
    print(f"{what}  median {statistics.median(ordered):7.2f}   p99 {p99:7.2f}", end="")
    print(f"   worst {ordered[-1]:7.2f} ms")


async def main(urls: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(f"SQLite, {CHANGES} changes by another process")
        await measure(str(Path(folder) / "calls.db"))
    for url in urls:
        print(f"Redis, {CHANGES} changes by another process")
        await measure(url)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    job = write(*arguments[1:]) if arguments[:1] == ["--write"] else main(arguments)
    asyncio.run(job)
