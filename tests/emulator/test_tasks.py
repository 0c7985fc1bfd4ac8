"""What is broken off by a signal, and the event loop in which time leaps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from escalate.emulator.leaping import VirtualLoop
from escalate.emulator.tasks import Signal, until

T = TypeVar("T")


def play(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work())


def now() -> float:
    return asyncio.get_running_loop().time()


async def in_(seconds: float, act: Callable[[], object]) -> None:
    await asyncio.sleep(seconds)
    act()


def test_a_signal_breaks_off_what_goes_on_and_nothing_after_it() -> None:
    """The block ends at that moment; its task may wait again at once."""

    async def work() -> tuple[float, float]:
        signal = Signal()
        setting = asyncio.create_task(in_(3, signal.set))
        with until(signal):
            await asyncio.sleep(10)
        broken_off_at = now()
        await asyncio.sleep(1)
        await setting
        return broken_off_at, now()

    assert (3, 4) == play(work)


def test_a_block_that_is_done_first_is_not_touched_by_the_signal() -> None:
    """Neither by one that comes later, nor by one that it sets itself at its very end."""

    async def work() -> float:
        signal = Signal()
        with until(signal):
            await asyncio.sleep(1)
            signal.set()
        await asyncio.sleep(1)
        signal.set()
        await asyncio.sleep(1)
        return now()

    assert 3 == play(work)


def test_a_signal_that_is_set_already_leaves_a_block_as_far_as_its_first_wait() -> None:
    """What the block begins with is done all the same."""

    async def work() -> list[str]:
        signal, done = Signal(), list[str]()
        signal.set()
        with until(signal):
            done.append("begun")
            await asyncio.sleep(1)
            done.append("waited")
        return done

    assert ["begun"] == play(work)


@pytest.mark.parametrize("first", ["signal", "cancel"])
def test_whoever_cancels_the_task_itself_is_obeyed(first: str) -> None:
    """Even where the signal is set at the same moment."""

    async def work() -> bool:
        signal = Signal()

        async def broken_off() -> None:
            with until(signal):
                await asyncio.sleep(10)
            await asyncio.sleep(10)

        task = asyncio.create_task(broken_off())
        await asyncio.sleep(1)
        if first == "signal":
            signal.set()
        task.cancel()
        signal.set()
        await asyncio.wait([task], timeout=1)
        return task.cancelled()

    assert play(work)


def test_of_nested_blocks_the_one_whose_signal_is_set_is_left() -> None:
    """With both at once, the outer one."""

    async def work(*which: str) -> list[str]:
        signals, left = {"outer": Signal(), "inner": Signal()}, list[str]()
        for name in which:
            asyncio.get_running_loop().call_later(1, signals[name].set)
        with until(signals["outer"]):
            with until(signals["inner"]):
                await asyncio.sleep(10)
            left.append("inner")
            await asyncio.sleep(10)
        left.append("outer")
        return [*left, f"{now():.0f}"]

    assert ["inner", "outer", "11"] == play(lambda: work("inner"))
    assert ["outer", "1"] == play(lambda: work("outer"))
    assert ["outer", "1"] == play(lambda: work("inner", "outer"))


def test_what_is_due_at_one_moment_keeps_its_order() -> None:
    """However it was ordered; and a moment that has passed is due at once."""

    async def work() -> list[int]:
        loop, done = asyncio.get_running_loop(), list[int]()
        for n in range(20):
            loop.call_at(5, done.append, n)
        await asyncio.sleep(5)
        loop.call_at(2, done.append, 20)
        await asyncio.sleep(0.1)
        return done

    assert [*range(21)] == play(work)


def test_timers_that_were_called_off_are_not_due() -> None:
    """The few that are left of many come at their moments, and nobody waits for the last."""

    async def work() -> list[float]:
        loop, came = asyncio.get_running_loop(), list[float]()
        timers = [loop.call_at(10 + n, lambda: came.append(now())) for n in range(1000)]
        for n, timer in enumerate(timers):
            if n % 300:
                timer.cancel()
        loop.call_at(950, event.set)
        await event.wait()
        return [*came, now()]

    event = asyncio.Event()
    assert [10, 310, 610, 910, 950] == play(work)


def test_a_thread_is_heard() -> None:
    """Also where nobody waits for time, so that only the world outside can go on."""

    async def work() -> float:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        # Late enough that the loop has nothing left to do.
        thread = threading.Timer(0.02, loop.call_soon_threadsafe, [heard.set])
        thread.start()
        await heard.wait()
        thread.join()
        return now()

    assert 0 == play(work)
