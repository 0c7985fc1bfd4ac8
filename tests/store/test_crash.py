"""Two processes change the same calls at once, and one of them is killed in the middle of it."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from escalate.store import open_store
from escalate.transfer import Call
from tests import nursery

from . import writer


@pytest.fixture(params=["sqlite", "redis"])
async def where(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[str]:
    """A store that has its tables, if it needs any."""
    redis = request.param == "redis"
    place = request.getfixturevalue("redis_server").url if redis else str(path)
    async with open_store(place):
        yield place


class Writer:
    """A process that changes calls, and the changes it was told had been made."""

    def __init__(self, where: str, name: str, count: int) -> None:
        self.made: list[tuple[str, int]] = []
        self.opened: list[str] = []
        self.process = subprocess.Popen(
            [nursery.python(), writer.__file__, where, name, str(count)],
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, limit: int | None = None) -> None:
        """Take note of the next changes, of all that are left without a limit."""
        assert self.process.stdout is not None
        for number, line in enumerate(self.process.stdout, start=1):
            call_uuid, revision, opened = line.split()
            self.made.append((call_uuid, int(revision)))
            if opened != "-":
                self.opened.append(opened)
            if number == limit:
                return

    def kill(self) -> None:
        """End it as the kernel would, wherever it is."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        if not self.process.stdout.closed:
            self.read()
            self.process.stdout.close()


def escalations(call: Call) -> list[str]:
    held = () if call.escalation is None else (call.escalation,)
    return [one.id for one in (*call.past, *held)]


async def test_a_killed_process_loses_no_event_and_doubles_none(where: str) -> None:
    """Each change that was confirmed is there once; of the victim's last one nobody knows."""
    with ExitStack() as stack:
        writers = [Writer(where, name, 300) for name in ("one", "two")]
        for one in writers:
            stack.callback(one.kill)
        writers[0].read(100)
        writers[0].kill()
        writers.append(Writer(where, "three", 100))
        stack.callback(writers[-1].kill)
        for one in writers[1:]:
            one.read()
            assert 0 == one.process.wait()

    made = [change for one in writers for change in one.made]
    assert len(made) >= 500
    assert len(made) == len(set(made)), "two processes were given the same revision"
    async with open_store(where) as store:
        calls = [await store.load(call_uuid) for call_uuid in writer.CALLS]
    kept = sum(call.revision for call in calls if call is not None)
    assert kept - len(made) in (0, 1)
    counted = Counter(name for call in calls if call is not None for name in escalations(call))
    assert {1} == set(counted.values())
    assert counted.keys() >= {name for one in writers for name in one.opened}
