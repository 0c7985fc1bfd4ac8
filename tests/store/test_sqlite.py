"""What holds for the SQLite file alone."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from escalate.errors import StoreUnavailable
from escalate.store import Note, SqliteStore
from escalate.transfer.events import CallerHungUp
from escalate.values import Party, Said

from .harness import REQUESTED, apply, put


async def test_words_stand_in_one_table_alone(path: Path) -> None:
    """Whoever copies the table of calls has no word of a caller."""
    async with SqliteStore(path) as store:
        await put(store)
        await store.remember("call-1", Said(Party.CALLER, "A person, please.", 2.0))
    with sqlite3.connect(path) as file:
        assert "person" not in "".join(map(str, file.execute("SELECT * FROM calls").fetchall()))
        assert "person" in "".join(map(str, file.execute("SELECT * FROM words").fetchall()))
    file.close()


async def test_a_file_of_an_older_version_gets_what_it_lacks(path: Path) -> None:
    """Nobody has to migrate anything."""
    async with SqliteStore(path) as store:
        await put(store)
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE notes")
    file.close()
    async with SqliteStore(path) as store:
        note = await store.keep("call-1", Note("esc-1", "Name: Anna.", 2.0))
        assert note == await store.note("call-1", "esc-1")


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


async def test_a_file_that_another_process_is_just_making_is_waited_for(path: Path) -> None:
    """Web side and bot may start at the same moment."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    # Long after it would be refused, and long before it would be given up.
    asyncio.get_running_loop().call_later(0.1, holder.close)
    async with SqliteStore(path) as store:
        await put(store)


async def test_the_record_of_a_call_is_deleted_a_week_after_its_words(path: Path) -> None:
    """Nothing grows for ever, not even what names nobody."""
    async with SqliteStore(path) as store:
        await put(store)
        await apply(store, CallerHungUp(), now=50.0)
        week_s = 7 * 86_400.0
        await store.forget(50.0 + week_s)
        assert await store.load("call-1") is not None
        await store.forget(50.1 + week_s)
        assert await store.load("call-1") is None


async def test_half_a_character_does_not_cost_the_sentence(path: Path) -> None:
    """What cannot be written is replaced, the rest is kept."""
    async with SqliteStore(path) as store:
        await store.remember("call-1", Said(Party.CALLER, "a person \ud83d please", 2.0))
        assert ["a person ? please"] == [said.text for said in await store.words("call-1")]


async def test_a_closed_store_is_unavailable(path: Path) -> None:
    """Whoever comes late, at teardown, gets the error that everybody expects of a store."""
    async with SqliteStore(path) as store:
        await put(store)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.load("call-1")
