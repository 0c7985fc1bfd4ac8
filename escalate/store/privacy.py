"""Words that only those who have the key can read, whichever engine keeps them.

What is encrypted is the text. Who said it, when, and how long it is stay visible to whoever can
read the store; names and numbers stand in no other place of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pydantic import SecretStr

from escalate.errors import ConfigurationError
from escalate.store.base import Change, Note, Store
from escalate.transfer import Call, Received
from escalate.values import Said

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = logging.getLogger("escalate")


class EncryptedWords:
    """Another store, with what is said encrypted on the way in and decrypted on the way out.

    `key` is a Fernet key (AES-128-CBC and HMAC-SHA256), or several with commas between them while
    it is rotated: the first encrypts, each decrypts. Words that none of them fits are lost: they
    are left out and counted in the log, since a call has to go on without them.

    Raises:
        ConfigurationError: The key is none, or the package that decrypts is not installed.
    """

    def __init__(self, store: Store, key: SecretStr) -> None:
        self._store = store
        self._lock = _lock(key)

    def __repr__(self) -> str:
        return f"EncryptedWords({self._store!r})"

    async def __aenter__(self) -> Self:
        """Open the store."""
        await self._store.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""
        await self._store.__aexit__(kind, error, trace)

    async def apply(self, call_uuid: str, change: Change) -> Received | None:
        """Change one call; there are no words in it."""
        return await self._store.apply(call_uuid, change)

    async def load(self, call_uuid: str) -> Call | None:
        """Return the call as it stands."""
        return await self._store.load(call_uuid)

    async def watch(self, call_uuid: str, *, after: int, timeout_s: float) -> Call | None:
        """Wait for a revision above `after`."""
        return await self._store.watch(call_uuid, after=after, timeout_s=timeout_s)

    async def due(self, now: float) -> Sequence[Call]:
        """Return the calls somebody has to look after."""
        return await self._store.due(now)

    async def escalated(self, *, before: float | None = None, limit: int = 50) -> Sequence[Call]:
        """Return calls in which a human was asked for; there are no words in them."""
        return await self._store.escalated(before=before, limit=limit)

    async def remember(self, call_uuid: str, said: Said) -> None:
        """Keep what somebody said, unreadable without the key."""
        await self._store.remember(call_uuid, replace(said, text=self._sealed(said.text)))

    async def words(self, call_uuid: str) -> Sequence[Said]:
        """Return what was said and can be read, in order."""
        kept = await self._store.words(call_uuid)
        texts = [self._read(said.text) for said in kept]
        readable = [
            replace(said, text=text)
            for said, text in zip(kept, texts, strict=True)
            if text is not None
        ]
        if len(readable) < len(kept):
            lost = len(kept) - len(readable)
            log.warning("call %s: %d utterances cannot be decrypted", call_uuid, lost)
        return readable

    async def keep(self, call_uuid: str, note: Note) -> Note:
        """Keep a note, unreadable without the key."""
        kept = await self._store.keep(call_uuid, replace(note, text=self._sealed(note.text)))
        return self._opened(call_uuid, kept) or replace(kept, text="")

    async def note(self, call_uuid: str, name: str) -> Note | None:
        """Return a note that can be read."""
        kept = await self._store.note(call_uuid, name)
        return None if kept is None else self._opened(call_uuid, kept)

    async def take_turn(self, names: Sequence[str]) -> Sequence[str]:
        """Give the next of these names his turn; names of destinations are no secret."""
        return await self._store.take_turn(names)

    async def forget(self, before: float) -> None:
        """Delete the words and notes of calls that ended before `before`."""
        await self._store.forget(before)

    def _sealed(self, text: str) -> str:
        return self._lock.encrypt(text.encode("utf-8", "replace")).decode("ascii")

    def _opened(self, call_uuid: str, note: Note) -> Note | None:
        text = self._read(note.text)
        if text is None:
            log.warning("call %s: a note cannot be decrypted", call_uuid)
            return None
        return replace(note, text=text)

    def _read(self, sealed: str) -> str | None:
        from cryptography.fernet import InvalidToken

        try:
            return self._lock.decrypt(sealed.encode("utf-8", "replace")).decode()
        except InvalidToken:
            return None


def _lock(key: SecretStr) -> MultiFernet:
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ModuleNotFoundError as error:
        if error.name != "cryptography":
            raise
        raise ConfigurationError(
            "ESCALATE_WORDS_KEY needs the package cryptography: "
            "pip install 'escalate-voice[encryption]'"
        ) from None
    try:
        return MultiFernet([Fernet(one.strip()) for one in key.get_secret_value().split(",")])
    except ValueError:
        # `from None`: nothing about a key belongs into a message.
        raise ConfigurationError(
            "ESCALATE_WORDS_KEY is no Fernet key: make one with python -c 'from "
            "cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        ) from None
