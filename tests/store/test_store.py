"""What every store promises; each engine passes the same tests."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.errors import StoreUnavailable
from escalate.store import SqliteStore, Store
from escalate.store.base import CODEC
from escalate.transfer import Call, DocumentOwner, LastResort, Leg, Received, receive
from escalate.transfer import events as e
from escalate.values import Party, Reason, Said, Trigger

CALL = Call("call-1", DocumentOwner.OURS, opened_at=1.0)
REQUESTED = e.Requested(
    "esc-1", Trigger.ASKED, "asked", (Leg("support", 20.0),), 120.0, LastResort.BOT
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with SqliteStore(path) as opened:
        yield opened


def begin(call: Call) -> object:
    return lambda stored: Received(stored or call, (), changed=stored is None)


def tell(event: e.Event, now: float) -> object:
    return lambda stored: None if stored is None else receive(stored, event, now)


async def put(store: Store, call: Call = CALL) -> None:
    await store.apply(call.call_uuid, begin(call))  # type: ignore[arg-type]


async def apply(store: Store, event: e.Event, now: float = 2.0) -> Received | None:
    return await store.apply("call-1", tell(event, now))  # type: ignore[arg-type]


async def test_a_call_comes_back_as_it_was_written(store: Store) -> None:
    """Escalations, attempts and endings survive the way to disk and back."""
    await put(store)
    await apply(store, REQUESTED)
    await apply(store, e.AnnouncementEnded("esc-1"))
    await apply(store, e.CallerArrived(1, REQUESTED))
    failed = e.DialEnded("esc-1", 1, connected=False, reason=Reason.SIP_AUTH_FAILED)
    received = await apply(store, failed)
    assert received is not None
    assert received.call == await store.load("call-1")


async def test_what_another_process_wrote_is_read_at_once(store: Store, path: Path) -> None:
    """Nothing is kept in memory that the file does not say."""
    async with SqliteStore(path) as other:
        await put(store)
        await apply(other, REQUESTED)
        call = await store.load("call-1")
        assert call is not None
        assert call.open_escalation is not None


async def test_two_processes_that_apply_at_once_lose_no_event(store: Store, path: Path) -> None:
    """Each change is read, made and written with nobody in between."""

    def count(stored: Call | None) -> Received:
        assert stored is not None
        more = replace(stored, stream=stored.stream + 1, revision=stored.revision + 1)
        return Received(more, (), changed=True)

    await put(store)
    async with SqliteStore(path) as other:
        await asyncio.gather(*(one.apply("call-1", count) for one in [store, other] * 20))
    call = await store.load("call-1")
    assert call is not None
    assert 41 == call.stream


async def test_a_watcher_learns_of_another_process_change(store: Store, path: Path) -> None:
    """Whoever waits in one process is woken by the other."""
    await put(store)
    watching = asyncio.create_task(store.watch("call-1", after=0, timeout_s=10.0))
    async with SqliteStore(path) as other:
        await apply(other, REQUESTED)
    seen = await watching
    assert seen is not None
    assert 1 == seen.revision


async def test_a_change_made_before_watching_counts(store: Store) -> None:
    """Level-triggered: there is no wake-up to miss."""
    await put(store)
    await apply(store, REQUESTED)
    seen = await store.watch("call-1", after=0, timeout_s=10.0)
    assert seen is not None
    assert await store.watch("call-1", after=1, timeout_s=0.05) is None


async def test_a_watcher_of_a_call_unknown_as_yet_is_told_when_it_comes(store: Store) -> None:
    """The web side may be later than the bot."""
    watching = asyncio.create_task(store.watch("call-1", after=-1, timeout_s=10.0))
    await asyncio.sleep(0)
    await put(store)
    assert CALL == await watching


async def test_only_calls_whose_deadline_has_passed_are_due(store: Store) -> None:
    """A call at rest is nobody's business."""
    await put(store)
    assert [] == list(await store.due(1e12))
    received = await apply(store, REQUESTED)
    assert received is not None
    deadline = received.call.deadline
    assert deadline is not None
    assert [] == list(await store.due(deadline - 0.1))
    assert [received.call] == list(await store.due(deadline))


async def test_an_event_without_effect_writes_nothing(store: Store) -> None:
    """A repeated callback costs one read."""
    await put(store)
    received = await apply(store, e.MoveRefused("esc-9"))
    assert received is not None
    assert not received.changed
    assert CALL == await store.load("call-1")


async def test_words_are_kept_apart_in_order_and_deleted_when_their_time_has_come(
    store: Store, path: Path
) -> None:
    """The one table with a caller's words is emptied; the record of the call stays."""
    await put(store)
    said = [Said(Party.BOT, "Hello.", 1.0), Said(Party.CALLER, "A person, please.", 2.0)]
    for one in reversed(said):
        await store.remember("call-1", one)
    assert said == list(await store.words("call-1"))
    await store.forget(100.0)
    assert said == list(await store.words("call-1"))
    await apply(store, e.CallerHungUp(), now=50.0)
    await store.forget(50.0)
    assert said == list(await store.words("call-1"))
    await store.forget(50.1)
    assert [] == list(await store.words("call-1"))
    with sqlite3.connect(path) as file:
        assert "person" not in "".join(map(str, file.execute("SELECT * FROM calls").fetchall()))


async def test_a_change_that_raises_leaves_the_call_alone(store: Store) -> None:
    """A transaction is whole or it is not."""

    def broken(_: Call | None) -> Received:
        raise RuntimeError("broken")

    await put(store)
    with pytest.raises(RuntimeError, match="broken"):
        await store.apply("call-1", broken)
    assert await apply(store, REQUESTED) is not None


async def test_a_cancelled_task_leaves_the_store_usable(store: Store) -> None:
    """Teardown cancels tasks in the middle of anything."""
    await put(store)
    for _ in range(20):
        task = asyncio.create_task(apply(store, e.StreamStarted(1)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await apply(store, REQUESTED) is not None


async def test_a_file_that_cannot_be_opened_is_one_clear_error(tmp_path: Path) -> None:
    """The error is ours, not SQLite's."""
    with pytest.raises(StoreUnavailable, match="unable to open"):
        async with SqliteStore(tmp_path / "no" / "such" / "folder.db"):
            raise AssertionError("not reached")


async def test_a_locked_file_is_an_unavailable_store_not_a_hang(path: Path) -> None:
    """Another program that holds the file makes us say so."""
    async with SqliteStore(path, busy_s=0.05) as store:
        await put(store)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await apply(store, REQUESTED)
        holder.execute("ROLLBACK")
        holder.close()
        assert await apply(store, REQUESTED) is not None


@given(st.text(max_size=50), st.integers(1, 9), st.floats(0, 1e10))
def test_the_codec_gives_back_what_it_took(uuid: str, stream: int, at: float) -> None:
    """Whatever a call holds, writing and reading are each other's inverse."""
    assume = uuid.encode("utf-8", "ignore").decode()
    call = replace(CALL, call_uuid=assume, stream=stream, opened_at=at)
    opened = receive(call, REQUESTED, at).call
    assert opened == CODEC.validate_json(CODEC.dump_json(opened))
