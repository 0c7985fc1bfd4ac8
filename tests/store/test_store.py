"""What every store promises; each engine passes the same tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.errors import StoreUnavailable
from escalate.store import Note, Store
from escalate.store.base import CODEC
from escalate.transfer import Call, Received, receive
from escalate.transfer import events as e
from escalate.values import Party, Reason, Said

from .harness import CALL, REQUESTED, Opening, apply, put, tell


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


async def test_what_another_process_wrote_is_read_at_once(store: Store, opening: Opening) -> None:
    """Nothing is kept in memory that the file does not say."""
    async with opening() as other:
        await put(store)
        await apply(other, REQUESTED)
        call = await store.load("call-1")
        assert call is not None
        assert call.open_escalation is not None


async def test_two_processes_that_apply_at_once_lose_no_event(
    store: Store, opening: Opening
) -> None:
    """Each change is read, made and written with nobody in between."""

    def count(stored: Call | None) -> Received:
        assert stored is not None
        more = replace(stored, stream=stored.stream + 1, revision=stored.revision + 1)
        return Received(more, (), changed=True)

    await put(store)
    async with opening() as other:
        await asyncio.gather(*(one.apply("call-1", count) for one in [store, other] * 20))
    call = await store.load("call-1")
    assert call is not None
    assert 41 == call.stream


async def test_a_watcher_learns_of_another_process_change(store: Store, opening: Opening) -> None:
    """Whoever waits in one process is woken by the other."""
    await put(store)
    watching = asyncio.create_task(store.watch("call-1", after=0, timeout_s=10.0))
    async with opening() as other:
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
    await apply(store, e.CallerHungUp())
    assert [] == list(await store.due(1e12))


async def test_an_event_without_effect_writes_nothing(store: Store) -> None:
    """A repeated callback costs one read."""
    await put(store)
    received = await apply(store, e.MoveRefused("esc-9"))
    assert received is not None
    assert not received.changed
    assert CALL == await store.load("call-1")


async def test_words_are_kept_apart_in_order_and_deleted_when_their_time_has_come(
    store: Store,
) -> None:
    """The one place with a caller's words is emptied; the record of the call stays."""
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
    assert await store.load("call-1") is not None


async def test_a_note_is_written_once_and_goes_with_the_words(
    store: Store, opening: Opening
) -> None:
    """Whoever comes second gets what the first has kept, in whichever process."""
    await put(store)
    first = Note("esc-1", "Name: Anna.", 2.0)
    async with opening() as other:
        assert None is await other.note("call-1", "esc-1")
        kept = await asyncio.gather(
            store.keep("call-1", first), other.keep("call-1", replace(first, text="Name: Bert."))
        )
        assert 1 == len(set(kept))
        assert kept[0] == await store.note("call-1", "esc-1") == await other.note("call-1", "esc-1")
    await apply(store, e.CallerHungUp(), now=50.0)
    await store.forget(50.0)
    assert kept[0] == await store.note("call-1", "esc-1")
    await store.forget(50.1)
    assert None is await store.note("call-1", "esc-1")


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


async def test_words_of_the_same_moment_stay_in_the_order_they_came(store: Store) -> None:
    """A clock may stand still between two of them."""
    said = [Said(Party.CALLER, text, 3.0) for text in ("one", "two", "three", "two")]
    for one in said:
        await store.remember("call-1", one)
    assert said == list(await store.words("call-1"))


async def test_calls_that_are_due_come_by_their_deadlines(store: Store) -> None:
    """The one that waits longest is looked after first."""
    for number, now in ((1, 30.0), (2, 10.0), (3, 20.0)):
        call = replace(CALL, call_uuid=f"call-{number}")
        await put(store, call)
        await store.apply(call.call_uuid, tell(REQUESTED, now))
    assert ["call-2", "call-3", "call-1"] == [call.call_uuid for call in await store.due(1e12)]


async def test_calls_with_a_request_for_a_human_are_listed_the_newest_first(store: Store) -> None:
    """In pages, and again when they change; a call in which nobody asked is not among them."""
    for number, opened_at in ((1, 30.5), (2, 10.25), (3, 20.125), (4, 40.0)):
        call = replace(CALL, call_uuid=f"call-{number}", opened_at=opened_at)
        await put(store, call)
        if number != 4:
            await store.apply(call.call_uuid, tell(REQUESTED, 50.0))
    await store.apply("call-3", tell(e.CallerHungUp(), 60.0))
    listed = await store.escalated(limit=2)
    assert ["call-1", "call-3"] == [call.call_uuid for call in listed]
    assert listed[1] == await store.load("call-3")
    rest = await store.escalated(before=listed[1].opened_at, limit=2)
    assert ["call-2"] == [call.call_uuid for call in rest]


async def test_a_store_that_is_not_open_says_so(opening: Opening) -> None:
    """The error is the one that every caller of a store expects."""
    with pytest.raises(StoreUnavailable, match="not open"):
        await opening().load("call-1")


@given(st.text(max_size=50), st.integers(1, 9), st.floats(0, 1e10))
def test_the_codec_gives_back_what_it_took(uuid: str, stream: int, at: float) -> None:
    """Whatever a call holds, writing and reading are each other's inverse."""
    assume = uuid.encode("utf-8", "ignore").decode()
    call = replace(CALL, call_uuid=assume, stream=stream, opened_at=at)
    opened = receive(call, REQUESTED, at).call
    assert opened == CODEC.validate_json(CODEC.dump_json(opened))


async def test_each_gets_his_turn_and_no_turn_is_given_twice(
    store: Store, opening: Opening
) -> None:
    """Also between processes, and when somebody is away for a while."""
    async with opening() as other:
        orders = await asyncio.gather(*(one.take_turn("abc") for one in [store, other] * 9))
    firsts = Counter(order[0] for order in orders)
    assert {"a": 6, "b": 6, "c": 6} == firsts
    assert all({"a", "b", "c"} == set(order) for order in orders)
    assert "new" == (await store.take_turn(["a", "new", "b"]))[0]
    last = [(await store.take_turn(["a", "b"]))[0] for _ in range(4)]
    assert 2 == last.count("a")


async def test_turns_outlive_the_process(store: Store, opening: Opening) -> None:
    """A restart does not begin with the first again."""
    await store.take_turn(["a", "b"])
    async with opening() as restarted:
        assert ["b", "a"] == list(await restarted.take_turn(["a", "b"]))
