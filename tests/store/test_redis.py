"""What holds for Redis alone: answers that get lost, servers that hang, restart or change sides."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from escalate.errors import ConfigurationError, StoreUnavailable
from escalate.store.base import CODEC, Note
from escalate.transfer import Call, Received
from escalate.transfer import events as e
from escalate.values import Party, Said

from .harness import CALL, PATIENCE_S, REQUESTED, LossyProxy, RedisServer, apply, put, tell

pytest.importorskip("redis")

from redis.asyncio import Redis

from escalate.store import redis as module
from escalate.store.redis import RedisStore

if TYPE_CHECKING:
    from escalate.store import Store

HELLO = Said(Party.CALLER, "A person, please.", 2.0)


@pytest.fixture
async def store(redis_server: RedisServer) -> AsyncIterator[RedisStore]:
    async with RedisStore(redis_server.url) as opened:
        yield opened


@pytest.fixture
async def raw(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A look behind the store."""
    client: Redis = Redis.from_url(redis_server.url, decode_responses=True)
    async with client:
        yield client


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[LossyProxy]:
    async with LossyProxy(redis_server.port) as opened:
        yield opened


@pytest.fixture
def own_server(tmp_path: Path, redis_server: RedisServer) -> Iterator[RedisServer]:
    """A server to be killed or halted, which has every write on disk before it answers."""
    with RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


def count(stored: Call | None) -> Received:
    assert stored is not None
    more = replace(stored, stream=stored.stream + 1, revision=stored.revision + 1)
    return Received(more, (), changed=True)


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until the server says so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.01)


async def nothing_of(raw: Redis, call_uuid: str) -> bool:
    return not await raw.exists(f"escalate:call:{call_uuid}", f"escalate:words:{call_uuid}")


# --- lost answers ---------------------------------------------------------------------------


async def test_a_change_whose_answer_got_lost_is_made_once(proxy: LossyProxy) -> None:
    """And its commands are carried out: whoever made it is told that it was made."""
    async with RedisStore(proxy.url) as store:
        await put(store)
        await apply(store, REQUESTED)
        proxy.lose_answer_to(b"EVALSHA")
        received = await apply(store, e.AnnouncementEnded("esc-1"))
        assert 1 == proxy.lost
        assert received is not None
        assert received.changed
        assert received.commands
        call = await store.load("call-1")
        assert call == received.call
        assert 2 == received.call.revision


async def test_words_whose_answer_got_lost_are_kept_once(proxy: LossyProxy) -> None:
    """The same said twice by the caller stands there twice all the same."""
    async with RedisStore(proxy.url) as store:
        await store.remember("call-1", HELLO)
        proxy.lose_answer_to(b"EVALSHA")
        await store.remember("call-1", HELLO)
        assert 1 == proxy.lost
        assert [HELLO, HELLO] == list(await store.words("call-1"))


async def test_a_change_that_came_to_nothing_in_time_comes_to_nothing_later(
    own_server: RedisServer,
) -> None:
    """A server that hung carries out nothing for which nobody waits any more."""
    async with RedisStore(own_server.url, patience_s=0.5) as store:
        await put(store)

        def change(stored: Call | None) -> Received:
            own_server.halt()
            return count(stored)

        with pytest.raises(StoreUnavailable, match="did not answer"):
            await store.apply("call-1", change)
        own_server.go_on()
        for _ in range(20):
            assert CALL == await store.load("call-1")


# --- servers in trouble ---------------------------------------------------------------------


async def test_a_server_that_hangs_is_an_unavailable_store_not_a_hang(
    own_server: RedisServer,
) -> None:
    """Every method gives up in time, and works again when the server does."""
    async with RedisStore(own_server.url, patience_s=0.3) as store:
        await put(store)
        own_server.halt()
        started = time.monotonic()
        for asked in (
            store.load("call-1"),
            apply(store, REQUESTED),
            store.due(0.0),
            store.remember("call-1", HELLO),
            store.words("call-1"),
            store.forget(0.0),
            store.watch("call-1", after=5, timeout_s=0.5),
        ):
            with pytest.raises(StoreUnavailable, match="did not answer"):
                await asked
        assert time.monotonic() - started < 5.0
        own_server.go_on()
        assert CALL == await store.load("call-1")
        assert [] == list(await store.words("call-1"))


async def test_those_who_wait_for_their_turn_do_not_wait_longer(own_server: RedisServer) -> None:
    """Whoever comes to a call behind others that hang gives up when they do."""
    async with RedisStore(own_server.url, patience_s=0.5) as store:
        await put(store)
        own_server.halt()
        started = time.monotonic()
        given_up = await asyncio.gather(
            *(apply(store, REQUESTED) for _ in range(5)), return_exceptions=True
        )
        assert time.monotonic() - started < 0.9
        assert {StoreUnavailable} == {type(one) for one in given_up}
        own_server.go_on()


async def test_a_server_that_is_not_there_is_one_clear_error(own_server: RedisServer) -> None:
    """The error is ours, and the store can be opened once the server is up."""
    own_server.kill()
    store = RedisStore(own_server.url, patience_s=0.2)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        async with store:
            raise AssertionError("not reached")
    own_server.start()
    async with store:
        assert await store.load("call-1") is None


async def test_a_closed_store_says_so(redis_server: RedisServer) -> None:
    """It does not open connections behind its owner's back."""
    store = RedisStore(redis_server.url)
    async with store:
        await put(store)
    for asked in (store.load("call-1"), store.watch("call-1", after=0, timeout_s=0.1)):
        with pytest.raises(StoreUnavailable, match="not open"):
            await asked


async def test_no_change_is_lost_or_doubled_when_the_server_is_killed(
    own_server: RedisServer,
) -> None:
    """Those in flight wait for its restart, and each is made exactly once."""
    async with (
        RedisStore(own_server.url, patience_s=PATIENCE_S) as one,
        RedisStore(own_server.url, patience_s=PATIENCE_S) as other,
    ):
        await put(one)
        made = 0

        async def work(store: Store) -> None:
            nonlocal made
            for _ in range(100):
                await store.apply("call-1", count)
                made += 1
                if made in (30, 90, 150):
                    own_server.kill()
                    own_server.start()

        workers = [asyncio.create_task(work(store)) for store in (one, other)]
        await asyncio.wait_for(asyncio.gather(*workers), PATIENCE_S)
        call = await one.load("call-1")
        assert call is not None
        assert 200 == call.revision == made


async def test_a_watcher_outlasts_a_restart(own_server: RedisServer) -> None:
    """A caller is not given up because the store was away for a moment."""
    async with RedisStore(own_server.url, patience_s=0.2) as store:
        await put(store)
        watching = asyncio.create_task(store.watch("call-1", after=0, timeout_s=PATIENCE_S))
        await asyncio.sleep(0.1)
        own_server.kill()
        with pytest.raises(StoreUnavailable):
            await store.load("call-1")
        assert not watching.done()
        own_server.start()
        assert await apply(store, REQUESTED) is not None
        call = await watching
        assert call is not None
        assert 1 == call.revision


async def test_a_primary_that_became_a_replica_is_an_unavailable_store(
    own_server: RedisServer,
) -> None:
    """After a fail-over the old address takes no writes; nothing is changed and nothing hangs."""
    async with RedisStore(own_server.url, patience_s=1.5) as store:
        await put(store)
        client: Redis = Redis.from_url(own_server.url)
        async with client:
            await client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
            with pytest.raises(StoreUnavailable, match="read only"):
                await apply(store, REQUESTED)
            await client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
        assert await apply(store, REQUESTED) is not None


async def test_a_wrong_password_is_told_at_once_and_not_shown(own_server: RedisServer) -> None:
    """Waiting would not make it right."""
    client: Redis = Redis.from_url(own_server.url)
    async with client:
        await client.config_set("requirepass", "right-one")
    url = own_server.url.replace("//", "//:wrong-one@")
    store = RedisStore(url, patience_s=PATIENCE_S)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="did not answer") as raised:
        async with store:
            raise AssertionError("not reached")
    assert time.monotonic() - started < PATIENCE_S / 2
    assert "wrong-one" not in f"{raised.value}{store!r}"


# --- watching -------------------------------------------------------------------------------


async def test_a_lost_notification_loses_no_wake_up(store: RedisStore, raw: Redis) -> None:
    """Whoever waits looks again by himself after a bounded time."""
    await put(store)
    watching = asyncio.create_task(store.watch("call-1", after=0, timeout_s=PATIENCE_S))
    await asyncio.sleep(0.1)
    silent = replace(CALL, revision=1)
    await raw.hset("escalate:call:call-1", "body", CODEC.dump_json(silent).decode())
    assert silent == await watching


async def test_no_wake_up_falls_between_two_listening_connections(
    store: RedisStore, raw: Redis, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notifications alone suffice, also for a change made while nobody listened."""
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 1000.0)
    await put(store)
    async with RedisStore(redis_server.url) as other:
        for revision in range(3):
            watching = asyncio.create_task(
                store.watch("call-1", after=revision, timeout_s=PATIENCE_S)
            )
            await until(lambda: raw.pubsub_channels("escalate:changed"))
            if revision:
                await raw.client_kill_filter(_type="pubsub")
            await other.apply("call-1", count)
            assert await watching is not None


async def test_many_watchers_of_many_calls_hear_of_theirs_alone(
    store: RedisStore, redis_server: RedisServer
) -> None:
    """One connection serves them all."""
    calls = [replace(CALL, call_uuid=f"call-{number}") for number in range(50)]
    for call in calls:
        await put(store, call)
    watching = [
        asyncio.create_task(store.watch(call.call_uuid, after=0, timeout_s=PATIENCE_S))
        for call in calls
    ]
    async with RedisStore(redis_server.url) as other:
        for call in calls[:-1]:
            await other.apply(call.call_uuid, tell(REQUESTED, 2.0))
        seen = await asyncio.gather(*watching[:-1])
        assert [call.call_uuid for call in calls[:-1]] == [call.call_uuid for call in seen if call]
        assert not watching[-1].done()
        await other.apply(calls[-1].call_uuid, tell(REQUESTED, 2.0))
        assert await watching[-1] is not None


async def test_a_watcher_can_be_cancelled_at_any_moment(store: RedisStore) -> None:
    """However busy he is, he is gone at once, and those who come after him are served."""
    await put(store)
    chance = random.Random(1)
    for _ in range(150):
        watching = asyncio.create_task(store.watch("call-1", after=5, timeout_s=PATIENCE_S))
        for _ in range(chance.randrange(30)):
            await asyncio.sleep(0)
            store._bell.ring("call-1")  # type: ignore[union-attr]
        watching.cancel()
        done, _ = await asyncio.wait([watching], timeout=0.5)
        assert {watching} == done
    assert CALL == await store.load("call-1")


async def test_a_watcher_who_is_rung_without_end_still_leaves_in_time(store: RedisStore) -> None:
    """False alarms do not keep him."""
    await put(store)

    async def ring() -> None:
        while True:
            store._bell.ring("call-1")  # type: ignore[union-attr]
            await asyncio.sleep(0)

    ringing = asyncio.create_task(ring())
    for number in range(50):
        async with asyncio.timeout(0.5):
            seen = await store.watch("call-1", after=5, timeout_s=number / 5000)
        assert seen is None
    ringing.cancel()


# --- what stays, and for how long -----------------------------------------------------------


async def test_words_expire_the_retention_after_the_end(
    redis_server: RedisServer, raw: Redis
) -> None:
    """Until the end nothing runs but the bound for calls that nobody reports on."""
    async with RedisStore(redis_server.url, retention_s=600.0) as store:
        await put(store)
        await store.remember("call-1", HELLO)
        await store.keep("call-1", Note("esc-1", "Name: Anna.", 2.0))
        assert 2 * 86400 < await raw.ttl("escalate:words:call-1")
        assert 2 * 86400 < await raw.ttl("escalate:notes:call-1")
        await apply(store, e.CallerHungUp())
        assert 590 < await raw.ttl("escalate:words:call-1") <= 600
        assert 590 < await raw.ttl("escalate:notes:call-1") <= 600
        await store.remember("call-1", HELLO)
        assert 590 < await raw.ttl("escalate:words:call-1") <= 600
        await store.keep("call-1", Note("esc-2", "Name: Anna.", 3.0))
        assert 590 < await raw.ttl("escalate:notes:call-1") <= 600


async def test_a_call_expires_a_while_after_its_end(redis_server: RedisServer, raw: Redis) -> None:
    """Nothing of it is left: neither body nor deadline, nor its place in the list of calls."""
    async with RedisStore(redis_server.url, keep_s=0.05, retention_s=0.05) as store:
        await put(store)
        assert 86400 < await raw.ttl("escalate:call:call-1")
        await apply(store, REQUESTED)
        await store.remember("call-1", HELLO)
        await apply(store, e.CallerHungUp(), now=50.0)
        await until(lambda: nothing_of(raw, "call-1"))
        await store.forget(51.0)
        assert [] == list(await store.due(1e12))
        assert [] == list(await store.escalated())
        assert [] == await raw.keys("*")


async def test_a_deadline_without_its_call_is_swept_away(store: RedisStore, raw: Redis) -> None:
    """What a lost key leaves behind is nobody's business."""
    await put(store)
    await apply(store, REQUESTED)
    await raw.delete("escalate:call:call-1")
    assert [] == list(await store.due(1e12))
    assert 0 == await raw.zcard("escalate:deadlines")


async def test_words_stand_in_their_list_alone(store: RedisStore, raw: Redis) -> None:
    """Whoever reads the calls has no word of a caller."""
    await put(store)
    await store.remember("call-1", HELLO)
    assert "person" not in str(await raw.hgetall("escalate:call:call-1"))
    assert "person" in str(await raw.lrange("escalate:words:call-1", 0, -1))


async def test_two_deployments_can_share_a_server(redis_server: RedisServer) -> None:
    """Each has a prefix of its own."""
    async with (
        RedisStore(redis_server.url) as one,
        RedisStore(redis_server.url, prefix="staging") as other,
    ):
        await put(one)
        assert await other.load("call-1") is None


@pytest.mark.parametrize("url", ["redis://:pa/ss@host:6379", "http://host", "host:6379"])
def test_a_url_that_is_none_is_refused_without_being_shown(url: str) -> None:
    """A password with a slash in it is the commonest mistake."""
    with pytest.raises(ConfigurationError, match="percent-encode") as raised:
        RedisStore(url)
    assert "pa" not in str(raised.value).replace("password", "").replace("percent", "")


async def test_a_call_that_is_not_kept_any_more_leaves_no_gap_in_the_list(
    redis_server: RedisServer,
) -> None:
    """The server deletes calls by itself; a page of the list is full all the same."""
    from redis import Redis

    async with RedisStore(redis_server.url) as store:
        for number in (1, 2, 3):
            call = replace(CALL, call_uuid=f"call-{number}", opened_at=float(number))
            await put(store, call)
            await store.apply(call.call_uuid, tell(REQUESTED, 5.0))
        with Redis.from_url(redis_server.url) as client:
            client.delete("escalate:call:call-3")
        listed = await store.escalated(limit=2)
        assert ["call-2", "call-1"] == [call.call_uuid for call in listed]
