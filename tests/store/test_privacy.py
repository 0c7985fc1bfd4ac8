"""Words that can be read with the key alone."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from escalate.errors import ConfigurationError
from escalate.store import Note, open_store
from escalate.values import Party, Said

pytest.importorskip("cryptography")

from cryptography.fernet import Fernet

SAID = Said(Party.CALLER, "My card ends in 4242 \u2013 \u0434\u0430.", 2.0)


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


async def keep(path: Path, key: str, *said: Said) -> None:
    async with open_store(path, words_key=SecretStr(key)) as store:
        for one in said:
            await store.remember("call-1", one)


async def read(path: Path, key: str) -> list[Said]:
    async with open_store(path, words_key=SecretStr(key)) as store:
        return list(await store.words("call-1"))


async def test_the_file_holds_no_word(path: Path, key: str) -> None:
    """Nor does whoever opens the store without the key read one."""
    await keep(path, key, SAID)
    async with open_store(path, words_key=SecretStr(key)) as store:
        note = await store.keep("call-1", Note("esc-1", "Details: 4242.", 2.0))
        assert note == await store.note("call-1", "esc-1")
    files = path.parent.glob(f"{path.name}*")
    assert not any(b"4242" in file.read_bytes() for file in files)
    async with open_store(path) as store:
        (sealed,) = await store.words("call-1")
    assert (SAID.party, SAID.at) == (sealed.party, sealed.at)
    assert "card" not in sealed.text
    assert [SAID] == await read(path, key)


async def test_a_rotated_key_still_reads_what_it_wrote(path: Path, key: str) -> None:
    """The new one stands first and writes; the old one only reads."""
    new = Fernet.generate_key().decode()
    await keep(path, key, SAID)
    await keep(path, f"{new}, {key}", SAID)
    assert [SAID, SAID] == await read(path, f"{new},{key}")
    assert [SAID] == await read(path, new)


async def test_words_of_another_key_or_of_none_are_lost_and_counted(
    path: Path, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A call goes on without them; the log names the call and shows no word."""
    await keep(path, Fernet.generate_key().decode(), SAID)
    async with open_store(path) as store:
        await store.remember("call-1", Said(Party.CALLER, "in clear", 3.0))
    await keep(path, key, SAID)
    async with open_store(path) as store:
        await store.keep("call-1", Note("esc-1", "in clear", 3.0))
    with caplog.at_level(logging.WARNING, "escalate"):
        assert [SAID] == await read(path, key)
        async with open_store(path, words_key=SecretStr(key)) as store:
            assert None is await store.note("call-1", "esc-1")
    lost = ["2 utterances cannot be decrypted", "a note cannot be decrypted"]
    assert [f"call call-1: {what}" for what in lost] == caplog.messages


@pytest.mark.parametrize("bad", ["", "secret-word", "c2hvcnQ=", f"{'A' * 43}=,"])
def test_a_key_that_is_none_is_refused_without_being_shown(bad: str) -> None:
    """The message says how to make one."""
    with pytest.raises(ConfigurationError, match="generate_key") as raised:
        open_store("calls.db", words_key=SecretStr(bad))
    assert not bad or bad not in str(raised.value)


def test_the_key_is_in_no_repr(key: str) -> None:
    """Neither in that of the store."""
    assert key not in repr(open_store("calls.db", words_key=SecretStr(key)))
