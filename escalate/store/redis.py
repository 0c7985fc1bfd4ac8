"""The store for many hosts: one Redis server (6.2 or later), or a service that speaks like one.

A call is a hash. It is changed by compare-and-set: read it, change it here, and have a script write
it if nobody else did in between, else start again. Deadlines are a sorted set. What was said is a
list of its own and the notes about it a hash, which the server itself deletes when their time has
come. Each change is published,
but no wake-up depends on that.

The server has to keep what it was given: `maxmemory-policy noeviction`, and `appendonly yes` where
a call should outlive its restart. Replication is asynchronous: what was written in the last moment
before a fail-over may be lost with the old primary.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakValueDictionary

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ReadOnlyError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from escalate.errors import ConfigurationError, StoreUnavailable
from escalate.store import scripts
from escalate.store.base import CODEC, Change, Note
from escalate.store.bell import Bell
from escalate.transfer import Call, Received
from escalate.values import Party, Said

_CONNECTIONS: Final = 16
# The bound on how late a watcher is when a notification got lost.
_LOOK_AGAIN_S: Final = 1.0
# What may be over in a moment, and what waiting does not mend.
_PASSING: Final = (RedisConnectionError, ReadOnlyError)
_FINAL: Final = (AuthenticationError,)
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.25
# The carrier ends a call after a day. What belongs to one that was never reported as ended is
# deleted after this time, so that nothing stays for ever.
_LONGEST_CALL_S: Final = 2 * 86400.0


@dataclass(frozen=True, slots=True)
class _Found:
    """A call as it was read, the marks of its latest writes, and the server's time in ms."""

    call: Call | None
    marks: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class _Sent:
    """A write whose answer may have been lost."""

    mark: str
    received: Received


class RedisStore:
    """Keeps calls in the Redis server at `url`; see `escalate.store.base.Store`.

    A method gives up after `patience_s`; a server that restarts within that time goes unnoticed.
    Then nothing was changed, with one exception that no store over a network is spared: the server
    did it, and became unreachable before it could say so.

    `watch` waits out an unreachable server for as long as it was told to wait.

    Args:
        url: redis://, rediss:// (TLS) or unix://, as redis-py's `from_url` takes it.
        retention_s: How long words are kept after their call ended.
        keep_s: How long a call is kept after it ended.
        patience_s: How long to wait for the server.
        prefix: How every key begins, for a server that is shared.

    Raises:
        ConfigurationError: The URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        retention_s: float = 3600.0,
        keep_s: float = 7 * 86400.0,
        patience_s: float = 2.0,
        prefix: str = "escalate",
    ) -> None:
        try:
            parse_url(url)
        except ValueError:
            # `from None`: the cause may quote a part of the password.
            raise ConfigurationError(
                "store: not a URL like redis://user:password@host:6379/0; "
                "percent-encode what is neither a letter nor a digit in user and password"
            ) from None
        self._url = url
        self._retention_s = retention_s
        self._keep_s = keep_s
        self._patience_s = patience_s
        self._prefix = prefix
        self._client: Redis | None = None
        self._bell: Bell | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        # Tasks of one process take turns on a call, so that only processes can get in each
        # other's way.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __repr__(self) -> str:
        return f"RedisStore(prefix={self._prefix!r})"

    async def __aenter__(self) -> Self:
        """Connect."""
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            self._url,
            max_connections=_CONNECTIONS,
            timeout=self._patience_s,
            socket_timeout=self._patience_s,
            socket_connect_timeout=self._patience_s,
            # Only we know what may be sent twice.
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis.from_pool(pool)
        self._bell = Bell(self._client, self._key("changed"))
        try:
            await self._ask(lambda client: client.ping())
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._close()

    async def apply(self, call_uuid: str, change: Change) -> Received | None:
        """Change one call: nobody has come between when the server takes the write."""
        give_up_at = asyncio.get_running_loop().time() + self._patience_s
        sent: _Sent | None = None

        async def work(client: Redis) -> Received | None:
            nonlocal sent
            while True:
                found = await self._read(client, call_uuid)
                if sent is not None and sent.mark in found.marks:
                    return sent.received
                received = change(found.call)
                if received is None or not received.changed:
                    return received
                sent = _Sent(secrets.token_hex(scripts.MARK_CHARS // 2), received)
                if await self._write(client, found, sent, give_up_at):
                    return received

        turn = self._turns.setdefault(call_uuid, asyncio.Lock())
        received: Received | None = await self._ask(work, turn=turn)
        return received

    async def load(self, call_uuid: str) -> Call | None:
        """Return the call as it stands."""
        key = self._key("call", call_uuid)
        body = await self._ask(lambda client: client.hget(key, "body"))
        return None if body is None else CODEC.validate_json(body)

    async def watch(self, call_uuid: str, *, after: int, timeout_s: float) -> Call | None:
        """Wait for a revision above `after`, also while the server cannot be reached.

        Raises:
            StoreUnavailable: It could not be reached when the time was over.
        """
        if self._bell is None:
            raise StoreUnavailable("the store is not open")
        problem: StoreUnavailable | None = None
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + timeout_s
        with suppress(TimeoutError), self._bell.listen(call_uuid) as rung:
            async with asyncio.timeout_at(give_up_at):
                while loop.time() < give_up_at:
                    rung.clear()
                    try:
                        call, problem = await self.load(call_uuid), None
                    except StoreUnavailable as error:
                        call, problem = None, error
                    if call is not None and call.revision > after:
                        return call
                    # Not by wait_for: until Python 3.12 it may swallow the timeout around it.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_AGAIN_S):
                            await rung.wait()
        if problem is not None:
            raise problem
        return None

    async def due(self, now: float) -> Sequence[Call]:
        """Return the calls somebody has to look after."""
        keys, args = [self._key("deadlines")], [self._key("call", ""), repr(now)]
        bodies = await self._run(scripts.DUE, keys, args)
        return [CODEC.validate_json(body) for body in bodies]

    async def escalated(self, *, before: float | None = None, limit: int = 50) -> Sequence[Call]:
        """Return calls in which a human was asked for, the newest first."""
        below = "+inf" if before is None else f"({before!r}"
        keys, args = [self._key("escalated")], [self._key("call", ""), below, limit]
        bodies = await self._run(scripts.ESCALATED, keys, args)
        return [CODEC.validate_json(body) for body in bodies]

    async def remember(self, call_uuid: str, said: Said) -> None:
        """Keep what somebody said."""
        mark = secrets.token_hex(scripts.MARK_CHARS // 2)
        entry = json.dumps([mark, said.party.value, said.text, said.at])
        keys = [self._key("call", call_uuid), self._key("words", call_uuid)]
        await self._run(scripts.REMEMBER, keys, [entry, *self._word_times()])

    async def words(self, call_uuid: str) -> Sequence[Said]:
        """Return what was said, in order."""
        key = self._key("words", call_uuid)
        entries = await self._ask(lambda client: client.lrange(key, 0, -1))
        read = (json.loads(entry) for entry in entries)
        said = (Said(Party(party), text, at) for _, party, text, at in read)
        return sorted(said, key=lambda one: one.at)

    async def keep(self, call_uuid: str, note: Note) -> Note:
        """Keep a note, or return the one that is there."""
        keys = [self._key("call", call_uuid), self._key("notes", call_uuid)]
        args = [note.name, json.dumps([note.text, note.at]), *self._word_times()]
        text, at = json.loads(await self._run(scripts.KEEP, keys, args))
        return Note(note.name, text, at)

    async def note(self, call_uuid: str, name: str) -> Note | None:
        """Return a note."""
        key = self._key("notes", call_uuid)
        entry = await self._ask(lambda client: client.hget(key, name))
        return None if entry is None else Note(name, *json.loads(entry))

    async def take_turn(self, names: Sequence[str]) -> Sequence[str]:
        """Give the next of these names his turn, in one script."""
        turns = await self._run(scripts.TAKE_TURN, [self._key("turns")], list(names))
        return [name for _, name in sorted(zip(turns, names, strict=True), key=lambda t: t[0])]

    async def forget(self, before: float) -> None:
        """Delete words and notes of calls that ended before `before`, sooner than they expire."""
        args = [repr(before), self._key("words", ""), self._key("notes", "")]
        await self._run(scripts.FORGET, [self._key("ended")], args)

    async def keeps_everything(self) -> bool:
        """Whether the server never drops a key to make room for another."""
        memory = await self._ask(lambda client: client.info("memory"))
        policy = memory.get("maxmemory_policy", "noeviction")
        return bool(memory.get("maxmemory", 0) == 0 or policy == "noeviction")

    async def _read(self, client: Redis, call_uuid: str) -> _Found:
        async with client.pipeline(transaction=False) as pipe:
            pipe.hmget(self._key("call", call_uuid), ["body", "marks"])
            pipe.time()
            (body, marks), (seconds, micros) = await pipe.execute()
        call = None if body is None else CODEC.validate_json(body)
        return _Found(call, (marks or b"").decode(), seconds * 1000 + micros / 1000)

    async def _write(self, client: Redis, found: _Found, sent: _Sent, give_up_at: float) -> bool:
        """Write the call unless it was changed since it was `found`; say whether it is written."""
        call = sent.received.call
        left_s = give_up_at - asyncio.get_running_loop().time()
        result = await client.register_script(scripts.WRITE)(
            keys=[
                self._key("call", call.call_uuid),
                self._key("words", call.call_uuid),
                self._key("deadlines"),
                self._key("ended"),
                self._key("notes", call.call_uuid),
                self._key("escalated"),
            ],
            args=[
                call.call_uuid,
                found.marks,
                sent.mark,
                CODEC.dump_json(call),
                _number(call.deadline),
                _number(call.ended_at),
                found.at_ms + left_s * 1000,
                _ms(self._keep_s if call.ended_at is not None else self._longest_s),
                _ms(self._retention_s),
                self._key("changed"),
                repr(call.opened_at) if call.escalation is not None else "",
                repr(call.opened_at - self._longest_s),
            ],
        )
        if result == scripts.LATE:
            raise StoreUnavailable("the store took too long")
        return bool(result == scripts.WRITTEN)

    @property
    def _longest_s(self) -> float:
        return _LONGEST_CALL_S + self._keep_s

    def _word_times(self) -> list[int]:
        """How long words and notes are kept: after an ended call, and while it may go on (ms)."""
        return [_ms(self._retention_s), _ms(_LONGEST_CALL_S + self._retention_s)]

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))

    async def _run(self, script: str, keys: list[str], args: list[Any]) -> Any:
        return await self._ask(lambda client: client.register_script(script)(keys=keys, args=args))

    async def _ask(self, work: Callable[[Redis], Any], *, turn: asyncio.Lock | None = None) -> Any:
        """Do `work` for as long as our patience lasts.

        It is done by a task of its own. A caller who is cancelled leaves nothing half done that
        way, and is cancelled indeed: under Python 3.11 redis-py may swallow that in `wait_for`.
        """
        if self._client is None:
            raise StoreUnavailable("the store is not open")
        task = asyncio.create_task(self._persist(self._client, work, turn or asyncio.Lock()))
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        done, _ = await asyncio.wait({task}, timeout=self._patience_s)
        if not done:
            task.cancel()
            raise StoreUnavailable("the store did not answer in time")
        return task.result()

    async def _persist(
        self, client: Redis, work: Callable[[Redis], Any], turn: asyncio.Lock
    ) -> Any:
        """Do `work`, again after a broken connection."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        async with turn:
            while True:
                try:
                    return await work(client)
                except RedisError as error:
                    passing = isinstance(error, _PASSING) and not isinstance(error, _FINAL)
                    if not passing or loop.time() + pause_s > give_up_at:
                        raise StoreUnavailable(f"the store did not answer: {error}") from error
                    if isinstance(error, ReadOnlyError):
                        # It became a replica; its name may lead to the new primary already.
                        await client.connection_pool.disconnect()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Whoever still waits gets it; one that nobody waits for is no news.
            task.exception()

    async def _close(self) -> None:
        client, bell = self._client, self._bell
        self._client = self._bell = None
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._patience_s)
        if bell is not None:
            await bell.close()
        if client is not None:
            await client.aclose()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _number(value: float | None) -> str:
    """Write a number so that the server reads the very same, and nothing for None."""
    return "" if value is None else repr(value)
