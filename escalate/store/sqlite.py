"""The embedded store: one SQLite file on a local disk, for one host.

Write-ahead logging lets many processes read while one writes. A change is one immediate
transaction. Other processes' changes are noticed by `PRAGMA data_version`, which one poller per
process reads, and only while somebody watches.

All work on the file is done by one thread, a whole transaction at a time, so a cancelled task can
leave none of them half done.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from escalate.errors import StoreUnavailable
from escalate.store.base import CODEC, Change, Note
from escalate.transfer import Call, Received
from escalate.values import Party, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    call_uuid TEXT PRIMARY KEY,
    revision  INTEGER NOT NULL,
    deadline  REAL,
    ended_at  REAL,
    body      TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS calls_by_deadline ON calls (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX IF NOT EXISTS escalated_calls ON calls (json_extract(body, '$.opened_at'))
    WHERE json_extract(body, '$.escalation') IS NOT NULL;
CREATE TABLE IF NOT EXISTS words (
    call_uuid TEXT NOT NULL,
    at        REAL NOT NULL,
    party     TEXT NOT NULL,
    text      TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS turns (
    name TEXT PRIMARY KEY,
    turn INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS words_by_call ON words (call_uuid, at);
CREATE TABLE IF NOT EXISTS notes (
    call_uuid TEXT NOT NULL,
    name      TEXT NOT NULL,
    at        REAL NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (call_uuid, name)
) STRICT;
"""

T = TypeVar("T")

# Of a call whose end nobody reported, too, once nobody can be talking any more.
_FORGET_WORDS = """
DELETE FROM {}
WHERE call_uuid IN (SELECT call_uuid FROM calls WHERE ended_at < ?) OR at < ?
"""
# In the words of the index, so that it is used.
_ESCALATED = """
SELECT body FROM calls
WHERE json_extract(body, '$.escalation') IS NOT NULL AND json_extract(body, '$.opened_at') < ?
ORDER BY json_extract(body, '$.opened_at') DESC LIMIT ?
"""
_WITH_WORDS = ("words", "notes")

_KEEP_S = 7 * 86_400.0
_POLL_S = 0.05
_AGAIN_S = 0.01


class SqliteStore:
    """Keeps calls in the SQLite file at `path`; see `escalate.store.base.Store`.

    The file has to be on a local disk: SQLite's locks do not hold on network shares. `busy_s` is
    how long another process may hold it before it counts as unavailable.
    """

    def __init__(self, path: str | Path, *, busy_s: float = 3.0) -> None:
        self._path = Path(path)
        self._busy_s = busy_s
        self._file: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="escalate-store")
        self._changed = asyncio.Condition()
        self._watchers = 0
        self._closed = False
        self._poller: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"SqliteStore({self._path.name!r})"

    async def __aenter__(self) -> Self:
        """Open the file, and create its tables on first use."""
        self._file = await self._do(self._connect)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file once the work in hand is done."""
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        file, self._file = self._file, None
        if file is not None:
            await self._do(file.close)
        self._closed = True
        self._thread.shutdown(wait=False)

    async def apply(self, call_uuid: str, change: Change) -> Received | None:
        """Change one call in one immediate transaction."""

        def work() -> Received | None:
            with self._transaction() as file:
                received = change(_read(file, call_uuid))
                if received is not None and received.changed:
                    _write(file, received.call)
                return received

        received = await self._do(work)
        if received is not None and received.changed:
            await self._wake()
        return received

    async def load(self, call_uuid: str) -> Call | None:
        """Return the call as it stands."""
        return await self._do(lambda: _read(self._connection, call_uuid))

    async def watch(self, call_uuid: str, *, after: int, timeout_s: float) -> Call | None:
        """Wait for a revision above `after`."""
        self._watchers += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name="escalate-store-poller")
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while True:
                    call = await self.load(call_uuid)
                    if call is not None and call.revision > after:
                        return call
                    await self._changed.wait()
        except TimeoutError:
            return None
        finally:
            self._watchers -= 1

    async def due(self, now: float) -> Sequence[Call]:
        """Return the calls somebody has to look after."""
        query = "SELECT body FROM calls WHERE deadline <= ? ORDER BY deadline"
        rows = await self._do(lambda: self._connection.execute(query, (now,)).fetchall())
        return [CODEC.validate_json(body) for (body,) in rows]

    async def escalated(self, *, before: float | None = None, limit: int = 50) -> Sequence[Call]:
        """Return calls in which a human was asked for, the newest first."""
        last = math.inf if before is None else before
        rows = await self._do(
            lambda: self._connection.execute(_ESCALATED, (last, limit)).fetchall()
        )
        return [CODEC.validate_json(body) for (body,) in rows]

    async def remember(self, call_uuid: str, said: Said) -> None:
        """Keep what somebody said."""
        # A recogniser may hand over half a character; the rest of the sentence is worth keeping.
        text = said.text.encode("utf-8", "replace").decode()
        row = (call_uuid, said.at, said.party.value, text)
        await self._do(
            lambda: self._connection.execute("INSERT INTO words VALUES (?, ?, ?, ?)", row)
        )

    async def words(self, call_uuid: str) -> Sequence[Said]:
        """Return what was said, in order."""
        query = "SELECT party, text, at FROM words WHERE call_uuid = ? ORDER BY at, rowid"
        rows = await self._do(lambda: self._connection.execute(query, (call_uuid,)).fetchall())
        return [Said(Party(party), text, at) for party, text, at in rows]

    async def keep(self, call_uuid: str, note: Note) -> Note:
        """Keep a note, or return the one that is there."""
        text = note.text.encode("utf-8", "replace").decode()

        def work() -> Note:
            with self._transaction() as file:
                row = (call_uuid, note.name, note.at, text)
                file.execute("INSERT OR IGNORE INTO notes VALUES (?, ?, ?, ?)", row)
                return _note(file, call_uuid, note.name) or note

        return await self._do(work)

    async def note(self, call_uuid: str, name: str) -> Note | None:
        """Return a note."""
        return await self._do(lambda: _note(self._connection, call_uuid, name))

    async def take_turn(self, names: Sequence[str]) -> Sequence[str]:
        """Give the next of these names his turn, in one transaction."""

        def work() -> Sequence[str]:
            with self._transaction() as file:
                turns = dict(file.execute("SELECT name, turn FROM turns").fetchall())
                order = sorted(names, key=lambda name: turns.get(name, 0))
                latest = max(turns.values(), default=0)
                file.execute("REPLACE INTO turns VALUES (?, ?)", (order[0], latest + 1))
                return order

        return await self._do(work)

    async def forget(self, before: float) -> None:
        """Delete words and notes of calls that ended before `before`, the record a week later."""

        def work() -> None:
            with self._transaction() as file:
                for table in _WITH_WORDS:
                    file.execute(_FORGET_WORDS.format(table), (before, before - _KEEP_S))
                file.execute("DELETE FROM calls WHERE ended_at < ?", (before - _KEEP_S,))

        await self._do(work)

    async def _do(self, work: Callable[[], T]) -> T:
        """Run `work` on the store's thread; translate what SQLite raises."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store did not answer: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        file = sqlite3.connect(
            self._path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        self._write_ahead(file)
        file.execute("PRAGMA synchronous = NORMAL")
        file.executescript(_SCHEMA)
        return file

    def _write_ahead(self, file: sqlite3.Connection) -> None:
        """Have the file written ahead, which SQLite refuses at once while others do the same."""
        until = time.monotonic() + self._busy_s
        while True:
            try:
                file.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(_AGAIN_S)

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._file is None:
            raise StoreUnavailable("the store is not open")
        return self._file

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        file = self._connection
        file.execute("BEGIN IMMEDIATE")
        try:
            yield file
        except BaseException:
            file.execute("ROLLBACK")
            raise
        file.execute("COMMIT")

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _poll(self) -> None:
        """Wake the watchers when another process has written."""
        seen = None
        while self._watchers:
            try:
                version = await self._do(
                    lambda: self._connection.execute("PRAGMA data_version").fetchone()
                )
            except StoreUnavailable:
                # The watchers find out by themselves when they read.
                version = None
            if version != seen:
                seen = version
                await self._wake()
            await asyncio.sleep(_POLL_S)


def _read(file: sqlite3.Connection, call_uuid: str) -> Call | None:
    row = file.execute("SELECT body FROM calls WHERE call_uuid = ?", (call_uuid,)).fetchone()
    return None if row is None else CODEC.validate_json(row[0])


def _note(file: sqlite3.Connection, call_uuid: str, name: str) -> Note | None:
    query = "SELECT text, at FROM notes WHERE call_uuid = ? AND name = ?"
    row = file.execute(query, (call_uuid, name)).fetchone()
    return None if row is None else Note(name, *row)


def _write(file: sqlite3.Connection, call: Call) -> None:
    body = CODEC.dump_json(call).decode()
    file.execute(
        "INSERT INTO calls VALUES (?, ?, ?, ?, ?) ON CONFLICT (call_uuid) DO UPDATE SET"
        " revision = excluded.revision, deadline = excluded.deadline,"
        " ended_at = excluded.ended_at, body = excluded.body",
        (call.call_uuid, call.revision, call.deadline, call.ended_at, body),
    )
