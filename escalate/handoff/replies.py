"""What the human answers when he is offered a call: yes, no, not yet, or nothing of that kind.

He presses a key or says it in his own words. A language is a data file in `data/replies`, described
in the README there; this module reads the words by it, the same way every time. Where an answer is
not plain it is `UNCLEAR`, and he is asked again: a caller is never given to somebody who may not
have said yes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from escalate.handoff.deciding import Reply
from escalate.handoff.languages import base_of
from escalate.handoff.reading import Answer, Pack

FOLDER: Final = Path(__file__).with_name("data") / "replies"
_ENGLISH: Final = "en"


@dataclass(frozen=True, slots=True)
class Keys:
    """Which key means what."""

    accept: str = "1"
    decline: str = "2"
    defer: str = "3"


KEYS: Final = Keys()
UNCLEAR: Final = Answer(Reply.UNCLEAR)


def read_reply(
    *, digits: str = "", speech: str = "", language: str = "en", keys: Keys = KEYS
) -> Answer:
    """Return the answer in what the carrier heard; a key counts more than words.

    `language` is a tag such as "es" or "es-MX". Words that its data do not know are read as
    English, which many people answer in; a language without data is read as English altogether.
    """
    if digits.strip("#"):
        return read_keys(digits, keys)
    if (answer := _pack(language).read(speech)) is not None:
        return answer
    # A word may be English by chance: "ya" is a yes there, and a "now" in Spanish.
    english = _pack(_ENGLISH).read(speech)
    return english if english and 2 * len(english.words) >= len(speech.strip()) else UNCLEAR


def read_keys(digits: str, keys: Keys = KEYS) -> Answer:
    """Return what was pressed. Several different keys are no answer; the same one twice is."""
    pressed = set(digits.strip("#"))
    meanings = {
        keys.accept: Reply.ACCEPT,
        keys.decline: Reply.DECLINE,
        keys.defer: Reply.DEFER,
    }
    key = pressed.pop() if len(pressed) == 1 else ""
    return Answer(meanings.get(key, Reply.UNCLEAR), words=key)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that replies are read in."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def recogniser(language: str) -> str:
    """Return what GetInput calls `language`: a tag with a region is taken as it is."""
    return language if "-" in language else _pack(language).recogniser


def hints(language: str) -> tuple[str, ...]:
    """Return the phrases that help the carrier's recogniser (GetInput's `hints`)."""
    return _pack(language).hints


def prepare(wanted: Iterable[str]) -> None:
    """Read what replies in these languages are read by, which takes tenths of a second for each."""
    for language in (*wanted, _ENGLISH):
        _pack(language)


def _pack(language: str) -> Pack:
    base = base_of(language)
    return _compiled(base if base in languages() else _ENGLISH)


@cache
def _compiled(base: str) -> Pack:
    return Pack(tomllib.loads((FOLDER / f"{base}.toml").read_text(encoding="utf-8")))
